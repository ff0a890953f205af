package tracing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"godwit/internal/hook"
)

// shutdownWithin bounds how long a process that stops waits for its last spans to be
// taken.
const shutdownWithin = 3 * time.Second

// Traces makes spans. It is safe for concurrent use.
type Traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// Process is what spans say of where they come from.
type Process struct {
	Version, Role string
}

// Open makes what the variables of the environment ask for; nil = they ask for no
// traces. They are those of OpenTelemetry: an endpoint (OTEL_EXPORTER_OTLP_ENDPOINT or
// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) switches traces on, OTEL_TRACES_EXPORTER=none and
// OTEL_SDK_DISABLED=true off. What else there is, such as headers, certificates and
// samplers, the exporter reads by itself. The collector may be away: spans that nobody
// takes are dropped.
func Open(ctx context.Context, env func(name string) string, p Process) (*Traces, error) {
	exporter := env("OTEL_TRACES_EXPORTER")
	wanted := env("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" || exporter == "otlp"
	if !wanted || exporter == "none" || strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") {
		return nil, nil
	}
	if exporter != "" && exporter != "otlp" {
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER: %q is not supported; set otlp or none", exporter)
	}
	client, err := clientFor(env)
	if err != nil {
		return nil, err
	}
	otlp, err := otlptrace.New(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	// What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say goes first.
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "godwit"), attribute.String("service.version", p.Version), attribute.String("godwit.role", p.Role)),
		resource.WithHost(), resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return With(sdktrace.NewTracerProvider(sdktrace.WithBatcher(otlp), sdktrace.WithResource(about))), nil
}

// clientFor is the exporter's client for a protocol: OTLP by HTTP is the standard's
// default.
func clientFor(env func(string) string) (otlptrace.Client, error) {
	protocol := env("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
	if protocol == "" {
		protocol = env("OTEL_EXPORTER_OTLP_PROTOCOL")
	}
	switch protocol {
	case "", "http/protobuf":
		return otlptracehttp.NewClient(), nil
	case "grpc":
		return otlptracegrpc.NewClient(), nil
	}
	return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL: %q is not supported; set http/protobuf or grpc", protocol)
}

// With makes Traces on a provider.
func With(provider *sdktrace.TracerProvider) *Traces {
	return &Traces{provider, provider.Tracer("godwit")}
}

// Close sends what is left.
func (t *Traces) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), shutdownWithin)
	defer cancel()
	return t.provider.Shutdown(ctx)
}

// Tracer is for the interceptor of Temporal's SDK.
func (t *Traces) Tracer() trace.Tracer { return t.tracer }

var format propagation.TraceContext

// Under gives a context whose spans belong to that of a traceparent; "" = to none.
func (t *Traces) Under(ctx context.Context, traceParent string) context.Context {
	if t == nil || traceParent == "" {
		return ctx
	}
	return format.Extract(ctx, propagation.MapCarrier{"traceparent": traceParent})
}

// Span is something that takes time.
type Span struct {
	span trace.Span
	ctx  context.Context
}

// TraceParent names the span for others, as W3C Trace Context has it; "" = there is
// none.
func (s *Span) TraceParent() string {
	if s == nil {
		return ""
	}
	carrier := propagation.MapCarrier{}
	format.Inject(s.ctx, carrier)
	return carrier["traceparent"]
}

// Accept begins the span of a request that publishes events, under the producer's.
func (t *Traces) Accept(ctx context.Context, traceParent string) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	ctx, span := t.tracer.Start(t.Under(ctx, traceParent), "event.accept", trace.WithSpanKind(trace.SpanKindServer))
	return ctx, &Span{span, ctx}
}

// EndAccept ends it with the status of the answer.
func (s *Span) EndAccept(status int) {
	if s == nil {
		return
	}
	s.span.SetAttributes(attribute.Int("http.response.status_code", status))
	if status >= 500 {
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}

// Attempt begins the span of an attempt: under the activity that makes it, or under
// the acceptance of its event where no workflow does.
func (t *Traces) Attempt(ctx context.Context, p *hook.Parcel, number int) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	if !trace.SpanContextFromContext(ctx).IsValid() {
		ctx = t.Under(ctx, p.Event.TraceParent)
	}
	d := p.Delivery
	ctx, span := t.tracer.Start(ctx, "delivery.attempt", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("godwit.delivery_id", d.ID), attribute.String("godwit.webhook_id", d.WebhookID), attribute.String("godwit.event_id", d.EventID),
		attribute.String("godwit.event_type", d.EventType), attribute.String("godwit.company_id", d.CompanyID), attribute.Int("godwit.attempt", number),
		attribute.String("server.address", hook.HostOf(p.Webhook.URL)), attribute.String("http.request.method", "POST")))
	return ctx, &Span{span, ctx}
}

// EndAttempt ends it with its outcome.
func (s *Span) EndAttempt(r *hook.Result) {
	if s == nil {
		return
	}
	s.span.SetAttributes(attribute.String("godwit.outcome", string(r.Outcome)))
	if r.StatusCode != 0 {
		s.span.SetAttributes(attribute.Int("http.response.status_code", r.StatusCode))
	}
	if r.Outcome != hook.Success {
		s.span.SetAttributes(attribute.String("error.type", string(r.Reason)))
		s.span.SetStatus(codes.Error, string(r.Reason))
	}
	s.span.End()
}
