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

// takenDrained begins what is being released, up to 64 of each webhook.
func (s stage) takenDrained(t *testing.T) []hook.Parcel {
	t.Helper()
	queued, err := s.Queued(context.Background())
	require.NoError(t, err)
	room := map[string]int{}
	for _, q := range queued {
		if q.Drains {
			room[q.WebhookID] = 64
		}
	}
	taken, err := s.TakeDrained(context.Background(), taking, room)
	require.NoError(t, err)
	require.Empty(t, taken.Rest)
	return taken.Begun
}

// drains has n deliveries of a webhook held that is then switched on again.
func (s stage) drains(t *testing.T, n int) hook.Webhook {
	t.Helper()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	_, err := s.UpdateWebhook(context.Background(), w.ID, 0, disable)
	require.NoError(t, err)
	s.posts(t, n)
	_, err = s.UpdateWebhook(context.Background(), w.ID, 0, enable)
	require.NoError(t, err)
	return w
}

func TestTakeDrained_BeginsWhatWasHeldGently(t *testing.T) {
	s := newStage(t)
	const n = 40
	s.drains(t, n)
	s.post(t, event("late", "TODO_CREATED", "p1"))
	var order, rounds []string
	for len(order) <= n {
		begun := s.takenDrained(t)
		require.NotEmpty(t, begun)
		require.Empty(t, s.takenDrained(t), "the slots are taken")
		require.Empty(t, s.released(t), "for all")
		rounds = append(rounds, fmt.Sprint(len(begun)))
		for _, p := range begun {
			require.True(t, p.Limited(), "its end gives a slot back")
			require.NotEmpty(t, p.Event.Current)
			order = append(order, p.Event.ID)
			s.end(t, p.Delivery.ID, 1, success())
		}
	}
	require.Equal(t, []string{"1", "2", "4", "8", "16"}, rounds[:5])
	for i := range n {
		require.Equal(t, fmt.Sprintf("e%d", i+1), order[i])
	}
	require.Equal(t, "late", order[n])
	require.Equal(t, n+1, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'succeeded' AND attempts = 1 AND slot_until IS NULL`))
	require.Equal(t, n+1, s.number(t, `SELECT count(*) FROM attempts`))
}

func TestTakeDrained_BeginsWhatIsRedelivered(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	base := s.failed(t, w.ID, 20)
	r := s.redelivery(t, query(w.ID, base))
	s.step(t, r.ID)
	sent := 0
	for begun := s.takenDrained(t); len(begun) > 0; begun = s.takenDrained(t) {
		for _, p := range begun {
			s.end(t, p.Delivery.ID, 1, success())
		}
		sent += len(begun)
	}
	require.Equal(t, 20, sent)
	require.True(t, s.step(t, r.ID).Done)
}

func TestTakeDrained_LeavesTheRestToRelease(t *testing.T) {
	for name, change := range map[string]string{
		"a rate":        `UPDATE webhooks SET version = version + 1, rate_limit_per_second = 100`,
		"a slow one":    `UPDATE webhooks SET version = version + 1, paused_until = now() - interval '1 second', pace = 1`,
		"tried before":  `UPDATE deliveries SET attempts = 1, run_id = 'run'`,
		"a carrier":     `UPDATE deliveries SET run_id = 'run'`,
		"access lost":   `DELETE FROM members`,
		"expunged":      `UPDATE events SET expunged_at = now()`,
		"too old a one": `UPDATE webhooks SET version = version + 1, max_age = 1; UPDATE deliveries SET created_at = now() - interval '1 hour'`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.drains(t, 3)
			pgtest.Exec(t, s.url, change)
			require.Empty(t, s.takenDrained(t))
			require.Len(t, s.released(t), 1)
		})
	}
}

// The oldest go first, whoever gives them out.
func TestTakeDrained_PassesNothingOlder(t *testing.T) {
	s := newStage(t)
	s.drains(t, 3)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET run_id = 'run' WHERE event_id = 'e1'`)
	require.Empty(t, s.takenDrained(t), "the only slot is that of e1")
	released := s.released(t)
	require.Len(t, released, 1)
	require.Equal(t, "e1", released[0].EventID)
}

func TestTakeDrained_GivesBackWhatIsNotMade(t *testing.T) {
	s := newStage(t)
	s.drains(t, 2)
	begun := s.takenDrained(t)
	require.Len(t, begun, 1)
	require.NoError(t, s.GiveBack(context.Background(), []string{begun[0].Delivery.ID}))
	require.Zero(t, s.places(t))
	require.Empty(t, s.taken(t), "it waits for a slot")
	again := s.takenDrained(t)
	require.Len(t, again, 1)
	require.Equal(t, begun[0].Delivery.ID, again[0].Delivery.ID)
}

func TestTakeDrained_LosesNothingWithItsWorker(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.drains(t, 2)
	past := taking
	past.Timeout, past.Margin = 0, -time.Second
	taken, err := s.TakeDrained(ctx, past, map[string]int{w.ID: 1})
	require.NoError(t, err)
	require.Len(t, taken.Begun, 1)
	id := taken.Begun[0].Delivery.ID
	claims, err := s.Store.Claim(ctx, 10, lease)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	require.Equal(t, id, claims[0].DeliveryID)
	require.Equal(t, hook.StepTakeSlot, hook.Decide(s.due(t, id), 1).Step, "once more")
	queued, err := s.TakeSlot(ctx, s.due(t, id))
	require.NoError(t, err)
	require.False(t, queued)
	require.Equal(t, 2, s.begin(t, id, time.Minute))
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM attempts WHERE outcome = 'lost' AND number = 1`))
}

func TestTakeDrained_EndsWhatCannotBeSent(t *testing.T) {
	s := newStage(t)
	s.drains(t, 1)
	pgtest.Exec(t, s.url, `UPDATE webhooks SET version = version + 1, secret = 'x' || secret`)
	require.Empty(t, s.takenDrained(t))
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'failed' AND reason = 'internal' AND slot_until IS NULL`))
}

// Release looks at a webhook in the same round unless all of its oldest were begun.
func TestTakeDrained_SaysWhereNothingIsLeftToRelease(t *testing.T) {
	s := newStage(t)
	w := s.drains(t, 5)
	pgtest.Exec(t, s.url, `UPDATE webhooks SET drain = 2; UPDATE deliveries SET attempts = 1, run_id = 'run' WHERE event_id = 'e4'`)
	for _, want := range [][]string{{w.ID}, nil} { // e1 and e2; e3 without e4
		taken, err := s.TakeDrained(context.Background(), taking, map[string]int{w.ID: 64})
		require.NoError(t, err)
		require.Equal(t, want, taken.Drained)
		for _, p := range taken.Begun {
			s.end(t, p.Delivery.ID, 1, success())
		}
		pgtest.Exec(t, s.url, `UPDATE webhooks SET drain = 2`)
	}
}
