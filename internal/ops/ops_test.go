package ops_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/ops"
)

type ledger struct{ err error }

func (l ledger) Backlog(context.Context) (map[hook.DeliveryStatus]int, error) {
	return map[hook.DeliveryStatus]int{hook.Pending: 3, hook.Held: 0}, l.err
}

func ask(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestReadyzNamesEverythingThatIsMissing(t *testing.T) {
	var postgres, temporal error = errors.New("can't be reached"), errors.New("waits")
	h := ops.NewHandler(prometheus.NewRegistry(), []ops.Check{
		{Name: "postgres", Probe: func(context.Context) error { return postgres }},
		{Name: "temporal", Probe: func(context.Context) error { return temporal }},
	})
	code, body := ask(t, h, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, "postgres: can't be reached\ntemporal: waits\n", body)
	postgres = nil
	_, body = ask(t, h, "/readyz")
	require.Equal(t, "temporal: waits\n", body)
	temporal = nil
	code, body = ask(t, h, "/readyz")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "ready\n", body)
	h = ops.NewHandler(prometheus.NewRegistry(), nil, func() string { return "clock: right" })
	_, body = ask(t, h, "/readyz")
	require.Equal(t, "ready\nclock: right\n", body)
	code, _ = ask(t, h, "/healthz")
	require.Equal(t, http.StatusOK, code)
	code, _ = ask(t, h, "/debug/pprof/")
	require.Equal(t, http.StatusOK, code)
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := ops.NewMetrics(registry, ops.Labels{}, nil)
	registry.MustRegister(ops.NewBacklog(ledger{}.Backlog))
	m.Attempted(hook.AttemptEnd{Result: hook.Result{Outcome: hook.Failure, Reason: hook.ReasonDNS, Duration: time.Second}, Number: 1})
	m.Noticed("gone", "sent")
	code, body := ask(t, ops.NewHandler(registry, nil), "/metrics")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, `godwit_attempts_total{outcome="failure",reason="dns"} 1`)
	require.Contains(t, body, `godwit_notices_total{kind="gone",outcome="sent"} 1`)
	require.Contains(t, body, `godwit_deliveries{status="pending"} 3`)
	require.Contains(t, body, `godwit_attempt_duration_seconds_count 1`)
}

func TestMetricsWithoutADatabaseLeaveOutTheBacklog(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := ops.NewMetrics(registry, ops.Labels{}, nil)
	registry.MustRegister(ops.NewBacklog(ledger{errors.New("away")}.Backlog))
	m.Attempted(hook.AttemptEnd{Result: hook.Result{Outcome: hook.Success}})
	code, body := ask(t, ops.NewHandler(registry, nil), "/metrics")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, "godwit_attempts_total")
	require.NotContains(t, body, "godwit_deliveries{")
}
