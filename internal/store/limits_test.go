package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// limited stores a webhook for everything with the given limits, 0 = none.
func (s stage) limited(t *testing.T, rate float64, inFlight int) hook.Webhook {
	t.Helper()
	w := draft("u1", hook.Rule{Events: []string{"*"}})
	w.RateLimitPerSecond, w.MaxInFlight = rate, inFlight
	w, err := s.CreateWebhook(context.Background(), w)
	require.NoError(t, err)
	return w
}

// posts posts n events, e1 first.
func (s stage) posts(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		s.post(t, event(fmt.Sprintf("e%d", i+1), "TODO_CREATED", "p1"))
	}
}

// Release releases as the dispatcher does.
func (s stage) Release(ctx context.Context, t hook.Take) ([]hook.Claim, error) {
	if _, err := s.Queued(ctx); err != nil {
		return nil, err
	}
	return s.Store.Release(ctx, t)
}

// released gives the deliveries that are let go now.
func (s stage) released(t *testing.T) []hook.Claim {
	t.Helper()
	claims, err := s.Release(context.Background(), hook.Take{Limit: 64, Lease: lease})
	require.NoError(t, err)
	return claims
}

// begin starts the next attempt and gives its number.
func (s stage) begin(t *testing.T, deliveryID string, patience time.Duration) int {
	t.Helper()
	ctx := context.Background()
	p, err := s.Parcel(ctx, deliveryID)
	require.NoError(t, err)
	n, err := s.Begin(ctx, p, "run", patience)
	require.NoError(t, err)
	return n
}

// end ends an attempt of a webhook with limits.
func (s stage) end(t *testing.T, deliveryID string, number int, r hook.Result) {
	t.Helper()
	f := hook.Conclude(deliveryID, number, r, func() time.Duration { return time.Hour })
	f.HadSlot = true
	require.NoError(t, s.Finish(context.Background(), f))
}

// due makes the next attempt of a delivery due now.
func (s stage) due(t *testing.T, deliveryID string) hook.Parcel {
	t.Helper()
	pgtest.Exec(t, s.url, `UPDATE deliveries SET next_attempt_at = now() WHERE id = $1 AND status = 'retrying'`, deliveryID)
	p, err := s.Parcel(context.Background(), deliveryID)
	require.NoError(t, err)
	return p
}

// number reads one number by SQL.
func (s stage) number(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.QueryRow(query, args...).Scan(&n))
	return n
}

// places is how many places are taken.
func (s stage) places(t *testing.T) int {
	t.Helper()
	return s.number(t, `SELECT count(*) FROM deliveries WHERE slot_until > now()`)
}

func TestReleaseKeepsTheCap(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.limited(t, 0, 2)
	s.posts(t, 5)
	due, err := s.Claim(ctx, 64, lease)
	require.NoError(t, err)
	require.Empty(t, due, "what is queued is not due")

	first := s.released(t)
	require.Len(t, first, 2)
	require.Equal(t, hook.Claim{DeliveryID: first[0].DeliveryID, Generation: 1, WebhookID: w.ID, OwnerID: "u1", EventID: "e1", EventType: "TODO_CREATED", CompanyID: "c1", Host: "example.com"}, first[0])
	require.Equal(t, "e2", first[1].EventID)
	require.Empty(t, s.released(t))
	require.Equal(t, 1, s.begin(t, first[0].DeliveryID, time.Minute))
	require.Empty(t, s.released(t))
	s.end(t, first[0].DeliveryID, 1, success())
	next := s.released(t)
	require.Len(t, next, 1)
	require.Equal(t, "e3", next[0].EventID)
}

func TestReleaseKeepsTheRate(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.limited(t, 20, 0)
	s.posts(t, 30)
	claims := s.released(t)
	require.Len(t, claims, 11, "half a second ahead, and one for now")
	require.Empty(t, s.released(t))
	for i, c := range claims {
		p, err := s.Parcel(ctx, c.DeliveryID)
		require.NoError(t, err)
		wait, queued, err := s.Pace(ctx, p)
		require.NoError(t, err)
		require.False(t, queued)
		require.LessOrEqual(t, wait, time.Duration(i)*50*time.Millisecond)
		require.Equal(t, 1, s.begin(t, c.DeliveryID, time.Minute))
	}
	more := len(s.released(t))
	at := s.number(t, `SELECT (extract(epoch FROM free_at - now()) * 1000)::int FROM lanes`) // afterwards it is less than it was
	require.LessOrEqual(t, at, 550)
	require.LessOrEqual(t, more, 11-at/50, "what is reserved counts")
}

func TestAStartThatIsTooFarAwayGoesBackIntoTheQueue(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.limited(t, 1, 0)
	s.posts(t, 1)
	id := s.released(t)[0].DeliveryID
	p, err := s.Parcel(ctx, id)
	require.NoError(t, err)
	pgtest.Exec(t, s.url, `UPDATE lanes SET free_at = now() + interval '1 minute' WHERE webhook_id = $1`, w.ID)
	_, queued, err := s.Pace(ctx, p)
	require.NoError(t, err)
	require.True(t, queued)
	require.Zero(t, s.places(t))
	require.Empty(t, s.released(t))
	pgtest.Exec(t, s.url, `UPDATE lanes SET free_at = now()`)
	require.Equal(t, 2, s.released(t)[0].Generation)
}

func TestARetryTakesAPlaceOrQueues(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.limited(t, 0, 1)
	s.posts(t, 2)
	first := s.released(t)[0].DeliveryID
	s.end(t, first, s.begin(t, first, time.Minute), failure())
	p := s.due(t, first)
	require.Equal(t, hook.StepTakeSlot, hook.Decide(p, 1).Step)

	second := s.released(t)[0].DeliveryID
	queued, err := s.TakeSlot(ctx, p)
	require.NoError(t, err)
	require.True(t, queued)
	queued, err = s.TakeSlot(ctx, p)
	require.NoError(t, err)
	require.False(t, queued, "it has changed since it was read")
	p, err = s.Parcel(ctx, first)
	require.NoError(t, err)
	require.Equal(t, hook.StepSuperseded, hook.Decide(p, 1).Step)
	require.Equal(t, hook.Retrying, p.Delivery.Status)
	require.Equal(t, 1, p.Delivery.Attempts, "no attempt is burnt")
	require.True(t, p.Delivery.NextAttemptAt.IsZero())
	require.Empty(t, s.released(t))

	s.end(t, second, s.begin(t, second, time.Minute), success())
	next := s.released(t)
	require.Len(t, next, 1)
	require.Equal(t, first, next[0].DeliveryID)
	require.Equal(t, 2, next[0].Generation)
	s.end(t, first, s.begin(t, first, time.Minute), failure())

	queued, err = s.TakeSlot(ctx, s.due(t, first))
	require.NoError(t, err)
	require.False(t, queued)
	s.posts(t, 3) // the third one is new
	require.Empty(t, s.released(t), "the retry has the only place")
	require.Equal(t, 3, s.begin(t, first, time.Minute))
}

func TestLimitsCountFromTheNextRelease(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.limited(t, 0, 1)
	s.posts(t, 100)
	limit := func(n int) {
		_, err := s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error { w.MaxInFlight = n; return nil })
		require.NoError(t, err)
	}
	require.Len(t, s.released(t), 1)
	limit(3)
	require.Len(t, s.released(t), 2)
	limit(0)
	require.Empty(t, s.released(t), "it has no limits any more")
	require.Len(t, s.takenQueued(t), 64, "what is queued goes in rounds")
	require.Len(t, s.takenQueued(t), 33)
	id := s.firstID(t)
	s.end(t, id, s.begin(t, id, time.Minute), failure())
	limit(1)
	require.Equal(t, hook.StepTakeSlot, hook.Decide(s.due(t, id), 1).Step)
	queued, err := s.TakeSlot(ctx, s.due(t, id))
	require.NoError(t, err)
	require.True(t, queued)
}

func TestARoundIsSharedAmongWebhooks(t *testing.T) {
	s := newStage(t)
	for range 3 {
		s.limited(t, 0, 50)
	}
	s.posts(t, 50)
	counts := map[string]int{}
	for _, c := range s.released(t) {
		counts[c.WebhookID]++
	}
	require.Len(t, counts, 3)
	for _, n := range counts {
		require.GreaterOrEqual(t, n, 21)
	}
}

// carry does for a delivery what its workflow does, without waits between the
// attempts: the first one fails, the second succeeds. It gives the last number.
func (s stage) carry(deliveryID string, send func()) (int, error) {
	ctx := context.Background()
	for {
		p, err := s.Parcel(ctx, deliveryID)
		if err != nil {
			return 0, err
		}
		switch hook.Decide(p, p.Delivery.Generation).Step {
		case hook.StepTakeSlot:
			if queued, err := s.TakeSlot(ctx, p); queued || err != nil {
				return 0, err
			}
		case hook.StepSend:
			number, err := s.Begin(ctx, p, "run", time.Minute)
			if err != nil {
				return 0, err
			}
			if number == 0 {
				continue
			}
			send()
			f := hook.Conclude(deliveryID, number, map[bool]hook.Result{true: failure(), false: success()}[number == 1], func() time.Duration { return 0 })
			f.HadSlot = true
			if err := s.Finish(ctx, f); err != nil || number == 2 {
				return number, err
			}
		default:
			return 0, nil
		}
	}
}

// TestTwoProcessesKeepTheCap has two stores work a queue off side by side, with
// a retry of each delivery, and counts what is under way.
func TestTwoProcessesKeepTheCap(t *testing.T) {
	s := newStage(t)
	const inFlight, n = 3, 60
	s.limited(t, 0, inFlight)
	s.posts(t, n)
	var under, most, done atomic.Int64
	send := func() {
		for now := under.Add(1); now > most.Load(); {
			most.Store(now)
		}
		<-time.After(2 * time.Millisecond)
		under.Add(-1)
	}
	var group sync.WaitGroup
	for range 2 {
		process := s
		process.Store = open(t, s.url)
		group.Go(func() {
			for done.Load() < n {
				claims, err := process.Release(context.Background(), hook.Take{Limit: 64, Lease: lease})
				if err != nil {
					t.Error(err)
					return
				}
				for _, c := range claims {
					group.Go(func() {
						last, err := process.carry(c.DeliveryID, send)
						if err != nil {
							t.Error(err)
						}
						if last == 2 {
							done.Add(1)
						}
					})
				}
			}
		})
	}
	group.Wait()
	require.LessOrEqual(t, most.Load(), int64(inFlight)) // how near it comes to it is a matter of time
	require.Zero(t, s.number(t, `SELECT count(*) FROM deliveries WHERE slot_until IS NOT NULL OR attempts <> 2`))
}
