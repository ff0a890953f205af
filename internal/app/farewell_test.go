package app_test

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.uber.org/zap"

	"godwit/internal/app"
	"godwit/internal/config"
)

// A stopping process gives a call to Temporal up itself (Canceled), before the SDK does
// so after 10 s (DeadlineExceeded, or Unavailable at last).
func TestAStoppingProcessDoesNotWaitForTemporal(t *testing.T) {
	t.Run("that nobody listens for", func(t *testing.T) {
		t.Parallel()
		l, failed, stop := calls(t)
		require.NoError(t, l.Close())
		stop()
		canceled(t, failed())
	})
	t.Run("that says nothing", func(t *testing.T) {
		t.Parallel()
		l, failed, stop := calls(t)
		go func() {
			conn, err := l.Accept()
			if err == nil {
				stop() // during the call
				_, _ = io.Copy(io.Discard, conn)
			}
		}()
		canceled(t, failed())
	})
}

// calls gives a listener, what makes a call of Temporal's client to it, and what tells
// the client that the process stops.
func calls(t *testing.T) (l net.Listener, failed func() error, stop context.CancelFunc) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	stopping, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	c, err := app.Connect(stopping, config.Config{TemporalAddress: l.Addr().String(), TemporalNamespace: "n"}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return l, func() error {
		_, err := c.WorkflowService().ShutdownWorker(context.Background(), &workflowservice.ShutdownWorkerRequest{Namespace: "n"})
		return err
	}, stop
}

func canceled(t *testing.T, err error) {
	t.Helper()
	var expected *serviceerror.Canceled
	require.ErrorAs(t, err, &expected)
}
