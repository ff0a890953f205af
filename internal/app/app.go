package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"
	_ "time/tzdata" // filters may name time zones, and not every system has them

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"godwit/internal/config"
	"godwit/internal/inflight"
	"godwit/internal/match"
	"godwit/internal/ops"
	"godwit/internal/seal"
	"godwit/internal/send"
	"godwit/internal/store"
	"godwit/internal/streams"
	"godwit/internal/tracing"
	"godwit/worker"
)

// Role says which parts a process runs.
type Role string

// The roles of a process.
const (
	RoleAll    Role = "all"
	RoleAPI    Role = "api"
	RoleWorker Role = "worker"
)

// Options are what a process is told besides its configuration.
type Options struct {
	Role    Role
	Version string
	// StopTimeout is how long attempts under way may go on after a stop was asked
	// for. What is cut off is found and sent again after the next start.
	StopTimeout time.Duration
	// Services are host:port of what else belongs to the installation, and is no
	// target of deliveries.
	Services []string
	// Development says that the API listens on loopback for the person at this machine:
	// deliveries may go to its own play receiver.
	Development bool
	// Now is this machine's clock; nil = the system's.
	Now func() time.Time
	// Ready is called once, when /readyz is 200 for the first time; nil = nobody asks.
	Ready func(Addresses)
}

// Addresses are where the process listens, with the real ports.
type Addresses struct {
	API string // empty for RoleWorker
	Ops string
}

// Run runs Godwit until ctx ends and everything has stopped, or until a part of
// it fails. A database or Temporal that is away is waited for; until then /readyz
// says what is missing. First attempts need no Temporal.
func Run(ctx context.Context, cfg config.Config, log *zap.Logger, opts Options) error {
	// Package net/http says here what receivers do wrong, in their words and a line
	// for each frame of a flood: nothing that a log should hold unasked.
	restore, err := zap.RedirectStdLogAt(log, zap.DebugLevel)
	if err != nil {
		return err
	}
	defer restore()
	p, err := build(cfg, log, opts)
	if err != nil {
		return err
	}
	defer p.close()
	return p.run(ctx)
}

// process holds the parts of one process; those that its role lacks are nil.
type process struct {
	opts  Options
	log   *zap.Logger
	store *store.Store
	// firsts leads from the API's ingest to the worker's dispatcher.
	firsts inflight.Handover
	sender *send.Sender
	// streams are this process's ends of the streams of listeners.
	streams *streams.Hub
	// matching is the API's; the store asks it about operational events.
	matching *match.Engine
	registry *prometheus.Registry
	traces   *tracing.Traces // nil = there are none
	// publicURL is where people find the web app; empty = nobody has said so.
	publicURL string
	// temporal connects when it is used first.
	temporal client.Client
	// stopping ends when the process has to stop: run calls stop.
	stopping context.Context
	stop     context.CancelFunc
	wakes    wakes
	unlocked chan struct{} // closed when the encryption key was checked; see unlock
	checks   []ops.Check
	outage   *ops.Complaints // of the API
	api      *listening
	ops      *listening
	worker   *worker.Worker
}

func build(cfg config.Config, log *zap.Logger, opts Options) (*process, error) {
	if err := Require(cfg, opts.Role); err != nil {
		return nil, err
	}
	ring, err := seal.New(cfg.EncryptionKeys)
	if err != nil {
		return nil, err
	}
	if weak := cfg.WeakAdminKey(); weak != "" && opts.Role != RoleWorker {
		log.Warn("GODWIT_ADMIN_KEY "+weak+", so it can be guessed", zap.Int("safe_length", config.SafeKeyLength))
	}
	p := &process{opts: opts, log: log, wakes: newWakes(), unlocked: make(chan struct{}), registry: prometheus.NewRegistry(), publicURL: cfg.PublicURL}
	p.stopping, p.stop = context.WithCancel(context.Background())
	if p.store, err = store.Open(cfg.DatabaseURL, ring, p.storeOptions(cfg)); err != nil {
		return nil, fmt.Errorf("GODWIT_DATABASE_URL: %w", err)
	}
	if p.traces, err = tracing.Open(context.Background(), os.Getenv, tracing.Process{Version: opts.Version, Role: string(opts.Role)}); err != nil {
		return nil, errors.Join(err, p.store.Close())
	}
	p.streams = streams.New(p.store, log)
	p.sender = send.New(send.Options{EgressAllow: cfg.EgressAllow, Proxy: (*url.URL)(cfg.EgressProxy), Version: opts.Version, Pages: p.pages, Timeout: cfg.DeliveryTimeout, Play: playHere(cfg, opts), Exchange: p.streams.Exchange, Now: p.store.Now})
	p.sender.Spare(append(services(cfg), opts.Services...)...)
	if p.temporal, err = connect(p.stopping, cfg, log, observers{ops.NewTemporal(p.registry), p.traces}); err != nil {
		return nil, errors.Join(err, p.store.Close())
	}
	if err := p.parts(cfg); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// storeOptions are those of the process's store.
func (p *process) storeOptions(cfg config.Config) store.Options {
	return store.Options{Connections: cfg.DatabaseConnections, Local: p.opts.Now, Limits: limits(cfg), TellOwners: cfg.SMTPURL != "", Firsts: &p.firsts}
}

// Require reports the settings that are missing for a role.
func Require(cfg config.Config, role Role) error {
	names := []string{"GODWIT_DATABASE_URL", "GODWIT_ENCRYPTION_KEY"}
	if role != RoleWorker {
		names = append(names, "GODWIT_ADMIN_KEY")
	}
	return cfg.Require(names...)
}

// parts builds what the role needs, and listens.
func (p *process) parts(cfg config.Config) (err error) {
	metrics := p.newMetrics()
	p.checks = []ops.Check{{Name: "postgres", Probe: p.databaseReady}, {Name: "encryption key", Probe: p.keyReady}}
	if err := p.match(metrics); err != nil {
		return err
	}
	notices, err := p.notices(cfg, metrics)
	if err != nil {
		return err
	}
	if p.opts.Role != RoleAPI {
		p.worker = p.newWorker(cfg, metrics)
		p.worker.Notices = notices
		p.checks = append(p.checks, ops.Check{Name: "temporal", Probe: p.temporalReady})
	}
	if p.opts.Role != RoleWorker {
		p.outage = ops.NewComplaints(p.log, "requests are answered 503")
		p.checks = append(p.checks, ops.Check{Name: "requests", Probe: p.accepting})
		if p.api, err = listen("GODWIT_LISTEN_ADDR", cfg.ListenAddr, p.newAPI(cfg, metrics), p.log); err != nil {
			return err
		}
		p.sender.SpareAPI(p.api.address())
	}
	handler := ops.NewHandler(p.registry, p.checks, func() string { return "clock: " + clockLine(p.store.ClockAhead()) })
	p.ops, err = listen("GODWIT_OPS_ADDR", cfg.OpsAddr, &http.Server{Handler: ops.CheckHost(handler, append(cfg.AllowedHosts, ops.HostName(cfg.OpsAddr))), ReadHeaderTimeout: 5 * time.Second}, p.log)
	if err != nil {
		return err
	}
	p.sender.Spare(p.ops.address())
	return nil
}

func (p *process) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	context.AfterFunc(ctx, p.stop)
	group.Go(func() error { return p.ops.serve(ctx) })
	if p.api != nil {
		group.Go(func() error { return p.api.serve(ctx) })
	}
	group.Go(func() error { return p.unlock(ctx) })
	if p.worker != nil {
		group.Go(func() error { p.work(ctx); return nil })
	}
	group.Go(func() error { return p.relay(ctx) })
	group.Go(func() error { p.streams.Run(ctx); return nil })
	group.Go(func() error { p.announce(ctx); return nil })
	group.Go(func() error { p.watchClock(ctx); return nil })
	group.Go(func() error { p.recordFailures(ctx); return nil })
	return group.Wait()
}

// work runs the worker once the encryption key is known to be the right one.
func (p *process) work(ctx context.Context) {
	select {
	case <-p.unlocked:
		p.worker.Run(ctx)
	case <-ctx.Done():
	}
}

// close ends what build made. It is safe on a process that was built in part.
func (p *process) close() {
	for _, l := range []*listening{p.api, p.ops} {
		if l != nil {
			_ = l.listener.Close()
		}
	}
	if p.temporal != nil {
		p.temporal.Close()
	}
	p.sender.Close()
	if err := p.traces.Close(); err != nil {
		p.log.Warn("the last spans were not taken", zap.Error(err))
	}
	if err := p.store.Close(); err != nil {
		p.log.Warn("close the database", zap.Error(err))
	}
}

// announce calls Ready once everything is there.
func (p *process) announce(ctx context.Context) {
	if p.opts.Ready == nil {
		return
	}
	for pause := firstLook; len(ops.Missing(ctx, p.checks)) > 0; pause = min(2*pause, longestLook) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
	if ctx.Err() != nil {
		return
	}
	a := Addresses{Ops: p.ops.address()}
	if p.api != nil {
		a.API = p.api.address()
	}
	p.opts.Ready(a)
}
