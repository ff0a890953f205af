package tracing_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"godwit/internal/hook"
	"godwit/internal/tracing"
)

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func envOf(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestOpen_FollowsTheStandardVariables(t *testing.T) {
	for name, c := range map[string]struct {
		env   map[string]string
		on    bool
		fails string
	}{
		"nothing":          {nil, false, ""},
		"endpoint":         {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, true, ""},
		"of traces":        {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, true, ""},
		"exporter":         {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		"off":              {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "TRUE"}, false, ""},
		"none":             {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"}, false, ""},
		"another exporter": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "zipkin"}, false, "OTEL_TRACES_EXPORTER"},
		"another protocol": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, false, "OTEL_EXPORTER_OTLP_PROTOCOL"},
	} {
		t.Run(name, func(t *testing.T) {
			traces, err := tracing.Open(t.Context(), envOf(c.env), tracing.Process{})
			if c.fails != "" {
				require.ErrorContains(t, err, c.fails)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.on, traces != nil)
			require.NoError(t, traces.Close())
		})
	}
}

func TestTraces_PutAttemptsUnderTheAcceptanceOfTheirEvent(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	traces := tracing.With(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	_, accept := traces.Accept(t.Context(), parent)
	accept.EndAccept(202)
	p := hook.Parcel{
		Delivery: hook.Delivery{ID: "dlv_1"}, Event: hook.Event{TraceParent: accept.TraceParent()},
		Webhook: hook.Webhook{URL: "https://hooks.example.com/in/canary?token=canary"},
	}
	_, attempt := traces.Attempt(t.Context(), &p, 2)
	attempt.EndAttempt(&hook.Result{Outcome: hook.Failure, Reason: hook.ReasonStatus5xx, StatusCode: 503})
	ended := spans.Ended()
	require.Len(t, ended, 2)
	require.Equal(t, "b7ad6b7169203331", ended[0].Parent().SpanID().String())
	require.Equal(t, ended[0].SpanContext().SpanID(), ended[1].Parent().SpanID())
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", ended[1].SpanContext().TraceID().String())
	require.Contains(t, attempt.TraceParent(), ended[1].SpanContext().SpanID().String())
	for _, a := range ended[1].Attributes() {
		require.NotContains(t, a.Value.String(), "canary")
	}
}

// without is what an event's way costs where traces are off.
func without(traces *tracing.Traces, p *hook.Parcel, r *hook.Result) {
	ctx, accept := traces.Accept(context.Background(), p.Event.TraceParent)
	_ = accept.TraceParent()
	accept.EndAccept(202)
	ctx, attempt := traces.Attempt(traces.Under(ctx, p.Event.TraceParent), p, 1)
	_, _ = ctx, attempt.TraceParent()
	attempt.EndAttempt(r)
}

func TestTraces_CostNothingWhenOff(t *testing.T) {
	p, r := &hook.Parcel{Event: hook.Event{TraceParent: parent}}, &hook.Result{}
	require.Zero(t, testing.AllocsPerRun(1000, func() { without(nil, p, r) }))
}

func BenchmarkTraces_Off(b *testing.B) {
	p, r := &hook.Parcel{Event: hook.Event{TraceParent: parent}}, &hook.Result{}
	b.ReportAllocs()
	for b.Loop() {
		without(nil, p, r)
	}
}
