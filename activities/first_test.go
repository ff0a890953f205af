package activities_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/send"
)

// take begins the first attempts of what is due.
func (s *stage) take(t *testing.T) []hook.Parcel {
	t.Helper()
	taken, err := s.Take(context.Background(), hook.Take{Limit: 10, Timeout: 5 * time.Second, Margin: time.Second, Lease: time.Minute})
	require.NoError(t, err)
	return taken.Begun
}

func TestAWorkflowAdoptsTheAttemptThatItsProcessMakes(t *testing.T) {
	s := newStage(t)
	s.status.Store(200)
	d := s.event(t, "e1")
	first := activities.FirstsOf(s.acts).First(s.take(t)[0])
	first.Carry("run")
	got, err := s.deliver(t, d)
	require.NoError(t, err)
	require.Equal(t, activities.DeliverResult{DeliveryID: d.ID, Outcome: "succeeded"}, got)
	require.True(t, first.Noted())
	require.EqualValues(t, 1, s.requests.Load())
	got, err = s.deliver(t, d)
	require.NoError(t, err)
	require.Equal(t, "succeeded", got.Outcome, "by the ledger")
	require.EqualValues(t, 1, s.requests.Load())
	stored, err := s.Delivery(context.Background(), d.ID)
	require.NoError(t, err)
	require.Equal(t, "run", stored.RunID)
}

func TestAnAttemptOfAnotherProcessIsNotMadeAgainWhileItMayBeUnderWay(t *testing.T) {
	s := newStage(t)
	d := s.event(t, "e1")
	s.take(t)
	_, err := s.deliver(t, d)
	require.ErrorContains(t, err, "under way in another process")
	require.Zero(t, s.requests.Load())
}

func TestOfABatchEachThatFailsGoesOnByItself(t *testing.T) {
	s := newStage(t)
	s.status.Store(500)
	firsts := activities.FirstsOf(s.acts)
	in := activities.DeliverBatchInput{AttemptTimeout: 5 * time.Second}
	for i := range 3 {
		in.DeliveryIDs = append(in.DeliveryIDs, s.event(t, fmt.Sprint("e", i)).ID)
	}
	for _, p := range s.take(t) {
		firsts.First(p).Carry("")
	}
	value, err := s.env.ExecuteActivity(s.acts.DeliverBatch, in)
	require.NoError(t, err)
	var got activities.DeliverBatchResult
	require.NoError(t, value.Get(&got))
	require.Equal(t, in.DeliveryIDs, got.OnTheirOwn)
	d, err := s.Delivery(context.Background(), in.DeliveryIDs[0])
	require.NoError(t, err)
	require.Equal(t, 2, d.Generation)
	require.Equal(t, hook.Retrying, d.Status)
	firsts.Stop(time.Minute)
}

func TestAStopCutsOffWhatTakesTooLong(t *testing.T) {
	s := newStage(t)
	s.event(t, "e1")
	hanging := make(chan struct{})
	s.acts.Sender = hangs{s.acts.Sender, hanging}
	firsts := activities.FirstsOf(s.acts)
	first := firsts.First(s.take(t)[0])
	first.Carry("")
	<-hanging
	firsts.Stop(0)
	require.False(t, first.Noted())
	room := firsts.Room()
	require.Positive(t, room.Limit)
	require.Empty(t, room.Crowded)
	require.Zero(t, s.observed(t))
}

// hangs has a receiver that never answers.
type hangs struct {
	activities.Sender
	began chan struct{}
}

func (h hangs) Send(ctx context.Context, m send.Message) (hook.Result, error) {
	close(h.began)
	<-ctx.Done()
	return h.Sender.Send(ctx, m)
}
