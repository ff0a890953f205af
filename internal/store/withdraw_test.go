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

// fill makes n events that wait for a webhook, half of them queued and half due
// for the first time.
func (s stage) fill(t testing.TB, webhookID string, n int) {
	t.Helper()
	pgtest.Exec(t, s.url, `
		INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint)
		SELECT 'q' || i, 'TODO_CREATED', 'p1', 'c1', now(), '{}', '' FROM generate_series(1, $1::int) i`, n)
	pgtest.Exec(t, s.url, `
		INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, dispatch_at)
		SELECT 'dlv_' || lpad(i::text, 26, '0'), 'q' || i, $1, 'TODO_CREATED', 'p1', 'c1', 'pending',
			CASE WHEN i % 2 = 0 THEN timestamptz 'infinity' ELSE now() + i * interval '1 microsecond' END
		FROM generate_series(1, $2::int) i`, webhookID, n)
}

// steps makes the steps of withdrawals until none is due, and says how many.
func (s stage) steps(t testing.TB) (n int) {
	t.Helper()
	for {
		made, err := s.Withdraw(context.Background(), time.Minute)
		require.NoError(t, err)
		if !made {
			return n
		}
		n++
	}
}

// allSeen is when every ingest sees the change.
func (s stage) allSeen(t testing.TB) {
	t.Helper()
	pgtest.Exec(t, s.url, `UPDATE withdrawals SET due_at = now(), until = now()`)
}

func (s stage) switched(t testing.TB, webhookID string, edit func(*hook.Webhook) error) {
	t.Helper()
	_, err := s.UpdateWebhook(context.Background(), webhookID, 0, edit)
	require.NoError(t, err)
}

// atOneGo is how many one step looks at.
const atOneGo = 500

func TestWithdrawal_ALongQueueKeepsNoChangeWaiting(t *testing.T) {
	const waiting = 5000
	for name, c := range map[string]struct {
		change func(ctx context.Context, s stage, webhookID string) error
		status hook.DeliveryStatus
		reason hook.Reason
	}{
		"disabled": {func(ctx context.Context, s stage, id string) error {
			_, err := s.UpdateWebhook(ctx, id, 0, disable)
			return err
		}, hook.Held, hook.ReasonWebhookDisabled},
		"deactivated": {func(ctx context.Context, s stage, id string) error {
			_, _, err := s.Happen(ctx, id, hook.Cause{What: hook.ProbeFailed, Reason: hook.ReasonDNS})
			return err
		}, hook.Held, hook.ReasonWebhookDisabled},
		"deleted": {func(ctx context.Context, s stage, id string) error { return s.DeleteWebhook(ctx, id) }, hook.Cancelled, hook.ReasonWebhookDeleted},
		"user":    {func(ctx context.Context, s stage, _ string) error { return s.DeleteUser(ctx, "u1") }, hook.Cancelled, hook.ReasonWebhookDeleted},
		"member":  {func(ctx context.Context, s stage, _ string) error { return s.DeleteMember(ctx, "p1", "u1") }, hook.Cancelled, hook.ReasonMembershipLost},
		"project": {func(ctx context.Context, s stage, _ string) error { return s.DeleteProject(ctx, "p1") }, hook.Cancelled, hook.ReasonProjectDeleted},
		"company": {func(ctx context.Context, s stage, _ string) error { return s.DeleteCompany(ctx, "c1") }, hook.Cancelled, hook.ReasonProjectDeleted},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			w := s.webhook(t, hook.Rule{Events: []string{"*"}})
			s.fill(t, w.ID, waiting)
			require.NoError(t, c.change(context.Background(), s, w.ID))
			out := func() int {
				return s.number(t, `SELECT count(*) FROM deliveries WHERE status = $1 AND reason = $2`, c.status, c.reason)
			}
			require.Equal(t, atOneGo, out(), "the change takes out no more than one step does")
			for before := out(); before < waiting; before = out() {
				made, err := s.Withdraw(context.Background(), time.Minute)
				require.NoError(t, err)
				require.True(t, made)
				require.LessOrEqual(t, out()-before, atOneGo)
			}
			s.allSeen(t)
			s.steps(t)
			s.allSeen(t)
			s.steps(t)
			require.Zero(t, s.number(t, `SELECT count(*) FROM withdrawals`), "nothing is left to be done")
			require.Equal(t, waiting, out())
		})
	}
}

func TestWithdrawal_NothingIsSentOfWhatItHasNotReached(t *testing.T) {
	ctx := context.Background()
	take := hook.Take{Limit: 100, Timeout: time.Minute, Margin: time.Minute, Lease: time.Minute}
	for name, change := range map[string]func(s stage, id string) error{
		"off": func(s stage, id string) error {
			_, err := s.UpdateWebhook(ctx, id, 0, disable)
			return err
		},
		"deleted": func(s stage, id string) error { return s.DeleteWebhook(ctx, id) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			w := s.webhook(t, hook.Rule{Events: []string{"*"}})
			require.NoError(t, change(s, w.ID))
			s.fill(t, w.ID, 20)
			pgtest.Exec(t, s.url, `UPDATE deliveries SET dispatch_at = now() WHERE dispatch_at < 'infinity'`)
			id := "dlv_00000000000000000000000001"
			p, err := s.Parcel(ctx, id)
			require.NoError(t, err)
			n, err := s.Begin(ctx, p, "run", time.Minute)
			require.NoError(t, err)
			require.Zero(t, n, "begun by a workflow")
			taken, err := s.Take(ctx, take)
			require.NoError(t, err)
			require.Empty(t, taken.Begun)
			require.Empty(t, taken.Rest, "no workflow is started for it either")
			require.Equal(t, 10, taken.Queued)
			taken, err = s.TakeQueued(ctx, take, map[string]int{w.ID: 100})
			require.NoError(t, err)
			require.Zero(t, taken.Len())
			released, err := s.Release(ctx, hook.Take{Limit: 100, Lease: time.Minute})
			require.NoError(t, err)
			require.Empty(t, released)
		})
	}
}

func TestWithdrawal_SwitchesBetweenItsStepsLoseNothing(t *testing.T) {
	const waiting = 3 * atOneGo
	step := func(t *testing.T, s stage, _ string) {
		_, err := s.Withdraw(context.Background(), time.Minute) // where one is due
		require.NoError(t, err)
	}
	off := func(t *testing.T, s stage, id string) { s.switched(t, id, disable) }
	on := func(t *testing.T, s stage, id string) { s.switched(t, id, enable) }
	gone := func(t *testing.T, s stage, id string) { require.NoError(t, s.DeleteWebhook(context.Background(), id)) }
	more := func(t *testing.T, s stage, id string) { s.posts(t, 3) }
	type change = func(t *testing.T, s stage, id string)
	for name, c := range map[string]struct {
		changes []change
		end     hook.DeliveryStatus // of what waited; empty = it is on its way, or held and being released
	}{
		"off":                            {[]change{off}, hook.Held},
		"off and on":                     {[]change{off, on}, ""},
		"on after a step":                {[]change{off, step, on, more}, ""},
		"on, a step later":               {[]change{off, on, step}, ""},
		"off again":                      {[]change{off, step, on, off, more}, hook.Held},
		"off again after a step":         {[]change{off, on, step, off}, hook.Held},
		"deleted":                        {[]change{gone}, hook.Cancelled},
		"deleted while it is being held": {[]change{off, step, more, gone}, hook.Cancelled},
		"deleted while it is released":   {[]change{off, step, on, gone}, hook.Cancelled},
		"many times":                     {[]change{off, on, off, step, on, more, off, step, step, on, off}, hook.Held},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			w := s.webhook(t, hook.Rule{Events: []string{"*"}})
			s.fill(t, w.ID, waiting)
			for _, change := range c.changes {
				change(t, s, w.ID)
			}
			s.steps(t)
			s.allSeen(t)
			s.steps(t)
			s.allSeen(t)
			s.steps(t)
			all := s.number(t, `SELECT count(*) FROM deliveries`)
			require.GreaterOrEqual(t, all, waiting)
			if c.end != "" {
				require.Equal(t, all, s.number(t, `SELECT count(*) FROM deliveries WHERE status = $1`, c.end))
				require.Zero(t, s.number(t, `SELECT count(*) FROM withdrawals`))
				return
			}
			require.Equal(t, all, s.number(t, `SELECT count(*) FROM deliveries WHERE dispatch_at IS NOT NULL OR status = 'held'`))
			require.Equal(t, 1, s.number(t, `SELECT count(*) FROM webhooks WHERE drain > 0 AND drain_until IS NOT NULL`), "what is held is being released")
		})
	}
}

func TestWithdrawal_AWebhookIsNotEnabledWithoutADrainBeforeAllIsHeld(t *testing.T) {
	ctx := context.Background()
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.fill(t, w.ID, 3*atOneGo)
	s.switched(t, w.ID, disable)
	_, _, err := s.Happen(ctx, w.ID, hook.Cause{What: hook.OwnerEnabled})
	require.Equal(t, hook.CodeConflict, hook.CodeOf(err))
	require.ErrorContains(t, err, "still being held")
	s.steps(t)
	_, _, err = s.Happen(ctx, w.ID, hook.Cause{What: hook.OwnerEnabled})
	require.NoError(t, err)
	require.Equal(t, 3*atOneGo, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'held'`))
	s.allSeen(t)
	s.steps(t)
	require.Equal(t, 3*atOneGo, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'held'`), "it stays held")
}

func TestWithdrawal_FindsWhatAnIngestAddsThatHadNotSeenTheChange(t *testing.T) {
	for name, deleted := range map[string]bool{"off": false, "deleted": true} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			w := s.webhook(t, hook.Rule{Events: []string{"*"}})
			want := hook.Held
			if deleted {
				require.NoError(t, s.DeleteWebhook(context.Background(), w.ID))
				want = hook.Cancelled
			} else {
				s.switched(t, w.ID, disable)
			}
			s.steps(t)
			s.fill(t, w.ID, 10)
			pgtest.Exec(t, s.url, `UPDATE withdrawals SET due_at = now()`)
			s.steps(t)
			require.Equal(t, 10, s.number(t, `SELECT count(*) FROM deliveries WHERE status = $1`, want))
			require.Equal(t, 1, s.number(t, `SELECT count(*) FROM withdrawals`), "there may be more")
		})
	}
}

func TestWithdrawal_OfAMemberLeavesOtherProjectsAndLaterEvents(t *testing.T) {
	ctx := context.Background()
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.post(t, event("before", "TODO_CREATED", "p1"))
	s.post(t, event("other", "TODO_CREATED", "p2"))
	require.NoError(t, s.DeleteMember(ctx, "p1", "u1"))
	_, err := s.PutMember(ctx, "p1", "u1")
	require.NoError(t, err)
	s.post(t, event("after", "TODO_CREATED", "p1"))
	s.allSeen(t)
	s.steps(t)
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'cancelled'`))
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'cancelled' AND event_id = 'before'`))
}

func TestWithdrawal_ManyWorkersMakeItsStepsTogether(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.fill(t, w.ID, 8*atOneGo)
	s.switched(t, w.ID, disable)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for made := true; made; {
				var err error
				if made, err = s.Withdraw(context.Background(), time.Minute); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	s.steps(t)
	require.Equal(t, 8*atOneGo, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'held'`))
}

func TestWithdrawal_AStepThatWasCutOffIsMadeAgain(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.fill(t, w.ID, 2*atOneGo)
	s.switched(t, w.ID, disable)
	// A worker that claimed it and was killed before its step.
	pgtest.Exec(t, s.url, `UPDATE withdrawals SET due_at = now() + interval '1 hour'`)
	require.Zero(t, s.steps(t), "it is claimed")
	pgtest.Exec(t, s.url, `UPDATE withdrawals SET due_at = now()`)
	require.Positive(t, s.steps(t))
	require.Equal(t, 2*atOneGo, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'held'`))
}

func TestWithdrawal_WhatHasNoOwnerIsFoundAndRepaired(t *testing.T) {
	ctx := context.Background()
	s := newStage(t)
	off, gone := s.webhook(t, hook.Rule{Events: []string{"*"}}), s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.posts(t, 2)
	s.switched(t, off.ID, disable)
	require.NoError(t, s.DeleteWebhook(ctx, gone.ID))
	// As a defect would leave them.
	pgtest.Exec(t, s.url, `DELETE FROM withdrawals`)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET status = 'pending', reason = NULL, finished_at = NULL, dispatch_at = 'infinity', updated_at = now() - interval '1 hour' WHERE webhook_id = $1`, off.ID)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET status = 'held', reason = 'webhook_disabled', finished_at = NULL, updated_at = now() - interval '1 hour' WHERE webhook_id = $1`, gone.ID)
	require.Equal(t, map[string]int{hook.DifferenceOwners: 4}, s.checked(t, 100).Differences)
	n, err := s.WithdrawUnowned(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	s.steps(t)
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM deliveries WHERE webhook_id = $1 AND status = 'held'`, off.ID))
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM deliveries WHERE webhook_id = $1 AND status = 'cancelled'`, gone.ID))
	require.Empty(t, s.checked(t, 100).Differences)
	n, err = s.WithdrawUnowned(ctx)
	require.NoError(t, err)
	require.Zero(t, n)
}

// adding adds from four goroutines at once, until stop, which waits for them. It
// returns when they are at it.
func adding(add func(n string) error) (stop func()) {
	added, over := make(chan struct{}, 8), make(chan struct{})
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-over:
					return
				default:
				}
				if add(fmt.Sprint(worker, "-", n)) == nil {
					select {
					case added <- struct{}{}:
					default: // enough are counted
					}
				}
			}
		})
	}
	for range cap(added) {
		<-added
	}
	return func() { close(over); group.Wait() }
}

func TestDelete_WhatIsAddedInTheMeantimePreventsNothing(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		add    func(s stage, n string) error
		delete func(s stage) error
		left   string
	}{
		"user": {func(s stage, _ string) error {
			_, err := s.CreateWebhook(ctx, draft("u1", hook.Rule{Events: []string{"*"}}))
			return err
		}, func(s stage) error { return s.DeleteUser(ctx, "u1") }, `SELECT count(*) FROM webhooks WHERE deleted_at IS NULL`},
		"erased user": {func(s stage, _ string) error {
			_, err := s.CreateWebhook(ctx, draft("u1", hook.Rule{Events: []string{"*"}}))
			return err
		}, func(s stage) error { return s.EraseUser(ctx, "u1") }, `SELECT count(*) FROM webhooks WHERE deleted_at IS NULL`},
		"membership": {func(s stage, _ string) error {
			_, err := s.CreateWebhook(ctx, draft("u1", hook.Rule{Events: []string{"*"}, Projects: []string{"p1"}}))
			return err
		}, func(s stage) error { return s.DeleteMember(ctx, "p1", "u1") }, `SELECT count(*) FROM members WHERE project_id = 'p1' AND user_id = 'u1'`},
		"company": {func(s stage, n string) error {
			_, _, err := s.PutProject(ctx, hook.Project{ID: "new" + n, CompanyID: "c1", Name: n})
			return err
		}, func(s stage) error { return s.DeleteCompany(ctx, "c1") }, `SELECT count(*) FROM projects WHERE company_id = 'c1'`},
		"project": {func(s stage, n string) error {
			if _, _, err := s.PutUser(ctx, hook.User{ID: "new" + n, Name: n, Email: n + "@example.com"}); err != nil {
				return err
			}
			_, err := s.PutMember(ctx, "p1", "new"+n)
			return err
		}, func(s stage) error { return s.DeleteProject(ctx, "p1") }, `SELECT count(*) FROM members WHERE project_id = 'p1'`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			stop := adding(func(n string) error { return c.add(s, n) })
			err := c.delete(s)
			stop()
			require.NoError(t, err)
			require.Zero(t, s.number(t, c.left))
		})
	}
}
