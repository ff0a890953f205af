package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// deadlocks closes the store and says how many circles of locks Postgres has
// found: each session counts its own when it ends.
func (s stage) deadlocks(t *testing.T) (n int) {
	t.Helper()
	require.NoError(t, s.Close())
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	defer db.Close()
	require.Eventually(t, func() bool {
		var others int
		require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`).Scan(&others))
		return others == 0
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, db.QueryRow(`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&n))
	return n
}

// rush is all who lock a webhook or its deliveries.
type rush struct {
	stage
	webhooks [2]hook.Webhook
	mu       sync.Mutex
	begun    []hook.Parcel
}

func newRush(t *testing.T) *rush {
	s := newStage(t)
	both := hook.Combination{AllOf: []hook.Part{{Events: []string{"TODO_CREATED"}}, {Events: []string{"TODO_DELETED"}}}, Within: "10m", Same: "current.id"}
	all := hook.Rule{Events: []string{"*"}}
	return &rush{stage: s, webhooks: [2]hook.Webhook{s.webhook(t, all), s.webhook(t, all, hook.Rule{Combination: &both})}}
}

// ended takes on what is due, and gives the ends of some attempts.
func (c *rush) ended(ctx context.Context, r hook.Result) ([]hook.Finish, error) {
	taken, err := c.Take(ctx, hook.Take{Limit: 20, Timeout: time.Minute, Margin: time.Minute, Lease: time.Minute})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun = append(c.begun, taken.Begun...)
	n := min(len(c.begun), 10)
	ends := make([]hook.Finish, n)
	for i, p := range c.begun[:n] {
		ends[i] = hook.Conclude(p.Delivery.ID, 1, r, func() time.Duration { return time.Millisecond })
	}
	c.begun = c.begun[n:]
	return ends, err
}

func (c *rush) carried() []hook.Carried {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []hook.Carried
	for _, p := range c.begun {
		all = append(all, hook.Carried{DeliveryID: p.Delivery.ID, Generation: 1, RunID: "run", Batch: "b"})
	}
	return all
}

// attempts is what workers do, in their n-th round.
func (c *rush) attempts(ctx context.Context) map[string]func(n int) error {
	gone := hook.Result{Outcome: hook.Failure, Reason: hook.ReasonGone, StatusCode: 410}
	return map[string]func(n int) error{
		"succeed": func(int) error {
			ends, err := c.ended(ctx, success())
			if len(ends) > 0 && err == nil {
				_, err = c.Succeed(ctx, ends)
			}
			return err
		},
		"fail": func(n int) error {
			ends, err := c.ended(ctx, map[bool]hook.Result{true: gone, false: failure()}[n%4 == 0])
			for i := 0; i < len(ends) && err == nil; i++ {
				err = c.Fail(ctx, ends[i:i+1])
			}
			return err
		},
		"probe": func(n int) error {
			_, _, err := c.Happen(ctx, c.webhooks[n%2].ID, hook.Cause{What: []hook.Happened{hook.ProbeFailed, hook.OwnerEnabled}[n%2], Release: true})
			return err
		},
		"withdraw": func(int) error { _, err := c.Withdraw(ctx, time.Minute); return err },
		"release":  func(int) error { _, err := c.Release(ctx, hook.Take{Limit: 20, Lease: time.Minute}); return err },
		"carry":    func(int) error { return c.Carried(ctx, c.carried()) },
		"windows": func(int) error {
			claims, err := c.ClaimWindows(ctx, 100, 0)
			for i := 0; i < len(claims) && err == nil; i++ {
				_, _ = c.Advance(ctx, claims[i].RuleID, claims[i].Key) // fails where a membership ends just then
			}
			return err
		},
	}
}

// changes is what callers of the API do, in their n-th round.
func (c *rush) changes(ctx context.Context) map[string]func(n int) error {
	return map[string]func(n int) error{
		"post": func(n int) error {
			var events []hook.Event
			for i := range 10 {
				e := event(fmt.Sprintf("e%d.%d", n, i), []string{"TODO_CREATED", "TODO_DELETED"}[i%2], "p1")
				e.Current = []byte(fmt.Sprintf(`{"id":%d}`, i/2))
				events = append(events, e)
			}
			_, err := c.Ingest(ctx, events)
			return err
		},
		"edit": func(n int) error {
			_, err := c.UpdateWebhook(ctx, c.webhooks[n%2].ID, 0, func(w *hook.Webhook) error {
				w.Rules = append([]hook.Rule{{Events: []string{fmt.Sprintf("TODO_%d*", n), "*"}}}, w.Rules[1:]...)
				return map[bool]func(*hook.Webhook) error{true: disable, false: enable}[n%3 == 0](w)
			})
			return err
		},
		"member": func(n int) error {
			if n%2 == 0 {
				_, err := c.PutMember(ctx, "p1", "u1")
				return err
			}
			return c.DeleteMember(ctx, "p1", "u1")
		},
		"again": func(n int) error {
			r, err := c.CreateRedelivery(ctx, hook.RedeliveryQuery{WebhookID: c.webhooks[n%2].ID, Statuses: []hook.DeliveryStatus{hook.Failed, hook.Held, hook.Cancelled}})
			if err == nil {
				_, err = c.RedeliverStep(ctx, r.ID)
			}
			return err
		},
		"delete": func(int) error {
			w, err := c.CreateWebhook(ctx, draft("u1", hook.Rule{Events: []string{"*"}}))
			if err == nil {
				err = c.DeleteWebhook(ctx, w.ID)
			}
			return err
		},
	}
}

// TestLockOrder_NoCircleWhateverHappensAtOnce does all that locks a webhook or its
// deliveries, side by side.
func TestLockOrder_NoCircleWhateverHappensAtOnce(t *testing.T) {
	const rounds = 12
	ctx := context.Background()
	c := newRush(t)
	jobs := c.attempts(ctx)
	maps.Copy(jobs, c.changes(ctx))
	var group sync.WaitGroup
	for name, job := range jobs {
		group.Go(func() {
			for n := range rounds {
				err := job(n)
				switch hook.CodeOf(err) {
				case hook.CodeConflict, hook.CodeNotFound, hook.CodeInvalid: // as others have left it
				default:
					if err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
			}
		})
	}
	group.Wait()
	require.Zero(t, c.deadlocks(t))
}
