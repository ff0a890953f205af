package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// failed stores n events e1… of p1 with a failed delivery each, a second apart,
// the newest one n seconds after base.
func (s stage) failed(t *testing.T, webhookID string, n int) (base time.Time) {
	t.Helper()
	base = time.Now().Add(-time.Hour).Truncate(time.Second).UTC()
	pgtest.Exec(t, s.url, `
		INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint)
		SELECT 'e' || n, CASE WHEN n % 2 = 0 THEN 'TODO_DELETED' ELSE 'TODO_CREATED' END, 'p1', 'c1', now(), '{}', '' FROM generate_series(1, $1) n`, n)
	pgtest.Exec(t, s.url, `
		INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, reason, attempts, run_id, created_at, finished_at)
		SELECT 'dlv_0' || lpad(n::text, 8, '0'), e.id, $1, e.type, 'p1', 'c1', 'failed', 'exhausted', 5, 'run', $2::timestamptz + make_interval(secs => n), now()
		FROM generate_series(1, $3) n JOIN events e ON e.id = 'e' || n`, webhookID, base, n)
	return base
}

// query is one for everything that is failed or held.
func query(webhookID string, since time.Time) hook.RedeliveryQuery {
	return hook.RedeliveryQuery{WebhookID: webhookID, Since: since, Statuses: []hook.DeliveryStatus{hook.Failed, hook.Held}}
}

func (s stage) redelivery(t *testing.T, q hook.RedeliveryQuery) hook.Redelivery {
	t.Helper()
	r, err := s.CreateRedelivery(context.Background(), q)
	require.NoError(t, err)
	return r
}

func (s stage) step(t *testing.T, redeliveryID string) hook.RedeliveryStep {
	t.Helper()
	step, err := s.RedeliverStep(context.Background(), redeliveryID)
	require.NoError(t, err)
	return step
}

// progress reads a redelivery.
func (s stage) progress(t *testing.T, r hook.Redelivery) hook.Redelivery {
	t.Helper()
	r, err := s.Redelivery(context.Background(), r.WebhookID, r.ID)
	require.NoError(t, err)
	return r
}

// sendAll lets the webhook's places take all that waits, and each succeed.
func (s stage) sendAll(t *testing.T) (n int) {
	t.Helper()
	for {
		claims := s.released(t)
		if len(claims) == 0 {
			return n
		}
		for _, c := range claims {
			s.attempt(t, c.DeliveryID, success())
			n++
		}
	}
}

func TestRedelivery_SendsEachOnceInSteps(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	base := s.failed(t, w.ID, 120)
	r := s.redelivery(t, query(w.ID, base))
	require.Equal(t, 120, r.Total)
	require.Equal(t, hook.RedeliveryRunning, r.Status)
	require.WithinDuration(t, time.Now(), r.Until, time.Minute)

	for _, n := range []int{50, 50, 20} {
		require.Equal(t, hook.RedeliveryStep{Released: n, More: true}, s.step(t, r.ID))
	}
	require.Equal(t, hook.RedeliveryStep{}, s.step(t, r.ID), "all are on their way")
	require.Equal(t, 120, s.number(t, `SELECT count(*) FROM deliveries WHERE superseded`))
	require.Equal(t, 1, s.number(t, `SELECT drain FROM webhooks`))
	first := s.released(t)
	require.Len(t, first, 1, "gently: one at first")
	require.Equal(t, "e1", first[0].EventID, "the oldest first")
	s.attempt(t, first[0].DeliveryID, success())
	require.Len(t, s.released(t), 2)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET slot_until = NULL, dispatch_at = 'infinity' WHERE slot_until = 'infinity'`)
	require.Equal(t, 119, s.sendAll(t))

	require.Equal(t, hook.RedeliveryStep{Done: true}, s.step(t, r.ID))
	require.Equal(t, hook.RedeliveryStep{Done: true}, s.step(t, r.ID))
	r = s.progress(t, r)
	require.Equal(t, hook.RedeliveryCompleted, r.Status)
	require.Equal(t, []int{120, 120, 0, 0, 0}, []int{r.Released, r.Succeeded, r.Failed, r.Cancelled, r.Pending})
	require.False(t, r.FinishedAt.IsZero())
	s.released(t)
	require.Zero(t, s.number(t, `SELECT drain FROM webhooks`), "nothing is left to be gentle about")

	again := s.redelivery(t, query(w.ID, base))
	require.Zero(t, again.Total, "what was redelivered has its successor")
	require.True(t, s.step(t, again.ID).Done)
}

func TestRedelivery_TakesWhatItWasAskedFor(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w, other := s.webhook(t, hook.Rule{Events: []string{"*"}}), s.webhook(t, hook.Rule{Events: []string{"*"}})
	base := s.failed(t, w.ID, 10)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET status = 'cancelled', reason = 'cancelled_by_owner' WHERE event_id = 'e9'`)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET status = 'succeeded', reason = NULL WHERE event_id = 'e10'`)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET reason = 'gone' WHERE event_id = 'e8'`)
	pgtest.Exec(t, s.url, `INSERT INTO attempts (delivery_id, number, finished_at, outcome, reason, status_code)
		SELECT d.id, n, x.ended, CASE WHEN x.ended IS NOT NULL THEN 'failure' END, CASE WHEN x.ended IS NOT NULL THEN x.reason END, CASE WHEN x.ended IS NOT NULL THEN x.code END
		FROM (VALUES ('e1', 1, 404, 'status_4xx', now()), ('e1', 2, 503, 'status_5xx', now()), ('e2', 1, 500, 'status_5xx', now()), ('e2', 2, 0, '', NULL),
			('e3', 1, NULL, 'dns', now()), ('e8', 1, 410, 'gone', now()), ('e9', 1, 503, 'status_5xx', now())) x(event_id, n, code, reason, ended) JOIN deliveries d USING (event_id)`)
	for name, c := range map[string]struct {
		change func(*hook.RedeliveryQuery)
		want   int
	}{
		"own reason":         {func(q *hook.RedeliveryQuery) { q.Reasons = []hook.Reason{hook.ReasonExhausted} }, 7},
		"own or last":        {func(q *hook.RedeliveryQuery) { q.Reasons = []hook.Reason{hook.ReasonGone, hook.ReasonDNS} }, 2},
		"last reason":        {func(q *hook.RedeliveryQuery) { q.Reasons = []hook.Reason{hook.ReasonStatus5xx} }, 2},
		"not the one before": {func(q *hook.RedeliveryQuery) { q.Reasons = []hook.Reason{hook.ReasonStatus4xx} }, 0},
		"code":               {func(q *hook.RedeliveryQuery) { q.StatusCodes = []hook.StatusCodes{"503"} }, 1},
		"classes":            {func(q *hook.RedeliveryQuery) { q.StatusCodes = []hook.StatusCodes{"4xx", "5xx"} }, 3},
		"reason and code": {func(q *hook.RedeliveryQuery) {
			q.Reasons, q.StatusCodes = []hook.Reason{hook.ReasonStatus5xx}, []hook.StatusCodes{"500", "410"}
		}, 1},
		"failed and held":     {func(*hook.RedeliveryQuery) {}, 8},
		"from":                {func(q *hook.RedeliveryQuery) { q.Since = base.Add(3 * time.Second) }, 6},
		"before":              {func(q *hook.RedeliveryQuery) { q.Until = base.Add(3 * time.Second) }, 2},
		"just before":         {func(q *hook.RedeliveryQuery) { q.Until = base.Add(3*time.Second + time.Microsecond) }, 3},
		"cancelled":           {func(q *hook.RedeliveryQuery) { q.Statuses = []hook.DeliveryStatus{hook.Cancelled} }, 1},
		"types":               {func(q *hook.RedeliveryQuery) { q.EventTypes = []string{"TODO_DELETED"} }, 4},
		"another webhook":     {func(q *hook.RedeliveryQuery) { q.WebhookID = other.ID }, 0},
		"the future is now":   {func(q *hook.RedeliveryQuery) { q.Until = time.Now().Add(time.Hour) }, 8},
		"nothing to be found": {func(q *hook.RedeliveryQuery) { q.Since, q.Until = base.Add(-time.Hour), base }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			q := query(w.ID, base)
			c.change(&q)
			n, err := s.CountRedelivery(ctx, q)
			require.NoError(t, err)
			require.Equal(t, c.want, n)
		})
	}
	require.Zero(t, s.number(t, `SELECT count(*) FROM redeliveries`), "counting writes nothing")
	picked := query(w.ID, base)
	picked.Reasons, picked.StatusCodes = []hook.Reason{hook.ReasonStatus5xx}, []hook.StatusCodes{"5xx"}
	r := s.redelivery(t, picked)
	require.Equal(t, []any{2, picked.Reasons, picked.StatusCodes}, []any{r.Total, r.Reasons, r.StatusCodes})
	require.Equal(t, 2, s.step(t, r.ID).Released)
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM deliveries WHERE superseded AND event_id IN ('e1', 'e2')`), "what was counted is what is sent")
	pgtest.Exec(t, s.url, `DELETE FROM deliveries WHERE redelivery_of IS NOT NULL`)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET superseded = false`)
	require.NoError(t, s.DeleteMember(ctx, "p1", "u1"))
	n, err := s.CountRedelivery(ctx, query(w.ID, base))
	require.NoError(t, err)
	require.Zero(t, n, "the owner may not see them any more")
}

func TestRedelivery_CountsNoMoreThanItsBound(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	since := time.Now().Add(-time.Hour)
	const more = hook.RedeliveryCounted + 50
	pgtest.Exec(t, s.url, `INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint)
		SELECT 'e' || i, 'TODO_CREATED', 'p1', 'c1', now(), '{}', '' FROM generate_series(1, $1::int) AS i`, more)
	pgtest.Exec(t, s.url, `INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, reason, finished_at)
		SELECT 'd' || i, 'e' || i, $1, 'TODO_CREATED', 'p1', 'c1', 'failed', 'exhausted', now() FROM generate_series(1, $2::int) AS i`, w.ID, more)
	n, err := s.CountRedelivery(ctx, query(w.ID, since))
	require.NoError(t, err)
	require.Equal(t, hook.RedeliveryCounted, n)
	r, err := s.CreateRedelivery(ctx, query(w.ID, since))
	require.NoError(t, err)
	require.Equal(t, hook.RedeliveryCounted, r.Total)
	pgtest.Exec(t, s.url, `UPDATE redeliveries SET released = $1`, more)
	r, err = s.Redelivery(ctx, w.ID, r.ID)
	require.NoError(t, err)
	require.Equal(t, more, r.Total, "it grows with what was sent")
}

func TestRedelivery_ReleasesWhatIsHeldAndNothingElse(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"TODO_*"}})
	s.happens(t, w.ID, hook.OwnerDisabled)
	s.posts(t, 4)
	s.post(t, event("other", "TODO_DELETED", "p1"))
	_, err := s.CreateRedelivery(context.Background(), query(w.ID, time.Now().Add(-time.Hour)))
	conflict(t, err, "/enable first")
	n, err := s.CountRedelivery(context.Background(), query(w.ID, time.Now().Add(-time.Hour)))
	require.NoError(t, err)
	require.Equal(t, 5, n, "counting is for every webhook")
	_, _, err = s.Happen(context.Background(), w.ID, hook.Cause{What: hook.OwnerEnabled}) // without a release
	require.NoError(t, err)
	require.Empty(t, s.released(t))

	q := query(w.ID, time.Now().Add(-time.Hour))
	q.EventTypes = []string{"TODO_CREATED"}
	r := s.redelivery(t, q)
	require.Equal(t, 4, s.step(t, r.ID).Released)
	require.Equal(t, 4, s.sendAll(t))
	require.True(t, s.step(t, r.ID).Done)
	r = s.progress(t, r)
	require.Equal(t, 4, r.Succeeded)
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'held'`))
	require.Equal(t, 5, s.number(t, `SELECT count(*) FROM deliveries`), "what is held is released as it is")

	second := s.redelivery(t, hook.RedeliveryQuery{WebhookID: w.ID, Since: time.Now().Add(-time.Hour), Statuses: []hook.DeliveryStatus{hook.Failed}})
	pgtest.Exec(t, s.url, `UPDATE webhooks SET drain = 1`) // as with the first steps of it
	require.Empty(t, s.released(t))
	_, _, err = s.Happen(context.Background(), w.ID, hook.Cause{What: hook.OwnerEnabled, Release: true})
	require.NoError(t, err)
	require.Equal(t, 1, s.sendAll(t), "all that is held is released where somebody wants that meanwhile")
	require.True(t, s.step(t, second.ID).Done)
}

func TestRedelivery_KeepsTheNumberOnItsWaySmall(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	r := s.redelivery(t, query(w.ID, s.failed(t, w.ID, 510)))
	for range 10 {
		require.Equal(t, 50, s.step(t, r.ID).Released)
	}
	require.Equal(t, hook.RedeliveryStep{More: true}, s.step(t, r.ID))
	s.attempt(t, s.released(t)[0].DeliveryID, success())
	require.Equal(t, hook.RedeliveryStep{Released: 1, More: true}, s.step(t, r.ID))
}

func TestRedelivery_WaitsWhileTheWebhookIsOff(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	r := s.redelivery(t, query(w.ID, s.failed(t, w.ID, 60)))
	require.Equal(t, 50, s.step(t, r.ID).Released)
	s.happens(t, w.ID, hook.OwnerDisabled)
	require.Equal(t, hook.RedeliveryStep{More: true, Off: true}, s.step(t, r.ID))
	require.Equal(t, 50, s.progress(t, r).Pending, "held")
	_, _, err := s.Happen(context.Background(), w.ID, hook.Cause{What: hook.OwnerEnabled, Release: true})
	require.NoError(t, err)
	due, err := s.ClaimRedeliveries(context.Background(), 10, lease)
	require.NoError(t, err)
	require.Len(t, due, 1, "its workflow is told at once")
	require.Equal(t, 10, s.step(t, r.ID).Released)
	require.Equal(t, 60, s.sendAll(t))
	require.True(t, s.step(t, r.ID).Done)
	require.Equal(t, 60, s.progress(t, r).Succeeded)
}

func TestRedelivery_ReleasesNothingMoreOnceCancelled(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	r := s.redelivery(t, query(w.ID, s.failed(t, w.ID, 60)))
	require.Equal(t, 50, s.step(t, r.ID).Released)
	for range 2 {
		require.NoError(t, s.CancelRedelivery(ctx, w.ID, r.ID), "twice is once")
	}
	require.Equal(t, hook.RedeliveryStep{Done: true}, s.step(t, r.ID))
	require.Equal(t, 50, s.sendAll(t), "those that were released go on")
	r = s.progress(t, r)
	require.Equal(t, hook.RedeliveryCancelled, r.Status)
	require.Equal(t, []int{60, 50, 50}, []int{r.Total, r.Released, r.Succeeded})

	done := s.redelivery(t, query(w.ID, time.Now()))
	require.True(t, s.step(t, done.ID).Done)
	conflict(t, s.CancelRedelivery(ctx, w.ID, done.ID), "completed")
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.CancelRedelivery(ctx, "wh_other", r.ID)))
	listed, err := s.Redeliveries(ctx, w.ID, anyPage)
	require.NoError(t, err)
	require.Len(t, listed, 2)
	require.Equal(t, done.ID, listed[0].ID)
	require.Equal(t, r, listed[1])
}

func TestRedelivery_EndsWithItsWebhook(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	r := s.redelivery(t, query(w.ID, s.failed(t, w.ID, 60)))
	require.Equal(t, 50, s.step(t, r.ID).Released)
	require.NoError(t, s.DeleteWebhook(ctx, w.ID))
	require.True(t, s.step(t, r.ID).Done)
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM redeliveries WHERE status = 'cancelled'`))
	_, err := s.Redelivery(ctx, w.ID, r.ID)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	_, err = s.CreateRedelivery(ctx, query(w.ID, time.Now()))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	require.True(t, s.step(t, "rdl_none").Done)
}

func TestRedelivery_IsOfferedUntilItMakesSteps(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	r := s.redelivery(t, query(w.ID, s.failed(t, w.ID, 60)))
	claim := []hook.RedeliveryClaim{{RedeliveryID: r.ID, WebhookID: w.ID, OwnerID: "u1"}}
	for _, lease := range []time.Duration{-time.Second, time.Minute} {
		due, err := s.ClaimRedeliveries(ctx, 10, lease)
		require.NoError(t, err)
		require.Equal(t, claim, due)
	}
	for _, want := range [][]hook.RedeliveryClaim{{}, claim} {
		due, err := s.ClaimRedeliveries(ctx, 10, lease)
		require.NoError(t, err)
		require.Equal(t, want, due)
		require.NoError(t, s.UnclaimRedeliveries(ctx, claim))
	}
	s.step(t, r.ID)
	due, err := s.ClaimRedeliveries(ctx, 10, lease)
	require.NoError(t, err)
	require.Empty(t, due)
	require.NoError(t, s.CancelRedelivery(ctx, w.ID, r.ID))
	require.NoError(t, s.UnclaimRedeliveries(ctx, claim))
	due, err = s.ClaimRedeliveries(ctx, 10, lease)
	require.NoError(t, err)
	require.Empty(t, due, "what has ended is never offered")
}

// TestStepsOfTwoWorkersLoseAndDoubleNothing has several workers make the steps.
func TestStepsOfTwoWorkersLoseAndDoubleNothing(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	r := s.redelivery(t, query(w.ID, s.failed(t, w.ID, 230)))
	errs := make(chan error, 8)
	for range 8 {
		go func() {
			_, err := s.RedeliverStep(context.Background(), r.ID)
			errs <- err
		}()
	}
	for range 8 {
		require.NoError(t, <-errs)
	}
	require.Equal(t, 230, s.progress(t, r).Released)
	require.Equal(t, 230, s.number(t, fmt.Sprintf(`SELECT count(DISTINCT event_id) FROM deliveries WHERE redelivery_id = '%s'`, r.ID)))
	require.Equal(t, 460, s.number(t, `SELECT count(*) FROM deliveries`))
}
