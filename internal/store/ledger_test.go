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

func lastDay(webhookID string) hook.LedgerQuery {
	return hook.LedgerQuery{WebhookID: webhookID, Since: time.Now().Add(-24 * time.Hour), Until: time.Now().Add(time.Minute)}
}

func (s stage) ledger(t *testing.T, webhookID string) hook.Ledger {
	t.Helper()
	l, err := s.Ledger(context.Background(), lastDay(webhookID))
	require.NoError(t, err)
	return l
}

func TestLedgerCountsEachMatchedEventOnce(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.attempt(t, s.claimed(t, "done").DeliveryID, success())
	failed := s.claimed(t, "failed").DeliveryID
	gone := failure()
	gone.Reason = hook.ReasonGone
	s.post(t, event("waits", "TODO_CREATED", "p1"))
	s.attempt(t, failed, gone) // which switches the webhook off
	s.post(t, event("held", "TODO_CREATED", "p1"))

	l := s.ledger(t, w.ID)
	require.True(t, l.Balanced())
	require.Equal(t, hook.Ledger{Matched: 4, ByStatus: map[hook.DeliveryStatus]int{hook.Succeeded: 1, hook.Failed: 1, hook.Held: 2},
		ByReason: map[hook.Reason]int{hook.ReasonGone: 1, hook.ReasonWebhookDisabled: 2}}, l)

	// A redelivery takes the place of the failed one, long after.
	pgtest.Exec(t, s.url, `UPDATE deliveries SET superseded = true WHERE id = $1`, failed)
	require.False(t, s.ledger(t, w.ID).Balanced(), "an event without a newest delivery")
	again := func(id string, of string, superseded bool) {
		pgtest.Exec(t, s.url, `
			INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, reason, redelivery_of, superseded, created_at, finished_at)
			SELECT $1, event_id, webhook_id, event_type, project_id, company_id, 'failed', 'exhausted', $2, $3, now() + interval '40 days', now()
			FROM deliveries WHERE id = $2`, id, of, superseded)
	}
	again("dlv_again", failed, true)
	again("dlv_last", "dlv_again", false)
	l = s.ledger(t, w.ID)
	require.True(t, l.Balanced())
	require.Equal(t, 4, l.Matched)
	require.Equal(t, map[hook.Reason]int{hook.ReasonExhausted: 1, hook.ReasonWebhookDisabled: 2}, l.ByReason)

	var listed []string
	page := hook.Page{Limit: 2}
	for {
		found, err := s.Undelivered(ctx, lastDay(w.ID), page)
		require.NoError(t, err)
		if len(found) == 0 {
			break
		}
		for _, u := range found {
			listed = append(listed, u.EventID+" "+string(u.Status))
			page.After = &u.Key
		}
	}
	require.Equal(t, []string{"held held", "waits held", "failed failed"}, listed)

	elsewhere, err := s.Ledger(ctx, hook.LedgerQuery{WebhookID: w.ID, Since: time.Now().Add(time.Minute), Until: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	require.Zero(t, elsewhere.Matched)
	require.True(t, elsewhere.Balanced())
}

// checked checks the whole ledger in steps of so many deliveries.
func (s stage) checked(t *testing.T, step int) hook.LedgerCheck {
	t.Helper()
	var c hook.LedgerCheck
	at := hook.Cursor{Time: time.Now().Add(-time.Hour)}
	for done := false; !done; {
		var err error
		at, done, err = s.CheckStep(context.Background(), &c, at, time.Now().Add(time.Minute), step)
		require.NoError(t, err)
	}
	return c
}

func TestCheckOfTheLedgerFindsWhatIsMissing(t *testing.T) {
	s := newStage(t)
	for range 3 {
		s.webhook(t, hook.Rule{Events: []string{"*"}})
	}
	var batch []hook.Event
	for i := range 7 {
		batch = append(batch, event(fmt.Sprintf("e%d", i), "TODO_CREATED", "p1"))
	}
	_, err := s.Ingest(context.Background(), batch)
	require.NoError(t, err)
	first := s.claimed(t, "last").DeliveryID
	s.attempt(t, first, success())
	for step := 1; step <= 25; step++ {
		require.Equal(t, hook.LedgerCheck{Checked: 24}, s.checked(t, step))
	}

	pgtest.Exec(t, s.url, `DELETE FROM deliveries WHERE id = (SELECT min(id) FROM deliveries WHERE event_id = 'e3')`)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET attempts = 2 WHERE id = $1`, first)
	pgtest.Exec(t, s.url, `ALTER TABLE deliveries DROP CONSTRAINT deliveries_stage`)
	var stuck string
	require.NoError(t, session(t, s.url).QueryRowContext(context.Background(),
		`UPDATE deliveries SET dispatch_at = NULL WHERE id = (SELECT min(id) FROM deliveries WHERE event_id = 'e5') RETURNING id`).Scan(&stuck))
	want := hook.LedgerCheck{Checked: 23, Differences: map[string]int{"deliveries": 1, "attempts": 1, "dispatch": 1},
		IDs: map[string][]string{"deliveries": {"e3"}, "attempts": {first}, "dispatch": {stuck}}}
	for step := 1; step <= 25; step++ {
		require.Equal(t, want, s.checked(t, step), "in steps of %d", step)
	}
	pgtest.Exec(t, s.url, `DELETE FROM attempts`)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET siblings = 9 WHERE id = $1`, first)
	require.Equal(t, map[string]int{"deliveries": 2, "attempts": 1, "dispatch": 1}, s.checked(t, 2).Differences)
}

func TestOneOfSeveralChecksTheLedger(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	none, err := s.Differences(ctx)
	require.NoError(t, err)
	require.Nil(t, none)
	for _, c := range []struct {
		age  time.Duration
		mine bool
	}{{time.Hour, true}, {time.Hour, false}, {0, true}, {time.Minute, false}} {
		mine, err := s.BeginCheck(ctx, c.age)
		require.NoError(t, err)
		require.Equal(t, c.mine, mine, c.age)
	}
	c := hook.LedgerCheck{}
	for i := range 12 {
		c.Found(hook.DifferenceAttempts, fmt.Sprint(i))
	}
	require.Len(t, c.IDs[hook.DifferenceAttempts], hook.MaxDifferenceIDs)
	require.NoError(t, s.EndCheck(ctx, c))
	found, err := s.Differences(ctx)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"deliveries": 0, "dispatch": 0, "attempts": 12, "owners": 0, "judging": 0}, found)
}
