package streams_test

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/pgtest"
	"godwit/internal/seal"
	"godwit/internal/store"
	"godwit/internal/streams"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// process is one of those that share a database.
type process struct {
	*store.Store
	*streams.Hub
}

func begin(t *testing.T, url string) process {
	t.Helper()
	ring, err := seal.New([][]byte{bytes.Repeat([]byte{7}, 32)})
	require.NoError(t, err)
	s, err := store.Open(url, ring, store.Options{})
	require.NoError(t, err)
	h := streams.New(s, zap.NewNop())
	ctx, stop := context.WithCancel(context.Background())
	go h.Run(ctx)
	t.Cleanup(func() {
		stop()
		<-h.Done()
		require.NoError(t, s.Close())
	})
	return process{s, h}
}

// TestHub_EndsAnExchangeWithItsListener: an attempt does not wait until its end for a
// listener that another process has removed.
func TestHub_EndsAnExchangeWithItsListener(t *testing.T) {
	url, ctx := pgtest.URL(t), context.Background()
	worker, api := begin(t, url), begin(t, url)
	_, _, err := api.PutUser(ctx, hook.User{ID: "una", Name: "Una"})
	require.NoError(t, err)
	l, _, err := api.OpenListener(ctx, hook.Listener{OwnerID: "una", Name: "laptop", Keep: time.Minute}, hook.Webhook{
		ID: id.New(id.Webhook), OwnerID: "una", Name: "laptop", Listener: "laptop", URL: hook.ListenerURL("laptop"), Secret: "whsec_x",
		Rules: []hook.Rule{{Events: []string{"*"}}}, PayloadFormat: hook.FormatStandard, Status: hook.Healthy, Timeout: hook.ListenerTimeout,
		Metadata: []byte("{}"), DisabledReason: hook.DisabledByOwner,
	}, hook.Opening{})
	require.NoError(t, err)
	_, err = api.BeginStream(ctx, l.WebhookID, "one", false)
	require.NoError(t, err)

	within, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r := hook.StreamRequest{WebhookID: l.WebhookID, DeliveryID: "dlv_1", Attempt: 1, Body: []byte("{}"), Timeout: time.Minute}
	ended := make(chan hook.Exchanged, 1)
	go func() {
		end, err := worker.Exchange(within, r)
		if err != nil {
			t.Error(err)
		}
		ended <- end
	}()
	require.Eventually(t, func() bool {
		given, err := api.NextOffers(ctx, l.WebhookID, "one", 1)
		return err == nil && len(given) == 1
	}, 30*time.Second, 5*time.Millisecond)
	require.NoError(t, api.DeleteListener(ctx, l.WebhookID))
	require.Equal(t, hook.Exchanged{Gone: true}, <-ended)
	require.NoError(t, within.Err(), "it has not waited for its end")
}
