package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestPlacesAreGivenBack(t *testing.T) {
	switchOff := func(t *testing.T, s stage, w hook.Webhook) {
		_, err := s.UpdateWebhook(context.Background(), w.ID, 0, disable)
		require.NoError(t, err)
	}
	remove := func(t *testing.T, s stage, w hook.Webhook) {
		require.NoError(t, s.DeleteWebhook(context.Background(), w.ID))
	}
	settle := func(t *testing.T, s stage, _ hook.Webhook) {
		p, err := s.Parcel(context.Background(), s.firstID(t))
		require.NoError(t, err)
		require.NoError(t, s.Settle(context.Background(), p, hook.Cancelled, hook.ReasonProjectDeleted))
	}
	gone := hook.Result{Outcome: hook.Failure, Reason: hook.ReasonGone, StatusCode: 410}
	for _, c := range []struct {
		name   string
		result hook.Result // of the attempt, if one is begun
		before func(*testing.T, stage, hook.Webhook)
		during func(*testing.T, stage, hook.Webhook)
	}{
		{name: "success", result: success()},
		{name: "failure", result: failure()},
		{name: "gone", result: gone},
		{name: "settled", before: settle},
		{name: "disabled before", before: switchOff},
		{name: "deleted before", before: remove},
		{name: "disabled during a failure", during: switchOff, result: failure()},
		{name: "disabled during a success", during: switchOff, result: success()},
		{name: "deleted during a failure", during: remove, result: failure()},
		{name: "deleted during a 410", during: remove, result: gone},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			w := s.limited(t, 0, 1)
			s.posts(t, 1)
			id := s.released(t)[0].DeliveryID
			require.Equal(t, 1, s.places(t))
			if c.before != nil {
				c.before(t, s, w)
			} else {
				n := s.begin(t, id, time.Minute)
				if c.during != nil {
					c.during(t, s, w)
				}
				require.Equal(t, 1, s.places(t), "the request is under way")
				s.end(t, id, n, c.result)
			}
			require.Zero(t, s.number(t, `SELECT count(*) FROM deliveries WHERE slot_until IS NOT NULL`))
		})
	}
}

// firstID is the id of the oldest delivery.
func (s stage) firstID(t *testing.T) string {
	t.Helper()
	all, err := s.Deliveries(context.Background(), hook.DeliveryFilter{}, anyPage)
	require.NoError(t, err)
	return all[len(all)-1].ID
}

func TestSwitchingOffAndOnGivesNoSecondPlace(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.limited(t, 0, 2) // there is room for another one
	s.posts(t, 1)
	id := s.released(t)[0].DeliveryID
	n := s.begin(t, id, time.Minute)
	for _, change := range []func(*hook.Webhook) error{disable, enable} {
		_, err := s.UpdateWebhook(ctx, w.ID, 0, change)
		require.NoError(t, err)
	}
	due, err := s.Claim(ctx, 64, lease)
	require.NoError(t, err)
	require.Empty(t, due, "what was held is queued")
	require.Empty(t, s.released(t), "the request is still under way")
	s.end(t, id, n, failure())
	next := s.released(t)
	require.Len(t, next, 1)
	require.Equal(t, id, next[0].DeliveryID)
	require.Equal(t, 2, next[0].Generation)
}

func TestAPlaceLostBeforeTheAttemptIsNotUsed(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.limited(t, 0, 1)
	s.posts(t, 1)
	p, err := s.Parcel(ctx, s.released(t)[0].DeliveryID)
	require.NoError(t, err)
	for _, change := range []func(*hook.Webhook) error{disable, enable} {
		_, err := s.UpdateWebhook(ctx, w.ID, 0, change)
		require.NoError(t, err)
	}
	n, err := s.Begin(ctx, p, "run", time.Minute)
	require.NoError(t, err)
	require.Zero(t, n)
}

// regenerates gives a delivery to a new workflow.
func (s stage) regenerates(t *testing.T, deliveryID string, generation int) {
	t.Helper()
	locked, err := s.Regenerate(context.Background(), []string{deliveryID}, generation)
	require.NoError(t, err)
	require.Empty(t, locked)
}

func TestAWorkerThatIsLostLosesNoPlace(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.limited(t, 0, 1)
	s.posts(t, 2)
	t.Log("lost between claim and begin: it is offered again, with its place")
	claims, err := s.Release(ctx, hook.Take{Limit: 64, Lease: -time.Second})
	require.NoError(t, err)
	id := claims[0].DeliveryID
	for range 2 {
		claims, err = s.Claim(ctx, 64, -time.Second)
		require.NoError(t, err)
		require.Len(t, claims, 1)
		require.Equal(t, id, claims[0].DeliveryID)
		require.Empty(t, s.released(t))
	}
	s.regenerates(t, id, 1)
	require.True(t, s.due(t, id).HoldsSlot)

	t.Log("lost between begin and finish: it needs a place anew, and its own is free for it")
	require.Equal(t, 1, s.begin(t, id, time.Minute))
	p := s.due(t, id)
	require.Equal(t, hook.StepTakeSlot, hook.Decide(p, 2).Step)
	queued, err := s.TakeSlot(ctx, p)
	require.NoError(t, err)
	require.False(t, queued)
	require.Equal(t, 1, s.places(t))
	require.Equal(t, 2, s.begin(t, id, -time.Second))

	t.Log("lost for good: the place is free when its time is over")
	require.Zero(t, s.places(t))
	require.Len(t, s.released(t), 1)

	t.Log("lost after a place was taken for a retry: it is offered again")
	s.limited(t, 0, 1)
	s.post(t, event("e9", "TODO_CREATED", "p1"))
	for _, c := range s.released(t) {
		s.end(t, c.DeliveryID, s.begin(t, c.DeliveryID, time.Minute), failure())
		_, err = s.TakeSlot(ctx, s.due(t, c.DeliveryID))
		require.NoError(t, err)
	}
	require.Zero(t, s.number(t, `SELECT count(*) FROM deliveries WHERE slot_until = 'infinity' AND dispatch_at > now() + interval '1 minute'`))
}
