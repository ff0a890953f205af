package activities_test

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/match"
	"godwit/internal/ops"
	"godwit/internal/pgtest"
	"godwit/internal/retry"
	"godwit/internal/seal"
	"godwit/internal/send"
	"godwit/internal/store"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// stage is one webhook in a real database and its real receiver.
type stage struct {
	*store.Store
	url      string
	matching *match.Engine
	env      *testsuite.TestActivityEnvironment
	acts     *activities.Activities
	webhook  hook.Webhook
	// status is what the receiver answers, with the Retry-After if there is one;
	// attempts is the last Godwit-Attempt that it got.
	status     atomic.Int64
	retryAfter atomic.Value
	attempts   atomic.Value
	requests   atomic.Int64
	metrics    *prometheus.Registry
	log        *observer.ObservedLogs
}

// observed is how many attempts have ended by the metrics.
func (s *stage) observed(t *testing.T) (n int) {
	t.Helper()
	families, err := s.metrics.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() == "godwit_attempts_total" {
			for _, m := range family.GetMetric() {
				n += int(m.GetCounter().GetValue())
			}
		}
	}
	return n
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{metrics: prometheus.NewRegistry()}
	ring, err := seal.New([][]byte{bytes.Repeat([]byte{7}, 32)})
	require.NoError(t, err)
	s.url = pgtest.URL(t)
	s.Store, err = store.Open(s.url, ring, store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	s.matching, err = match.New(match.Options{Store: s.Store})
	require.NoError(t, err)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		s.attempts.Store(r.Header.Get("Godwit-Attempt"))
		if after := s.retryAfter.Load(); after != nil {
			w.Header().Set("Retry-After", after.(string))
		}
		w.WriteHeader(int(s.status.Load()))
	}))
	t.Cleanup(receiver.Close)
	sender := send.New(send.Options{EgressAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(sender.Close)
	core, logs := observer.New(zap.InfoLevel)
	s.log = logs
	s.acts = &activities.Activities{
		Ledger: s, Health: s, Sender: sender, Metrics: ops.NewMetrics(s.metrics, ops.Labels{}, nil),
		Schedule: retry.Schedule{time.Hour, time.Hour, time.Hour, time.Hour}, Log: zap.New(core),
	}
	var suite testsuite.WorkflowTestSuite
	s.env = suite.NewTestActivityEnvironment()
	s.env.RegisterActivity(s.acts)
	s.subscribe(t, receiver.URL)
	return s
}

// subscribe makes user u1, a member of project p1, and a webhook for all of it.
func (s *stage) subscribe(t *testing.T, url string) {
	t.Helper()
	ctx := context.Background()
	_, _, err := s.PutCompany(ctx, hook.Company{ID: "c1", Name: "Company"})
	require.NoError(t, err)
	_, _, err = s.PutProject(ctx, hook.Project{ID: "p1", CompanyID: "c1", Name: "Project"})
	require.NoError(t, err)
	_, _, err = s.PutUser(ctx, hook.User{ID: "u1", Name: "Una", Email: "una@example.com"})
	require.NoError(t, err)
	_, err = s.PutMember(ctx, "p1", "u1")
	require.NoError(t, err)
	s.webhook, err = s.CreateWebhook(ctx, hook.Webhook{
		ID: id.New(id.Webhook), OwnerID: "u1", Name: "feed", URL: url + "/?token=canary", Secret: send.NewSecret(hook.HMACSHA256),
		Rules: []hook.Rule{{Events: []string{"*"}}}, PayloadFormat: hook.FormatStandard, Metadata: []byte(`{}`), Enabled: true, Status: hook.Healthy,
	})
	require.NoError(t, err)
}

// event ingests one event and gives its delivery.
func (s *stage) event(t *testing.T, eventID string) hook.Delivery {
	t.Helper()
	ctx := context.Background()
	_, err := s.matching.Ingest(ctx, []hook.Event{{ID: eventID, Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(`{"a":1}`)}}, nil)
	require.NoError(t, err)
	all, err := s.Deliveries(ctx, hook.DeliveryFilter{EventID: eventID}, hook.Page{Limit: 2})
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all[0]
}

// deliver runs the activity once.
func (s *stage) deliver(t *testing.T, d hook.Delivery) (activities.DeliverResult, error) {
	t.Helper()
	in := activities.DeliverInput{DeliveryID: d.ID, Generation: cmp.Or(d.Generation, 1), AttemptTimeout: 5 * time.Second}
	value, err := s.env.ExecuteActivity(s.acts.Deliver, in)
	var out activities.DeliverResult
	if err == nil {
		require.NoError(t, value.Get(&out))
	}
	return out, err
}

func TestDeliverRunTwiceSendsOnce(t *testing.T) {
	s := newStage(t)
	s.status.Store(200)
	d := s.event(t, "e1")
	for range 2 {
		got, err := s.deliver(t, d)
		require.NoError(t, err)
		require.Equal(t, activities.DeliverResult{DeliveryID: d.ID, Outcome: "succeeded"}, got)
	}
	require.EqualValues(t, 1, s.requests.Load())
	require.EqualValues(t, 1, s.observed(t))
	records := s.log.FilterMessage("delivery.attempted").All()
	require.Len(t, records, 1)
	record := records[0].ContextMap()
	require.Positive(t, record["waited"])
	require.Regexp(t, `^127\.0\.0\.1:\d+$`, record["host"])
	for field, want := range map[string]any{
		"delivery_id": d.ID, "webhook_id": s.webhook.ID, "owner_id": "u1", "event_id": "e1", "event_type": "TODO_CREATED", "project_id": "p1", "company_id": "c1",
		"attempt": int64(1), "of": int64(5), "outcome": "success", "reason": "", "status_code": int64(200), "status": "succeeded",
	} {
		require.Equal(t, want, record[field], field)
	}
	for _, entry := range s.log.All() {
		for _, field := range entry.Context {
			require.NotContains(t, field.String, "canary", "a URL in the log")
		}
	}
}

func TestFailedAttemptAsksForItsWait(t *testing.T) {
	s := newStage(t)
	s.status.Store(503)
	d := s.event(t, "e1")
	for range 2 { // the second run comes too early and sends nothing
		_, err := s.deliver(t, d)
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		require.Equal(t, activities.AttemptFailed, app.Type())
		require.Equal(t, temporal.ApplicationErrorCategoryBenign, app.Category())
		require.InDelta(t, time.Hour, app.NextRetryDelay(), float64(13*time.Minute))
		require.Equal(t, "attempt 1 failed: status_5xx", app.Message())
	}
	require.EqualValues(t, 1, s.requests.Load())
}

func TestFifthFailureIsTheLast(t *testing.T) {
	s := newStage(t)
	s.status.Store(500)
	s.acts.Schedule = retry.Schedule{}
	d := s.event(t, "e1")
	for n := 1; n <= hook.MaxAttempts+1; n++ {
		_, err := s.deliver(t, d)
		require.Equal(t, n >= hook.MaxAttempts, activities.IsExhausted(err), "attempt %d: %v", n, err)
	}
	require.EqualValues(t, hook.MaxAttempts, s.requests.Load())
}

func TestDeliverWithoutARow(t *testing.T) {
	s := newStage(t)
	got, err := s.deliver(t, hook.Delivery{ID: "dlv_none"})
	require.NoError(t, err)
	require.Equal(t, activities.Missing, got.Outcome)
}

func TestDatabaseOutOfReachCostsNoAttempt(t *testing.T) {
	s := newStage(t)
	d := s.event(t, "e1")
	ring, err := seal.New([][]byte{bytes.Repeat([]byte{7}, 32)})
	require.NoError(t, err)
	away, err := store.Open("postgres://nobody@127.0.0.1:1/none?sslmode=disable", ring, store.Options{})
	require.NoError(t, err)
	defer away.Close()
	s.acts.Ledger = away
	_, err = s.deliver(t, d)
	require.Error(t, err)
	require.False(t, activities.IsExhausted(err))
	require.Zero(t, s.requests.Load())
}

func TestAShortOutageAfterTheRequestIsWaitedOut(t *testing.T) {
	s := newStage(t)
	s.status.Store(200)
	d := s.event(t, "e1")
	flaky := &flaky{Store: s.Store}
	flaky.failures.Store(3)
	s.acts.Ledger = flaky
	got, err := s.deliver(t, d)
	require.NoError(t, err)
	require.Equal(t, "succeeded", got.Outcome)
	require.EqualValues(t, 1, s.requests.Load(), "what arrived is not sent again")
}

// flaky is a ledger that is out of reach for the next so many ends of attempts.
type flaky struct {
	*store.Store
	failures atomic.Int64
}

func (f *flaky) Succeed(ctx context.Context, ends []hook.Finish) (hook.Recorded, error) {
	if f.failures.Add(-1) >= 0 {
		return hook.Recorded{}, hook.Errorf(hook.CodeUnavailable, "the database can't be reached")
	}
	return f.Store.Succeed(ctx, ends)
}

func TestStoppedWorkerLeavesTheAttemptOpen(t *testing.T) {
	s := newStage(t)
	d := s.event(t, "e1")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.acts.Sender = stopped{s.acts.Sender, ctx}
	_, err := s.deliver(t, d)
	require.Error(t, err)
	require.Zero(t, s.observed(t), "no outcome was seen, so none is counted")
	attempts, err := s.Attempts(context.Background(), d.ID)
	require.NoError(t, err)
	require.Len(t, attempts, 1)
	require.Empty(t, attempts[0].Result.Outcome)
}

// stopped sends under a context that has ended, as a worker does whose time to
// stop is over.
type stopped struct {
	activities.Sender
	ctx context.Context
}

func (s stopped) Send(_ context.Context, m send.Message) (hook.Result, error) {
	return s.Sender.Send(s.ctx, m)
}

func TestDeliver_PutOffUsesUpNoAttempt(t *testing.T) {
	for status, after := range map[int64]string{429: "60", 503: "1.5"} {
		s := newStage(t)
		ctx := context.Background()
		d := s.event(t, "e1")
		s.status.Store(status)
		s.retryAfter.Store(after)
		for range 2 * hook.MaxAttempts {
			got, err := s.deliver(t, d)
			require.NoError(t, err)
			require.Equal(t, activities.DeliverResult{DeliveryID: d.ID, Outcome: activities.Queued}, got, "another workflow carries it after the pause")
			pgtest.Exec(t, s.url, `UPDATE webhooks SET paused_until = now()`)
			pgtest.Exec(t, s.url, `DELETE FROM lanes`)
			claims, err := s.Release(ctx, hook.Take{Limit: 10, Lease: time.Minute})
			require.NoError(t, err)
			require.Len(t, claims, 1)
			d.Generation = claims[0].Generation
		}
		s.status.Store(204)
		got, err := s.deliver(t, d)
		require.NoError(t, err)
		require.Equal(t, "succeeded", got.Outcome)
		require.Equal(t, "1", s.attempts.Load())
		require.EqualValues(t, 2*hook.MaxAttempts+1, s.requests.Load())
	}
}

func TestCheckHealth_ProbesNobodyWhoTakesOtherDeliveries(t *testing.T) {
	s := newStage(t)
	s.acts.Schedule = retry.Schedule{}
	bad := s.event(t, "bad")
	s.status.Store(500)
	for n := range hook.MaxAttempts {
		_, err := s.deliver(t, bad)
		require.Equal(t, n == hook.MaxAttempts-1, activities.IsExhausted(err))
		if n == 0 {
			s.status.Store(200)
			_, err := s.deliver(t, s.event(t, "good"))
			require.NoError(t, err)
			s.status.Store(500)
		}
	}
	requests := s.requests.Load()
	value, err := s.env.ExecuteActivity(s.acts.CheckHealth, activities.CheckHealthInput{WebhookID: s.webhook.ID, DeliveryID: bad.ID, AttemptTimeout: time.Second})
	require.NoError(t, err)
	var got activities.CheckHealthResult
	require.NoError(t, value.Get(&got))
	require.Equal(t, activities.CheckHealthResult{Verdict: activities.VerdictHealthy}, got)
	require.Equal(t, requests, s.requests.Load())
}

func TestCheckHealth(t *testing.T) {
	for _, c := range []struct {
		name     string
		status   int
		disabled bool
		want     activities.CheckHealthResult
		reason   hook.DisabledReason
		probes   int64
	}{
		{"passes", 204, false, activities.CheckHealthResult{Verdict: activities.VerdictHealthy}, "", 1},
		{"fails", 500, false, activities.CheckHealthResult{Verdict: activities.VerdictDeactivated, Reason: hook.ReasonStatus5xx}, hook.DisabledByHealth, 1},
		{"answers that it does not know the type", 400, false, activities.CheckHealthResult{Verdict: activities.VerdictHealthy}, "", 1},
		{"answers that it gets too much", 429, false, activities.CheckHealthResult{Verdict: activities.VerdictHealthy}, "", 1},
		{"is gone", 410, false, activities.CheckHealthResult{Verdict: activities.VerdictDeactivated, Reason: hook.ReasonGone}, hook.DisabledAsGone, 1},
		{"is off already", 500, true, activities.CheckHealthResult{Verdict: activities.VerdictOff}, hook.DisabledByOwner, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			s.status.Store(int64(c.status))
			if c.disabled {
				_, err := s.UpdateWebhook(context.Background(), s.webhook.ID, 0, func(w *hook.Webhook) error {
					w.Enabled, w.DisabledReason = false, hook.DisabledByOwner
					return nil
				})
				require.NoError(t, err)
			}
			value, err := s.env.ExecuteActivity(s.acts.CheckHealth, activities.CheckHealthInput{WebhookID: s.webhook.ID, AttemptTimeout: time.Second})
			require.NoError(t, err)
			var got activities.CheckHealthResult
			require.NoError(t, value.Get(&got))
			require.Equal(t, c.want, got)
			w, err := s.Webhook(context.Background(), s.webhook.ID)
			require.NoError(t, err)
			require.Equal(t, c.reason, w.DisabledReason)
			require.Equal(t, c.probes, s.requests.Load())
		})
	}
}
