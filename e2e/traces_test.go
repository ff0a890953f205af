package e2e_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// collecting takes traces by OTLP, by HTTP and by gRPC, as a collector does.
type collecting struct {
	collector.UnimplementedTraceServiceServer
	http, grpc string

	mu    sync.Mutex
	spans map[string]*trace.Span // by name
	roles map[string]string      // by name, of the process that made the span
}

func newCollector(t *testing.T) *collecting {
	t.Helper()
	c := &collecting{spans: map[string]*trace.Span{}, roles: map[string]string{}}
	byHTTP := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &request) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = c.Export(r.Context(), &request)
	}))
	t.Cleanup(byHTTP.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, c)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	c.http, c.grpc = byHTTP.URL, "http://"+listener.Addr().String()
	return c
}

// Export implements the service.
func (c *collecting) Export(_ context.Context, request *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range request.ResourceSpans {
		role := ""
		for _, a := range of.Resource.Attributes {
			if a.Key == "godwit.role" {
				role = a.Value.GetStringValue()
			}
		}
		for _, scope := range of.ScopeSpans {
			for _, span := range scope.Spans {
				if hex.EncodeToString(span.TraceId) == producersTrace {
					c.spans[span.Name], c.roles[span.Name] = span, role
				}
			}
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// span waits for one of the producer's trace.
func (c *collecting) span(t *testing.T, name string) (found *trace.Span, role string) {
	t.Helper()
	eventually(t, func() (bool, string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		var names []string
		for name := range c.spans {
			names = append(names, name)
		}
		found, role = c.spans[name], c.roles[name]
		return found != nil, name + " is not among " + strings.Join(names, ", ")
	})
	return found, role
}

// produce publishes an event under a traceparent.
func (c *stageClient) produce(t *testing.T, id, traceParent string) {
	t.Helper()
	event, err := json.Marshal(map[string]any{"id": id, "type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"id": "r1"}})
	require.NoError(t, err)
	req, err := http.NewRequest(http.MethodPost, c.base+"/v1/events", bytes.NewReader(event))
	require.NoError(t, err)
	req.Header = http.Header{"Authorization": {"Bearer " + c.key}, "Content-Type": {"application/json"}, "Traceparent": {traceParent}}
	exchange(t, req).json(t, http.StatusAccepted)
}

const (
	producersTrace = "0af7651916cd43dd8448eb211c80319c"
	producersSpan  = "b7ad6b7169203331"
)

// TestTraces_LeadFromTheProducerToTheReceiver has an API and a worker, which send
// their spans by the two protocols of OTLP.
func TestTraces_LeadFromTheProducerToTheReceiver(t *testing.T) {
	s, c := sharedStack(t), newCollector(t)
	database := s.migrated(t)
	start := func(role, endpoint, protocol string) *process {
		env := serveEnv(t, database, s.temporal(), "traces")
		env["OTEL_EXPORTER_OTLP_ENDPOINT"], env["OTEL_EXPORTER_OTLP_PROTOCOL"], env["OTEL_BSP_SCHEDULE_DELAY"] = endpoint, protocol, "100"
		env["GODWIT_TRACE_RECEIVERS"] = "true"
		return startServe(t, env, "--role", role)
	}
	start("worker", c.grpc, "grpc")
	stage := newStage(t, start("api", c.http, "http/protobuf"))
	r := newReceiver(t, func(n int, _ request) int { return map[bool]int{true: 500, false: 200}[n == 1] })
	stage.webhook(t, r.URL+"/canary?token=canary", nil)
	stage.produce(t, "traced", "00-"+producersTrace+"-"+producersSpan+"-01")
	stage.delivery(t, "traced", status("succeeded"))

	accept, role := c.span(t, "event.accept")
	require.Equal(t, "api", role)
	require.Equal(t, producersSpan, hex.EncodeToString(accept.ParentSpanId))
	started, role := c.span(t, "StartWorkflow:Deliver")
	require.Equal(t, "worker", role)
	require.Equal(t, accept.SpanId, started.ParentSpanId)
	ran, _ := c.span(t, "RunWorkflow:Deliver")
	require.Equal(t, started.SpanId, ran.ParentSpanId)
	activity, _ := c.span(t, "RunActivity:Deliver")
	require.NotEmpty(t, activity.ParentSpanId)
	requests := r.all()
	require.Len(t, requests, 2)
	for i, request := range requests {
		handed := request.header.Get("Traceparent")
		require.Contains(t, handed, "00-"+producersTrace+"-", "attempt %d", i+1)
		require.NotContains(t, handed, producersSpan, "it names the attempt's span")
	}
	eventually(t, func() (bool, string) {
		attempt, _ := c.span(t, "delivery.attempt")
		return strings.Contains(requests[1].header.Get("Traceparent"), hex.EncodeToString(attempt.SpanId)), "the second attempt's span is not there yet"
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, span := range c.spans {
		require.NotContains(t, span.String(), "canary", name)
	}
}

// TestTraces_KeepTheProducersWhereOff hands the producer's traceparent on, once that
// is asked for, where Godwit makes no spans.
func TestTraces_KeepTheProducersWhereOff(t *testing.T) {
	s := sharedStack(t)
	env := serveEnv(t, s.migrated(t), s.temporal(), "untraced")
	env["GODWIT_TRACE_RECEIVERS"] = "true"
	stage := newStage(t, startServe(t, env))
	r := newReceiver(t, func(int, request) int { return http.StatusOK })
	stage.webhook(t, r.URL, nil)
	parent := "00-" + producersTrace + "-" + producersSpan + "-00"
	for id, header := range map[string]string{"traced": parent, "untraced": "", "garbled": "00-xyz"} {
		stage.produce(t, id, header)
		stage.delivery(t, id, status("succeeded"))
	}
	for _, request := range r.all() {
		want := map[bool]string{true: parent}[request.header.Get("Webhook-Id") == "traced"]
		require.Equal(t, want, request.header.Get("Traceparent"))
	}
}
