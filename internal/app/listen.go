package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"godwit/internal/config"
)

// shutdownTimeout is how long requests under way may go on after a stop was asked for.
const shutdownTimeout = 5 * time.Second

// listening is an HTTP server with its socket.
type listening struct {
	listener net.Listener
	server   *http.Server
}

// listen opens the socket; the error names the variable that set the address.
// What the server has to say goes to log.
func listen(variable, address string, server *http.Server, log *zap.Logger) (*listening, error) {
	server.ErrorLog = zap.NewStdLog(log)
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, &config.VariableError{Name: variable, Problem: fmt.Sprintf("can't be listened on: %v", err)}
	}
	return &listening{l, server}, nil
}

func (l *listening) address() string { return l.listener.Addr().String() }

// serve answers until ctx ends and the requests under way are answered.
func (l *listening) serve(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- l.server.Serve(l.listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve %s: %w", l.address(), err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := l.server.Shutdown(stop); errors.Is(err, context.DeadlineExceeded) {
		return l.server.Close()
	} else if err != nil {
		return fmt.Errorf("stop serving: %w", err)
	}
	return nil
}
