package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// succeed writes the ends of successes, and what they do to the health of their
// webhooks; none of their deliveries is locked.
func (s stage) succeed(t testing.TB, ends ...hook.Finish) {
	t.Helper()
	r, err := s.Succeed(context.Background(), ends)
	require.NoError(t, err)
	require.Empty(t, r.Left)
	for _, webhookID := range r.Better {
		require.NoError(t, s.Improve(context.Background(), webhookID, []string{ends[0].DeliveryID}))
	}
}

// underWay posts n events and begins the first attempts of what they match.
func (s stage) underWay(t testing.TB, n int) []string {
	t.Helper()
	ctx := context.Background()
	events := make([]hook.Event, n)
	for i := range events {
		events[i] = event(fmt.Sprint("e", i), "TODO_CREATED", "p1")
	}
	_, err := s.Ingest(ctx, events)
	require.NoError(t, err)
	taken, err := s.Take(ctx, hook.Take{Limit: n, Timeout: time.Minute, Margin: time.Minute, Lease: time.Minute})
	require.NoError(t, err)
	require.Len(t, taken.Begun, n)
	ids := make([]string, n)
	for i, p := range taken.Begun {
		ids[i] = p.Delivery.ID
	}
	return ids
}

// soon bounds what must not wait for a lock; a circle of locks takes Postgres at
// least a second to find.
const soon = 8 * time.Second

// atOnce runs f for each id at the same time.
func atOnce(t testing.TB, ids []string, f func(ctx context.Context, id string) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	var group sync.WaitGroup
	begin := make(chan struct{})
	for _, id := range ids {
		group.Go(func() {
			<-begin
			if err := f(ctx, id); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		})
	}
	close(begin)
	group.Wait()
}

func TestGoneAnswersThatComeAtOnceEndEveryDelivery(t *testing.T) {
	for _, n := range []int{1, 3, 10, 50, 100} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := newStage(t)
			w := s.webhook(t, hook.Rule{Events: []string{"*"}})
			ids := s.underWay(t, n)
			gone := hook.Result{Outcome: hook.Failure, Reason: hook.ReasonGone, StatusCode: 410}
			atOnce(t, ids, func(ctx context.Context, id string) error { return s.Finish(ctx, hook.Conclude(id, 1, gone, nil)) })
			require.Equal(t, n, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'failed' AND reason = 'gone' AND attempts = 1`))
			require.Equal(t, n, s.number(t, `SELECT count(*) FROM attempts WHERE outcome = 'failure' AND status_code = 410`))
			got, err := s.Webhook(context.Background(), w.ID)
			require.NoError(t, err)
			require.Equal(t, hook.DisabledAsGone, got.DisabledReason)
			require.Equal(t, 1, s.number(t, `SELECT count(*) FROM transitions`))
		})
	}
}

func TestFailuresThatEndWhileTheWebhookIsSwitchedOffAreAllWritten(t *testing.T) {
	off := map[string]func(s stage, ctx context.Context, webhookID string) error{
		"by a probe": func(s stage, ctx context.Context, webhookID string) error {
			_, _, err := s.Happen(ctx, webhookID, hook.Cause{What: hook.ProbeFailed, Reason: hook.ReasonDNS})
			return err
		},
		"by its owner": func(s stage, ctx context.Context, webhookID string) error {
			_, err := s.UpdateWebhook(ctx, webhookID, 0, disable)
			return err
		},
		"by its deletion": func(s stage, ctx context.Context, webhookID string) error { return s.DeleteWebhook(ctx, webhookID) },
		"with its user":   func(s stage, ctx context.Context, _ string) error { return s.DeleteUser(ctx, "u1") },
		"with a member":   func(s stage, ctx context.Context, _ string) error { return s.DeleteMember(ctx, "p1", "u1") },
	}
	for name, switchOff := range off {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			w := s.webhook(t, hook.Rule{Events: []string{"*"}})
			ids := s.underWay(t, 200)
			atOnce(t, append(ids, "off"), func(ctx context.Context, id string) error {
				if id == "off" {
					return switchOff(s, ctx, w.ID)
				}
				return s.Finish(ctx, hook.Conclude(id, 1, failure(), func() time.Duration { return time.Hour }))
			})
			require.Equal(t, 200, s.number(t, `SELECT count(*) FROM attempts WHERE outcome = 'failure'`))
			require.Equal(t, 200, s.number(t, `SELECT coalesce(sum(n), 0)::int FROM health_counts`))
		})
	}
}

func TestALateGoneEndsADeliveryThatWasHeld(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	ids := s.underWay(t, 2)
	_, err := s.UpdateWebhook(ctx, w.ID, 0, disable)
	require.NoError(t, err)
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'held'`))
	require.NoError(t, s.Finish(ctx, hook.Conclude(ids[0], 1, hook.Result{Outcome: hook.Failure, Reason: hook.ReasonGone, StatusCode: 410}, nil)))
	require.NoError(t, s.Finish(ctx, hook.Conclude(ids[1], 1, failure(), func() time.Duration { return time.Hour })))
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM deliveries WHERE id = $1 AND status = 'failed' AND reason = 'gone'`, ids[0]))
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM deliveries WHERE id = $1 AND status = 'held'`, ids[1]))
}

func TestFailuresOfOneTransactionChangeHealthLikeOneAfterTheOther(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	ids := s.underWay(t, 7)
	ends := make([]hook.Finish, len(ids))
	for i, id := range ids {
		ends[i] = hook.Conclude(id, 1, failure(), func() time.Duration { return time.Hour })
	}
	require.NoError(t, s.Fail(context.Background(), ends))
	require.NoError(t, s.Fail(context.Background(), ends), "writing them twice is harmless")
	got, err := s.Webhook(context.Background(), w.ID)
	require.NoError(t, err)
	require.Equal(t, hook.Degraded, got.Status)
	require.Equal(t, 7, got.FailuresInRow)
	require.Equal(t, 7, s.number(t, `SELECT sum(n)::int FROM health_counts`))
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM transitions`))
}

func TestASuccessWhoseDeliveryIsLockedIsLeft(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	ids := s.underWay(t, 3)
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	defer db.Close()
	tx, err := db.Begin()
	require.NoError(t, err)
	defer tx.Rollback() //nolint:errcheck // after the commit there is nothing to roll back
	_, err = tx.Exec(`SELECT FROM deliveries WHERE id = $1 FOR UPDATE`, ids[1])
	require.NoError(t, err)
	ends := []hook.Finish{}
	for _, id := range append(ids, "dlv_gone") {
		ends = append(ends, hook.Conclude(id, 1, success(), nil))
	}
	r, err := s.Succeed(context.Background(), ends)
	require.NoError(t, err)
	require.Len(t, r.Left, 1, "one that does not exist is not left")
	require.Equal(t, ids[1], r.Left[0].DeliveryID)
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'succeeded'`))
	require.NoError(t, tx.Commit())
	s.succeed(t, r.Left...)
	require.Equal(t, 3, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'succeeded'`))
}
