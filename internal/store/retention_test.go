package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

var keep = hook.Keep{Data: 30 * 24 * time.Hour, Audit: 365 * 24 * time.Hour}

// ages makes events older, with their deliveries and attempts.
func (s stage) ages(t testing.TB, days int, eventIDs ...string) {
	t.Helper()
	for _, id := range eventIDs {
		pgtest.Exec(t, s.url, `UPDATE events SET accepted_at = accepted_at - make_interval(days => $2) WHERE id = $1`, id, days)
		pgtest.Exec(t, s.url, `UPDATE deliveries SET created_at = created_at - make_interval(days => $2), finished_at = finished_at - make_interval(days => $2) WHERE event_id = $1`, id, days)
	}
}

// retain makes a whole run in steps of so many rows.
func (s stage) retain(t testing.TB, limit int) (removed int) {
	t.Helper()
	for range 1000 {
		step, err := s.RetentionStep(context.Background(), keep, limit)
		require.NoError(t, err)
		removed += step.Removed
		if step.Done {
			return removed
		}
	}
	require.Fail(t, "the run has no end")
	return 0
}

// left gives the ids of the events that are there.
func (s stage) left(t testing.TB) (ids []string) {
	t.Helper()
	events, err := s.Events(context.Background(), hook.EventFilter{}, anyPage)
	require.NoError(t, err)
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

// sends posts events and carries their deliveries to a success.
func (s stage) sends(t *testing.T, eventIDs ...string) {
	t.Helper()
	for _, id := range eventIDs {
		s.post(t, event(id, "TODO_CREATED", "p1"))
	}
	for _, c := range s.due10(t) {
		s.attempt(t, c.DeliveryID, success())
	}
	pgtest.Exec(t, s.url, `UPDATE deliveries SET dispatch_at = NULL WHERE status = 'succeeded'`) // its workflow is noted
}

func (s stage) due10(t *testing.T) []hook.Claim {
	t.Helper()
	claims, err := s.Claim(context.Background(), 1000, time.Minute)
	require.NoError(t, err)
	return claims
}

func TestRetention_RemovesEventsWithAllThatBelongsToThem(t *testing.T) {
	for _, limit := range []int{1, 2, 3, 500} {
		t.Run(fmt.Sprint("in steps of ", limit), func(t *testing.T) {
			s := newStage(t)
			s.webhook(t, hook.Rule{Events: []string{"*"}})
			s.webhook(t, hook.Rule{Events: []string{"*"}})
			s.sends(t, "e1", "e2", "e3", "e4")
			s.post(t, event("unmatched", "TODO_CREATED", "p1"))
			s.ages(t, 31, "e1", "e2", "e3")
			require.Equal(t, 3+6+6, s.retain(t, limit))
			require.ElementsMatch(t, []string{"e4", "unmatched"}, s.left(t))
			require.Equal(t, 4, s.number(t, `SELECT count(*) FROM deliveries`), "two of e4, two of the other one")
			require.Equal(t, 2, s.number(t, `SELECT count(*) FROM attempts`))
			require.Empty(t, s.checked(t, 2).Differences)

			r, err := s.Retention(context.Background())
			require.NoError(t, err)
			require.Equal(t, []hook.RetentionCount{
				{Part: "attempts", Total: 6, LastRun: 6}, {Part: "deliveries", Total: 6, LastRun: 6}, {Part: "events", Total: 3, LastRun: 3},
			}, r.Removed)
			require.WithinDuration(t, time.Now().Add(-keep.Data), r.KeptSince, time.Minute)
			require.False(t, r.FinishedAt.IsZero())
			require.Zero(t, s.retain(t, limit), "a second run finds nothing")
			r, err = s.Retention(context.Background())
			require.NoError(t, err)
			require.Equal(t, hook.RetentionCount{Part: "events", Total: 3}, r.Removed[2])
		})
	}
}

func TestRetention_KeepsWhatIsNeeded(t *testing.T) {
	for name, needed := range map[string]string{
		"pending":                         `UPDATE deliveries SET status = 'pending', finished_at = NULL, dispatch_at = 'infinity' WHERE event_id = 'e1'`,
		"retrying":                        `UPDATE deliveries SET status = 'retrying', finished_at = NULL, dispatch_at = now() WHERE event_id = 'e1'`,
		"held":                            `UPDATE deliveries SET status = 'held', reason = 'webhook_disabled', finished_at = NULL WHERE event_id = 'e1'`,
		"finished lately":                 `UPDATE deliveries SET finished_at = now() WHERE event_id = 'e1'`,
		"its workflow is not noted":       `UPDATE deliveries SET dispatch_at = now(), begun_at = created_at, run_id = NULL WHERE event_id = 'e1'`,
		"one of two deliveries":           `UPDATE deliveries SET status = 'failed', reason = 'gone', finished_at = now() WHERE id = (SELECT min(id) FROM deliveries WHERE event_id = 'e1')`,
		"accepted lately by its own time": `UPDATE events SET accepted_at = now() WHERE id = 'e1'`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, limit := range []int{1, 500} {
				s := newStage(t)
				s.webhook(t, hook.Rule{Events: []string{"*"}})
				s.webhook(t, hook.Rule{Events: []string{"*"}})
				s.sends(t, "e0", "e1", "e2")
				s.ages(t, 31, "e0", "e1", "e2")
				pgtest.Exec(t, s.url, needed)
				s.retain(t, limit)
				require.Equal(t, []string{"e1"}, s.left(t))
				require.Equal(t, 2, s.number(t, `SELECT count(*) FROM deliveries`), "its siblings stay with it")
				require.Equal(t, 2, s.number(t, `SELECT count(*) FROM attempts`))
			}
		})
	}
}

func TestRetention_KeepsAnEventThatWasRedelivered(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.sends(t, "e1")
	s.ages(t, 31, "e1")
	old, err := s.Deliveries(context.Background(), hook.DeliveryFilter{EventID: "e1"}, anyPage)
	require.NoError(t, err)
	again, err := s.Redeliver(context.Background(), old[0].ID)
	require.NoError(t, err)
	require.Zero(t, s.retain(t, 500))
	for _, c := range s.due10(t) {
		s.attempt(t, c.DeliveryID, success())
	}
	pgtest.Exec(t, s.url, `UPDATE deliveries SET dispatch_at = NULL`)
	require.Zero(t, s.retain(t, 500), "it was finished lately")
	pgtest.Exec(t, s.url, `UPDATE deliveries SET finished_at = now() - interval '31 days' WHERE id = $1`, again.ID)
	require.Equal(t, 1+2+2, s.retain(t, 500))
	require.True(t, s.ledger(t, w.ID).Balanced())
}

func TestRetention_KeepsWhatAWindowWaitsWith(t *testing.T) {
	o := combination(t, nil)
	id := o.happens(t, "p1", first, 31*24*time.Hour)
	require.Zero(t, o.retain(t, 500))
	require.Equal(t, []string{id}, o.left(t))
	pgtest.Exec(t, o.url, `DELETE FROM windows`)
	require.Equal(t, 1, o.retain(t, 500))
}

func TestRetention_PassesOverWhatSomebodyHasLocked(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.sends(t, "e1", "e2")
	s.ages(t, 31, "e1", "e2")
	free := s.locks(t, `SELECT FROM deliveries WHERE id = (SELECT max(id) FROM deliveries WHERE event_id = 'e1') FOR UPDATE`)
	s.retain(t, 500)
	require.Equal(t, []string{"e1"}, s.left(t))
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM deliveries`))
	free()
	s.retain(t, 500)
	require.Empty(t, s.left(t))
}

func TestRetention_MakesOneStepAtATime(t *testing.T) {
	s := newStage(t)
	free := s.locks(t, `SELECT FROM retention FOR UPDATE`)
	step, err := s.RetentionStep(context.Background(), keep, 500)
	require.NoError(t, err)
	require.Equal(t, hook.RetentionStep{Busy: true}, step)
	free()
}

func TestRetention_IsBusyWhileDeliveriesWait(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	step, err := s.RetentionStep(context.Background(), keep, 500)
	require.NoError(t, err)
	require.False(t, step.Busy)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET dispatch_at = now() - interval '3 seconds'`)
	step, err = s.RetentionStep(context.Background(), keep, 500)
	require.NoError(t, err)
	require.True(t, step.Busy)
}

// TestRetention_RacesWithRedeliveries redelivers old events while they are being
// removed: each is there with both deliveries, or gone with both.
func TestRetention_RacesWithRedeliveries(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	var ids []string
	const n = 60
	for i := range n {
		ids = append(ids, fmt.Sprintf("e%03d", i))
	}
	s.sends(t, ids...)
	s.ages(t, 31, ids...)
	old, err := s.Deliveries(context.Background(), hook.DeliveryFilter{}, anyPage)
	require.NoError(t, err)
	require.Len(t, old, n)
	var group sync.WaitGroup
	redelivered := 0
	group.Go(func() {
		for _, d := range old { // newest first, the steps begin with the oldest
			if _, err := s.Redeliver(context.Background(), d.ID); err == nil {
				redelivered++
			}
		}
	})
	for s.retain(t, 7) > 0 {
	}
	group.Wait()
	s.retain(t, 7)
	require.Len(t, s.left(t), redelivered) // how many depends on who was faster
	require.Equal(t, 2*redelivered, s.number(t, `SELECT count(*) FROM deliveries`))
	require.Zero(t, s.number(t, `SELECT count(*) FROM deliveries d WHERE NOT EXISTS (SELECT FROM events e WHERE e.id = d.event_id)`))
	require.Zero(t, s.number(t, `SELECT count(*) FROM attempts a WHERE NOT EXISTS (SELECT FROM deliveries d WHERE d.id = a.delivery_id)`))
	require.Zero(t, s.number(t, `SELECT count(*) FROM deliveries d WHERE d.redelivery_of IS NOT NULL AND NOT EXISTS (SELECT FROM deliveries o WHERE o.id = d.redelivery_of)`))
}

// locks holds what a statement locks, until free is called.
func (s stage) locks(t testing.TB, statement string) (free func()) {
	t.Helper()
	tx := s.begins(t)
	_, err := tx.Exec(statement)
	require.NoError(t, err)
	return func() { require.NoError(t, tx.Rollback()) }
}
