package intake

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// counts has one request offer an event that counts in combinations of these webhooks.
func (d *desk) counts(ctx context.Context, id string, webhooks ...string) {
	w := &caller{offered: offered{events: []hook.Event{{ID: id}}, schemas: []int64{0}}}
	for _, webhook := range webhooks {
		w.choice.Happenings = append(w.choice.Happenings, hook.Happening{EventID: id, WebhookID: webhook})
	}
	go func() { d.got <- d.call(ctx, w) }()
	synctest.Wait()
}

// slow has a statement take long that locks a webhook.
func (d *desk) slow(ctx context.Context, webhook string) {
	d.counts(ctx, "slow", webhook)
	<-d.statements
	<-time.After(gatherPatience)
	synctest.Wait()
}

// all reads the errors of n requests.
func (d *desk) all(n int) (errs []error) {
	for range n {
		errs = append(errs, <-d.got)
	}
	return errs
}

func TestGather_PassesOverWhatWouldWaitForALock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, ctx := newDesk(), t.Context()
		d.slow(ctx, "A")
		d.counts(ctx, "a1", "A")
		require.Empty(t, d.statements, "it would wait for the lock")
		d.counts(ctx, "b1", "B")
		require.Equal(t, []string{"b1"}, <-d.statements, "it goes beside")
		d.counts(ctx, "ab", "A", "B")
		d.counts(ctx, "b2", "B")
		d.counts(ctx, "c1", "C")
		d.answer(1, nil) // of slow
		require.Equal(t, []string{"a1", "c1"}, <-d.statements)
		d.answer(1, nil) // of b1
		require.Empty(t, d.statements, "ab waits for a1, and b2 behind it, or ab might wait without an end")
		d.answer(1, nil)
		require.Equal(t, []string{"ab", "b2"}, <-d.statements)
		d.answer(1, nil)
		require.Equal(t, make([]error, 6), d.all(6))
		require.Empty(t, d.locked)
		require.Zero(t, d.running)
	})
}

func TestGather_ALockedWebhookFailsNoOtherOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, ctx := newDesk(), t.Context()
		d.busy()
		for i, webhook := range []string{"A", "B", "A"} {
			d.counts(ctx, fmt.Sprint(webhook, i), webhook)
		}
		d.answer(1, nil)
		require.Len(t, <-d.statements, 3)
		locked := &hook.Error{Code: hook.CodeUnavailable, Message: "locked", Err: hook.ErrLocked}
		d.answer(1, locked)
		require.Equal(t, []string{"A0"}, <-d.statements)
		d.answer(1, locked)
		require.Equal(t, []string{"B1"}, <-d.statements)
		d.answer(1, nil)
		require.Empty(t, d.statements, "A2 need not wait for it as well")
		failed := 0
		for _, err := range d.all(4) {
			if err != nil {
				require.Equal(t, hook.CodeUnavailable, hook.CodeOf(err))
				failed++
			}
		}
		require.Equal(t, 2, failed)
	})
}

func TestGather_APanicFailsOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, ctx := newDesk(), t.Context()
		answered := d.run
		d.run = func(ctx context.Context, all []*caller) error {
			err := answered(ctx, all)
			for _, w := range all {
				if w.events[0].ID == "bad" {
					panic("this one")
				}
			}
			return err
		}
		d.busy()
		for _, id := range []string{"a", "bad", "b"} {
			d.offers(ctx, id)
		}
		for range 4 { // busy, all three, a and bad
			d.answer(1, nil)
			<-d.statements
		}
		d.answer(1, nil)
		failed := 0
		for _, err := range d.all(4) {
			if err != nil {
				require.ErrorContains(t, err, "this one")
				failed++
			}
		}
		require.Equal(t, 1, failed)
	})
}

func TestGather_BoundsTheDeliveriesOfAStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.busy()
		for i := range 3 {
			w := &caller{offered: offered{events: []hook.Event{{ID: fmt.Sprint(i)}}, schemas: []int64{0}}}
			w.choice.Matches = make([]hook.Candidate, DeliveriesAtOnce/4)
			w.choice.Deferred = make([]hook.Candidate, DeliveriesAtOnce/4)
			go func() { d.got <- d.call(t.Context(), w) }()
			synctest.Wait()
		}
		d.answer(1, nil)
		require.Equal(t, []string{"0", "1"}, <-d.statements)
		d.answer(1, nil)
		require.Equal(t, []string{"2"}, <-d.statements)
		d.answer(1, nil)
		require.Equal(t, make([]error, 4), d.all(4))
	})
}

func TestGather_AnEndedRequestThatWaitsForALockIsNotCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.slow(t.Context(), "A")
		ctx, cancel := context.WithCancelCause(t.Context())
		d.counts(ctx, "a1", "A")
		cancel(errors.New("the publisher has gone"))
		require.ErrorIs(t, <-d.got, context.Canceled)
		d.answer(1, nil)
		require.Empty(t, d.statements)
		require.NoError(t, <-d.got)
	})
}
