package app

import (
	"context"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"godwit/internal/config"
)

// SDKLogger is sdkLogger.
var SDKLogger = sdkLogger

// Connect is connect.
func Connect(stopping context.Context, cfg config.Config, log *zap.Logger) (client.Client, error) {
	return connect(stopping, cfg, log, observers{})
}

// BuildAPI builds a process that is only an API, and gives its handler and what
// ends it.
func BuildAPI(cfg config.Config) (handler http.Handler, closed func(), err error) {
	p, err := build(cfg, zap.NewNop(), Options{Role: RoleAPI, Version: "test"})
	if err != nil {
		return nil, nil, err
	}
	return p.api.server.Handler, p.close, nil
}

// BuildAll builds a process, and gives where it listens and what runs it.
func BuildAll(cfg config.Config, log *zap.Logger, opts Options) (at Addresses, run func(context.Context) error, err error) {
	p, err := build(cfg, log, opts)
	if err != nil {
		return at, nil, err
	}
	run = func(ctx context.Context) error {
		defer p.close()
		return p.run(ctx)
	}
	return Addresses{API: p.api.address(), Ops: p.ops.address()}, run, nil
}

// NewLogCore makes newLogCore known.
var NewLogCore = newLogCore

// Roster is a roster.
type Roster struct{ roster }

// Add is add.
func (r *Roster) Add(worker string) { r.add(worker) }

// Next is next.
func (r *Roster) Next(now time.Time) string { return r.next(now) }
