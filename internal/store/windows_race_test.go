package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// TestCombinationsOfEventsPostedAtOnce posts both parts of many combinations side
// by side, while several workers follow the windows and the webhook is edited.
func TestCombinationsOfEventsPostedAtOnce(t *testing.T) {
	const keys = 40
	o := combination(t, func(c *hook.Combination) { c.Same = "current.id" })
	ctx := context.Background()
	var posts, workers sync.WaitGroup
	var fired atomic.Int64
	done := make(chan struct{})
	for range 4 {
		workers.Go(func() {
			for last := false; !last; {
				select {
				case <-done:
					last = true // what was posted before is seen by one more round
				default:
				}
				fired.Add(int64(o.followDue(t)))
			}
		})
	}
	for i := range keys {
		for _, eventType := range []string{"TODO_CREATED", "TODO_DELETED"} {
			posts.Go(func() {
				e := event(fmt.Sprintf("%s.%d", eventType, i), eventType, "p1")
				e.Current = []byte(fmt.Sprintf(`{"id":%d}`, i))
				o.post(t, e)
			})
		}
	}
	for i := range 20 {
		_, err := o.UpdateWebhook(ctx, o.webhook.ID, 0, func(w *hook.Webhook) error { w.Name = fmt.Sprint("edit ", i); return nil })
		require.NoError(t, err)
	}
	posts.Wait()
	close(done)
	workers.Wait()
	fired.Add(int64(o.followDue(t))) // what another worker had locked
	require.EqualValues(t, keys, fired.Load())
	require.Equal(t, keys, o.count(t, `SELECT count(*) FROM events e JOIN deliveries d ON d.event_id = e.id WHERE e.type = 'combination'`))
	require.Equal(t, 2*keys, o.count(t, `SELECT count(DISTINCT part_event_id) FROM combination_parts`))
	o.closed(t)
}

// followDue advances the windows that are due, as their workflows would, and
// says how often they fired.
func (o *opening) followDue(t *testing.T) int {
	fired := 0
	claims, err := o.ClaimWindows(context.Background(), 100, lease)
	require.NoError(t, err)
	for _, c := range claims {
		p, err := o.Advance(context.Background(), c.RuleID, c.Key)
		require.NoError(t, err)
		fired += len(p.Fired)
	}
	return fired
}

func TestAMembershipThatEndsWhileACombinationFires(t *testing.T) {
	o := combination(t, nil)
	o.happens(t, "p1", first, 0)
	rest := o.happens(t, "p2", second, 0)
	ends, err := o.db.Begin()
	require.NoError(t, err)
	defer ends.Rollback() //nolint:errcheck // nothing is left to roll back when the test passes
	_, err = ends.Exec(`DELETE FROM members WHERE project_id = 'p1' AND user_id = 'u1'`)
	require.NoError(t, err)

	result := make(chan error)
	go func() {
		_, err := o.Advance(context.Background(), o.ruleID, "k")
		result <- err
	}()
	require.Eventually(t, func() bool {
		return o.count(t, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`) > 0
	}, time.Minute, 10*time.Millisecond, "it waits for the membership")
	require.NoError(t, ends.Commit())
	require.NoError(t, <-result)

	p := o.advance(t)
	require.Empty(t, p.Fired)
	require.Equal(t, []hook.WaitingEvent{{EventID: rest, Parts: []int{2}}}, p.Waiting)
	require.Zero(t, o.count(t, `SELECT count(*) FROM deliveries`))
}
