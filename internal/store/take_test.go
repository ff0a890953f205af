package store_test

import (
	"context"
	"database/sql"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// taking is what a process with room asks for.
var taking = hook.Take{Limit: 64, Timeout: 10 * time.Second, Margin: 10 * time.Second, Lease: lease}

// taken takes what is due for the first time, of which all must be begun.
func (s stage) taken(t *testing.T) []hook.Parcel {
	t.Helper()
	taken, err := s.Take(context.Background(), taking)
	require.NoError(t, err)
	require.Empty(t, taken.Rest)
	return taken.Begun
}

// Claim claims what is due, for the first time or again. Of the former the first
// attempts are not begun, as with a workflow that begins them.
func (s stage) Claim(ctx context.Context, limit int, lease time.Duration) ([]hook.Claim, error) {
	taken, err := s.Take(ctx, hook.Take{Limit: limit, Margin: lease, Lease: lease})
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("postgres", s.url)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	for _, p := range taken.Begun {
		if _, err := db.ExecContext(ctx, `UPDATE deliveries SET attempts = 0, begun_at = NULL WHERE id = $1`, p.Delivery.ID); err != nil {
			return nil, err
		}
	}
	again, err := s.Store.Claim(ctx, limit-taken.Len(), lease)
	return slices.Concat(claimsOf(taken.Begun), taken.Rest, again), err
}

// takenQueued takes what is queued of webhooks that have no limits, or not any more.
func (s stage) takenQueued(t *testing.T) []hook.Parcel {
	t.Helper()
	queued, err := s.Queued(context.Background())
	require.NoError(t, err)
	room := map[string]int{}
	for _, q := range queued {
		room[q.WebhookID] = taking.Limit
	}
	taken, err := s.TakeQueued(context.Background(), taking, room)
	require.NoError(t, err)
	require.Empty(t, taken.Rest)
	return taken.Begun
}

func TestTakeBringsAllThatAnAttemptNeeds(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.posts(t, 2)
	test, _, err := s.SendTest(ctx, hook.TestEvent{WebhookID: w.ID})
	require.NoError(t, err)
	begun := s.taken(t)
	require.Len(t, begun, 3)
	require.Empty(t, s.taken(t), "they are taken")
	for i, p := range begun {
		require.Equal(t, []string{"e1", "e2", test}[i], p.Event.ID)
		want, err := s.Parcel(ctx, p.Delivery.ID)
		require.NoError(t, err)
		require.WithinDuration(t, want.Now, want.BegunAt, time.Minute)
		require.Equal(t, p.Delivery.UpdatedAt, p.Now.UTC())
		want.BegunAt, want.Now, want.Last = time.Time{}, p.Now, hook.Attempt{}
		require.Equal(t, want, p)
		shown, err := s.Attempts(ctx, p.Delivery.ID)
		require.NoError(t, err)
		require.Len(t, shown, 1, "it is shown as under way")
		require.Empty(t, shown[0].Result.Outcome)
		require.False(t, shown[0].StartedAt.IsZero())
	}
	require.Zero(t, s.number(t, `SELECT count(*) FROM attempts`))
	require.Empty(t, s.checked(t, 100).Differences)
}

func TestTakeSeesEachChangeOfAWebhook(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	for i, url := range []string{"https://example.com/one", "https://example.com/two"} {
		_, err := s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error { w.URL = url; return nil })
		require.NoError(t, err)
		s.post(t, event([]string{"e1", "e2"}[i], "TODO_CREATED", "p1"))
		require.Equal(t, url, s.taken(t)[0].Webhook.URL)
	}
}

func TestTakeLeavesToAWorkflowWhatCannotBeSent(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"*"}, Projects: []string{"p1"}})
	s.posts(t, 2)
	pgtest.Exec(t, s.url, `DELETE FROM members`)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET generation = 2 WHERE event_id = 'e2'`)
	taken, err := s.Take(ctx, taking)
	require.NoError(t, err)
	require.Empty(t, taken.Begun)
	require.Len(t, taken.Rest, 2)
	require.Equal(t, 2, taken.Rest[1].Generation)
	require.Zero(t, s.number(t, `SELECT sum(attempts) FROM deliveries`))
	taken, err = s.Take(ctx, taking)
	require.NoError(t, err)
	require.Zero(t, taken.Len(), "they are claimed")
}

func claimsOf(parcels []hook.Parcel) (out []hook.Claim) {
	for _, p := range parcels {
		out = append(out, hook.ClaimOf(p))
	}
	return out
}

func TestWhatIsCrowdedIsQueuedAndTakenWhenThereIsRoom(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	crowded := s.webhook(t, hook.Rule{Events: []string{"*"}})
	other := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.posts(t, 5)
	ask := taking
	ask.Crowded = []string{crowded.ID}
	taken, err := s.Take(ctx, ask)
	require.NoError(t, err)
	require.Empty(t, taken.Rest)
	require.Len(t, taken.Begun, 5)
	require.Equal(t, 5, taken.Queued)
	for _, p := range taken.Begun {
		require.Equal(t, other.ID, p.Delivery.WebhookID)
	}
	queued, err := s.Queued(ctx)
	require.NoError(t, err)
	require.Equal(t, []hook.Queue{{WebhookID: crowded.ID, OwnerID: "u1"}}, queued)
	require.Empty(t, s.released(t), "it has no limits of its own")
	for _, want := range []int{2, 2, 1, 0} {
		taken, err = s.TakeQueued(ctx, taking, map[string]int{crowded.ID: 2})
		require.NoError(t, err)
		require.Empty(t, taken.Rest)
		require.Len(t, taken.Begun, want)
	}
	require.Zero(t, s.number(t, `SELECT count(*) FROM deliveries WHERE attempts <> 1`))
}

func TestGiveBackIsAsIfNeverTaken(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.posts(t, 2)
	begun := s.taken(t)
	ids := []string{begun[0].Delivery.ID, begun[1].Delivery.ID}
	require.NoError(t, s.Finish(ctx, hook.Conclude(ids[1], 1, success(), nil)))
	require.NoError(t, s.GiveBack(ctx, ids))
	again := s.taken(t)
	require.Len(t, again, 1, "what was made stays made")
	require.Equal(t, begun[0].Delivery.ID, again[0].Delivery.ID)
	shown, err := s.Attempts(ctx, ids[0])
	require.NoError(t, err)
	require.Len(t, shown, 1)
}

func TestAFirstAttemptThatWasLostIsRecordedAsLost(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.posts(t, 1)
	id := s.taken(t)[0].Delivery.ID
	p, err := s.Parcel(ctx, id)
	require.NoError(t, err)
	p.Patience = time.Minute
	require.Equal(t, hook.StepAwait, hook.Decide(p, 1).Step, "it may be under way in another process")
	p.Patience = 0
	require.Equal(t, hook.StepSend, hook.Decide(p, 1).Step)
	n, err := s.Begin(ctx, p, "run", time.Minute)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	all, err := s.Attempts(ctx, id)
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, hook.Lost, all[0].Result.Outcome)
	require.Equal(t, hook.ReasonWorkerLost, all[0].Result.Reason)
	require.Equal(t, p.BegunAt, all[0].StartedAt)
	require.Empty(t, s.checked(t, 100).Differences)

	// The lost worker turns up after all, with a success: that is the truth.
	require.NoError(t, s.Finish(ctx, hook.Conclude(id, 1, success(), nil)))
	d, err := s.Delivery(ctx, id)
	require.NoError(t, err)
	require.Equal(t, hook.Succeeded, d.Status)
}

func TestWhatIsFinishedIsDueUntilItHasAWorkflow(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.posts(t, 3)
	begun := s.taken(t)
	for i, p := range begun {
		f := hook.Conclude(p.Delivery.ID, 1, success(), nil)
		f.RunID = []string{"", "known", ""}[i]
		s.succeed(t, f)
	}
	require.NoError(t, s.Carried(ctx, []hook.Carried{{DeliveryID: begun[2].Delivery.ID, Generation: 1, Batch: "dlv_x-1", RunID: "shared"}}))
	pgtest.Exec(t, s.url, `UPDATE deliveries SET dispatch_at = now() WHERE dispatch_at IS NOT NULL`)
	claims, err := s.Store.Claim(ctx, 10, lease)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	require.Equal(t, begun[0].Delivery.ID, claims[0].DeliveryID)
	require.True(t, claims[0].Finished)
	for i, want := range []hook.Delivery{{}, {RunID: "known"}, {RunID: "shared", Batch: "dlv_x-1"}} {
		d, err := s.Delivery(ctx, begun[i].Delivery.ID)
		require.NoError(t, err)
		require.Equal(t, hook.Succeeded, d.Status)
		require.Equal(t, want, hook.Delivery{RunID: d.RunID, Batch: d.Batch})
	}
}

func TestWhatABatchLeftUnfinishedGoesOnInAWorkflowOfItsOwn(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.posts(t, 1)
	id := s.taken(t)[0].Delivery.ID
	require.NoError(t, s.Carried(ctx, []hook.Carried{{DeliveryID: id, Generation: 1, Batch: "dlv_x-1", RunID: "shared"}}))
	pgtest.Exec(t, s.url, `UPDATE deliveries SET dispatch_at = now()`)
	claims, err := s.Store.Claim(ctx, 10, lease)
	require.NoError(t, err)
	require.Equal(t, 2, claims[0].Generation)
	require.False(t, claims[0].Finished)
}

func TestManySuccessesAreCountedOnceEach(t *testing.T) {
	s := newStage(t)
	first := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.posts(t, 10)
	var ends []hook.Finish
	for _, p := range s.taken(t) {
		ends = append(ends, hook.Conclude(p.Delivery.ID, 1, success(), nil))
	}
	require.Len(t, ends, 20)
	for range 2 {
		s.succeed(t, ends...)
	}
	require.Equal(t, 20, s.number(t, `SELECT sum(n) FROM health_counts`))
	require.Equal(t, 10, s.number(t, `SELECT sum(n) FROM health_counts WHERE webhook_id = $1`, first.ID))
	require.Equal(t, 20, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'succeeded'`))
	require.Empty(t, s.checked(t, 100).Differences)
}

func TestASuccessAmongManyHealsItsWebhook(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.shaken(t, s.webhook(t, hook.Rule{Events: []string{"*"}}))
	s.posts(t, 2)
	begun := s.taken(t)
	require.NoError(t, s.Finish(ctx, hook.Conclude(begun[0].Delivery.ID, 1, failure(), func() time.Duration { return time.Hour })))
	got, err := s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.Equal(t, hook.Degraded, got.Status)
	s.succeed(t, hook.Conclude(begun[1].Delivery.ID, 1, success(), nil))
	got, err = s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.Equal(t, hook.Healthy, got.Status)
	require.Zero(t, got.FailuresInRow)
}
