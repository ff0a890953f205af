package ops_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/ops"
)

// accounts is a ledger with something of everything.
type accounts struct{ err error }

func (accounts) ProcessCounts() hook.ProcessCounts {
	return hook.ProcessCounts{Transitions: map[hook.WebhookStatus]int64{hook.Healthy: 0, hook.Degraded: 2, hook.Unhealthy: 1}, Redelivered: 5,
		TakenOut: map[hook.DeliveryStatus]int64{hook.Held: 3, hook.Cancelled: 4}}
}

func (a accounts) Outstanding(context.Context) (hook.Outstanding, error) {
	return hook.Outstanding{Oldest: map[hook.DeliveryStatus]time.Duration{hook.Pending: time.Minute, hook.Retrying: 0, hook.Held: 0}, LagAgain: 3 * time.Second, Locked: 4}, a.err
}

func labels() ops.Labels {
	return ops.Labels{Rejections: []string{"invalid", "unavailable"}, FilterFailures: []string{"cost"}, NoticeOutcomes: []string{"sent"}}
}

func TestMetrics_AreAllThereFromTheStart(t *testing.T) {
	registry := prometheus.NewRegistry()
	ops.NewMetrics(registry, labels(), accounts{}.ProcessCounts)
	registry.MustRegister(ops.NewAccounts(accounts{}.ProcessCounts, accounts{}.Outstanding))
	_, body := ask(t, ops.NewHandler(registry, nil), "/metrics")
	for _, line := range []string{
		`godwit_events_accepted_total 0`, `godwit_events_rejected_total{reason="unavailable"} 0`, `godwit_request_duration_seconds_count{kind="events",status="5xx"} 0`,
		`godwit_attempts_total{outcome="success",reason=""} 0`, `godwit_attempts_total{outcome="failure",reason="tls_expired"} 0`, `godwit_deliveries_ended_total{status="failed"} 0`,
		`godwit_filter_failures_total{kind="cost"} 0`, `godwit_notices_total{kind="gave_up",outcome="sent"} 0`, `godwit_first_attempt_delay_seconds_count 0`,
		`godwit_health_transitions_total{status="DEGRADED"} 2`, `godwit_redelivered_total 5`, `godwit_oldest_delivery_seconds{status="pending"} 60`,
		`godwit_dispatch_lag_seconds{attempt="again"} 3`, `godwit_database_lock_waits 4`, `godwit_combination_windows 0`,
	} {
		require.Contains(t, body, "\n"+line+"\n")
	}
	require.NotContains(t, body, `reason="exhausted"`, "no reason of an attempt")
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestMetrics_CountAttemptsByTheirMeaning(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := ops.NewMetrics(registry, labels(), accounts{}.ProcessCounts)
	m.Attempted(hook.AttemptEnd{Result: hook.Result{Outcome: hook.Failure, Reason: hook.ReasonConnect, Own: true}, Number: 1, Waited: time.Hour})
	m.Attempted(hook.AttemptEnd{Result: hook.Result{Outcome: hook.Failure, Reason: hook.ReasonStatus5xx}, Number: 1, Waited: time.Second})
	m.Attempted(hook.AttemptEnd{Result: hook.Result{Outcome: hook.Success, Duration: time.Second}, Number: 2, Waited: 9 * time.Second})
	m.Accepted(hook.Accepted{Matched: 3})
	m.Accepted(hook.Accepted{Matched: 3, Duplicate: true})
	m.Answered("events", 0, time.Millisecond)
	_, body := ask(t, ops.NewHandler(registry, nil), "/metrics")
	for _, line := range []string{
		`godwit_attempts_total{outcome="own",reason="connect"} 1`, `godwit_attempts_total{outcome="failure",reason="connect"} 0`, `godwit_retries_total 1`,
		`godwit_first_attempt_delay_seconds_sum 1`, `godwit_delivery_delay_seconds_sum 10`, `godwit_delivery_delay_seconds_bucket{le="10"} 1`,
		`godwit_events_accepted_total 1`, `godwit_events_duplicate_total 1`, `godwit_matches_total 3`, `godwit_request_duration_seconds_count{kind="events",status="5xx"} 1`,
	} {
		require.Contains(t, body, "\n"+line+"\n")
	}
}

// TestMetrics_CountWhatEndedWithoutAnAttempt: a delivery that was cancelled with many
// others has ended too.
func TestMetrics_CountWhatEndedWithoutAnAttempt(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := ops.NewMetrics(registry, labels(), accounts{}.ProcessCounts)
	m.Ended(hook.Cancelled)
	m.Ended(hook.Succeeded)
	_, body := ask(t, ops.NewHandler(registry, nil), "/metrics")
	for status, n := range map[hook.DeliveryStatus]int{hook.Succeeded: 1, hook.Failed: 0, hook.Held: 3, hook.Cancelled: 5} {
		require.Contains(t, body, fmt.Sprintf("\ngodwit_deliveries_ended_total{status=%q} %d\n", status, n))
	}
}

// TestMetrics_HaveNativeHistograms: their buckets are as fine as what is measured, which
// a Prometheus gets that asks for them.
func TestMetrics_HaveNativeHistograms(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := ops.NewMetrics(registry, labels(), accounts{}.ProcessCounts)
	m.Attempted(hook.AttemptEnd{Result: hook.Result{Outcome: hook.Success, Duration: time.Second}, Number: 1})
	m.Answered("other", http.StatusOK, time.Second)
	native := 0
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetType() != dto.MetricType_HISTOGRAM || !strings.HasPrefix(family.GetName(), "godwit_") {
			continue
		}
		h := family.GetMetric()[0].GetHistogram()
		require.NotNil(t, h.Schema, family.GetName())
		require.NotEmpty(t, h.GetBucket(), family.GetName())
		native++
	}
	require.Equal(t, 4, native)
}

func TestAccounts_WithoutADatabaseKeepWhatTheProcessCounts(t *testing.T) {
	registry := prometheus.NewRegistry()
	away := accounts{errors.New("away")}
	registry.MustRegister(ops.NewAccounts(away.ProcessCounts, away.Outstanding))
	_, body := ask(t, ops.NewHandler(registry, nil), "/metrics")
	require.Contains(t, body, "godwit_redelivered_total 5\n")
	require.NotContains(t, body, "godwit_oldest_delivery_seconds{")
}

func TestTemporal_BoundsItsLabels(t *testing.T) {
	registry := prometheus.NewRegistry()
	handler := ops.NewTemporal(registry)
	for range 2 {
		h := handler.WithTags(map[string]string{"namespace": "godwit", "workflow_type": "none", "task_queue": "worker-7f9c:a1b2c3", "workflow_id": "dlv/secret"})
		h.Counter("temporal_request").Inc(2)
		h.Counter("temporal_local_activity_total").Inc(1)
		h.WithTags(map[string]string{"operation": "StartWorkflowExecution"}).Timer("temporal_request_latency").Record(time.Second)
		h.Gauge("temporal_num_pollers").Update(5)
	}
	_, body := ask(t, ops.NewHandler(registry, nil), "/metrics")
	require.Contains(t, body, `task_queue="sticky",worker_type="",workflow_type=""} 4`)
	require.Contains(t, body, `temporal_local_activity_total{`)
	require.Contains(t, body, `temporal_request_latency_seconds_count{activity_type="",failure_reason="",operation="StartWorkflowExecution"`)
	require.NotContains(t, body, "secret")
	require.NotContains(t, body, "a1b2c3")
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	require.Empty(t, problems)
}
