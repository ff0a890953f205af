package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"godwit/activities"
	"godwit/api"
	"godwit/internal/apikey"
	"godwit/internal/config"
	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/match"
	"godwit/internal/ops"
	"godwit/internal/retry"
	"godwit/internal/send"
	"godwit/internal/tracing"
	"godwit/schema"
	"godwit/worker"
	"godwit/workflows"
)

// observers are told what the client and the worker of Temporal do; nil = nobody is.
type observers struct {
	metrics client.MetricsHandler
	traces  *tracing.Traces
}

// connect makes a client that connects when it is used first. One connection
// serves starts and worker alike, or Temporal could not start eagerly. stopping ends
// when the process has to.
func connect(stopping context.Context, cfg config.Config, log *zap.Logger, seen observers) (client.Client, error) {
	secure, err := cfg.TemporalTLS()
	if err != nil {
		return nil, err
	}
	options := client.Options{
		HostPort:          cfg.TemporalAddress,
		Namespace:         cfg.TemporalNamespace,
		ConnectionOptions: client.ConnectionOptions{TLS: secure, DialOptions: []grpc.DialOption{farewell(stopping)}},
		Logger:            sdkLogger(log),
		MetricsHandler:    seen.metrics,
	}
	if seen.traces != nil {
		traced, err := opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{Tracer: seen.traces.Tracer(), AllowInvalidParentSpans: true, DisableBaggage: true})
		if err != nil {
			return nil, fmt.Errorf("trace Temporal: %w", err)
		}
		options.Interceptors = []interceptor.ClientInterceptor{traced}
	}
	if cfg.TemporalAPIKey != "" {
		options.Credentials = client.NewAPIKeyStaticCredentials(cfg.TemporalAPIKey)
	}
	c, err := client.NewLazyClient(options)
	if err != nil {
		return nil, fmt.Errorf("GODWIT_TEMPORAL_ADDRESS: %w", err)
	}
	return c, nil
}

func (p *process) newWorker(cfg config.Config, metrics *ops.Metrics) *worker.Worker {
	starter := workflows.NewClient(p.temporal, cfg.DeliveryTimeout)
	starter.Under = p.traces.Under
	starter.Page = p.deliveryPage
	acts := &activities.Activities{
		Ledger: p.store, Health: p.store, Steps: p.store, Keep: hook.Keep{Data: time.Duration(cfg.Retention), Audit: time.Duration(cfg.AuditRetention)},
		Recovery: hook.RecoveryPlan{Waits: cfg.RecoverySchedule, Window: cfg.RecoveryWindow},
		Sender:   p.sender, Metrics: metrics, Schedule: retry.Schedule(cfg.RetrySchedule), AttemptTimeout: cfg.DeliveryTimeout,
		Now: p.store.Now, Wake: p.wakeDispatcher, Calm: p.store.Calm, Isolated: metrics.Isolated, Traces: p.traces, HandTraces: cfg.TraceReceivers, Log: p.log,
	}
	dispatcher := &worker.Dispatcher{
		Ledger: p.store, Attempts: activities.FirstsOf(acts), Starter: starter,
		Ingests: &p.firsts, Alone: !cfg.ShareWorkflows, Timeout: cfg.DeliveryTimeout, Wake: p.wakes[hook.DueDeliveries], WakeQueues: p.wakes[hook.DueQueues], Repaired: metrics.Repaired, Log: p.log,
	}
	firsts := activities.FirstsOf(acts)
	p.registry.MustRegister(gauge("attempts_under_way", "HTTP attempts that this process has under way.", firsts.UnderWay),
		gauge("attempts_room", "How many attempts this process may have under way at most.", func() int { return hook.MaxInFlight }),
		gauge("outcomes_unwritten", "Ends of attempts that this process has yet to write into the database.", firsts.Unwritten))
	return &worker.Worker{
		Temporal:   p.temporal,
		Namespace:  cfg.TemporalNamespace,
		Activities: acts,
		Dispatcher: dispatcher,
		Judging: &worker.Judging{Judgements: p.store, Judge: p.matching.JudgeDeferred, Wake: p.wakes[hook.DueJudgements],
			Found: p.wakes.wake, Log: p.log},
		Store:       p.store,
		Starter:     starter,
		WakeWindows: p.wakes[hook.DueWindows],
		StopTimeout: p.opts.StopTimeout,
		Log:         p.log,
	}
}

// match makes what decides which webhooks an event goes to.
func (p *process) match(metrics *ops.Metrics) (err error) {
	p.matching, err = match.New(match.Options{Store: p.store, FilterFailed: metrics.FilterFailed, Now: p.store.Now})
	return err
}

// recordFailures has the failures of filters written down until ctx ends.
func (p *process) recordFailures(ctx context.Context) {
	late := ops.NewComplaints(p.log, "the failures of filters are counted later")
	p.matching.RecordFailures(ctx, func(err error) {
		if err != nil {
			late.Add(err)
		} else {
			late.Over()
		}
	})
}

func (p *process) newAPI(cfg config.Config, metrics *ops.Metrics) *http.Server {
	return api.NewHTTPServer(api.New(api.Options{
		Store:          p.store,
		Matching:       p.matching,
		PublicURL:      cfg.PublicURL,
		AllowedHosts:   cfg.AllowedHosts,
		AdminKeyHash:   apikey.Hash(cfg.AdminKey),
		TrustedProxies: cfg.TrustedProxies,
		PublishRate:    int(cfg.PublishRate), ManagementRate: int(cfg.ManagementRate), Limits: limits(cfg),
		CheckURL:      func(raw string) (string, error) { return p.checkURL(raw, cfg.AllowHTTP) },
		CheckHeaders:  send.CheckHeaders,
		CheckIdentity: func(w hook.Webhook) error { return send.CheckIdentity(w, p.store.Now()) },
		CheckRule:     p.matching.CheckRule,
		Probe:         p.probe,
		Show:          p.show,
		NewSecret:     send.NewSecret,
		Play:          cfg.Play,
		Streams:       p.streams,
		Now:           p.store.Now,
		Wake:          p.wakes.wake,
		Workflows: api.Workflows{
			ID:   workflows.WorkflowID,
			Link: func(workflowID, runID string) string { return workflowLink(cfg, workflowID, runID) },
		},
		Version:  p.opts.Version,
		Settings: settings(cfg),
		Parts:    func(ctx context.Context) []ops.Found { return ops.Examine(ctx, p.checks) },
		Look:     api.Look{Name: cfg.AppName, Logo: cfg.AppLogo, Accent: cfg.AppAccent, SignInURL: cfg.SignInURL, TemporalLinks: string(cfg.TemporalLinks)},
		Mail:     cfg.SMTPURL != "",
		Metrics:  metrics,
		Traces:   p.traces,
		Outage:   p.outage,
		Log:      p.log,
	}))
}

func (p *process) checkURL(raw string, allowHTTP bool) (string, error) {
	kept, err := send.CheckURL(raw, allowHTTP)
	if err != nil {
		return "", err
	}
	return kept, p.sender.CheckHost(kept)
}

// probe sends a health check to a webhook.
func (p *process) probe(ctx context.Context, w hook.Webhook) (hook.Result, error) {
	at := p.store.Now()
	return p.sender.Send(ctx, send.Probe(w, id.New(id.Event), w.Secrets(at), at))
}

// show gives the request of a delivery: that of its newest attempt, or of its first.
func (p *process) show(of hook.Parcel, signed bool) (hook.Request, error) {
	w := of.Webhook
	return p.sender.Show(send.Message{
		Webhook: w, Event: of.Event, Blue: of.Blue, Chat: of.Chat, DeliveryID: of.Delivery.ID, Attempt: max(1, of.Delivery.Used()), Secrets: w.Secrets(of.Now),
	}, signed)
}

// workflowLink is the page of a run in the Temporal Web UI; empty when no UI is known.
func workflowLink(cfg config.Config, workflowID, runID string) string {
	if cfg.TemporalUIURL == "" || runID == "" {
		return ""
	}
	return fmt.Sprintf("%s/namespaces/%s/workflows/%s/%s/history",
		strings.TrimSuffix(cfg.TemporalUIURL, "/"), url.PathEscape(cfg.TemporalNamespace), url.PathEscape(workflowID), url.PathEscape(runID))
}

func (p *process) databaseReady(ctx context.Context) error {
	have, err := p.store.SchemaVersion(ctx)
	if err != nil {
		p.log.Debug("database is not ready", zap.Error(err))
		return fmt.Errorf("the database can't be reached or read: %s", hook.Why(err))
	}
	want, err := schema.Latest()
	if err != nil {
		return err
	}
	if have < want {
		return fmt.Errorf("the schema has version %d, this build needs %d: run godwit migrate up", have, want)
	}
	if readOnly, err := p.store.ReadOnly(ctx); err != nil || readOnly {
		return errors.New("the database takes no changes: it is a standby, or read-only")
	}
	return nil
}

// accepting says whether requests are carried out: an outage may be one of writes
// alone, such as a disk that is full.
func (p *process) accepting(context.Context) error {
	if reason := p.outage.Lately(); reason != "" {
		return fmt.Errorf("requests are answered 503: %s", reason)
	}
	return nil
}

// withoutTemporal is what /readyz says about the rest while Temporal is away.
const withoutTemporal = "; events are accepted and first attempts are made, but retries, recoveries, redeliveries of many, combinations and webhooks with limits wait"

func (p *process) temporalReady(ctx context.Context) error {
	if !p.worker.Started() {
		return errors.New("the server can't be reached, or its namespace is not there yet" + withoutTemporal)
	}
	if _, err := p.temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		p.log.Debug("Temporal is not ready", zap.Error(err))
		return errors.New("the server can't be reached" + withoutTemporal)
	}
	return nil
}
