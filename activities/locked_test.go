package activities_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/id"
)

// begun posts n events and begins the first attempts of their deliveries.
func (s *stage) begun(t *testing.T, n int) []hook.Parcel {
	t.Helper()
	for i := range n {
		s.event(t, fmt.Sprint("e", i))
	}
	taken, err := s.Take(context.Background(), hook.Take{Limit: n, Timeout: time.Minute, Margin: time.Minute, Lease: time.Minute})
	require.NoError(t, err)
	require.Len(t, taken.Begun, n)
	return taken.Begun
}

// lock keeps a row locked until what it returns is called.
func (s *stage) lock(t *testing.T, query, rowID string) (release func()) {
	t.Helper()
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	tx, err := db.Begin()
	require.NoError(t, err)
	_, err = tx.Exec(query, rowID)
	require.NoError(t, err)
	return func() {
		require.NoError(t, tx.Commit())
		require.NoError(t, db.Close())
	}
}

func TestEnds_OneLockedRowDelaysNoOther(t *testing.T) {
	const lockDelivery, lockWebhook = `SELECT FROM deliveries WHERE id = $1 FOR UPDATE`, `SELECT FROM webhooks WHERE id = $1 FOR UPDATE`
	success := hook.Result{Outcome: hook.Success, StatusCode: 200}
	t.Run("a delivery", func(t *testing.T) {
		s := newStage(t)
		begun := s.begun(t, 31)
		release := s.lock(t, lockDelivery, begun[0].Delivery.ID)
		written := make(chan string, len(begun))
		for _, p := range begun {
			go func() {
				f := hook.Conclude(p.Delivery.ID, 1, success, nil)
				f.WebhookID = p.Delivery.WebhookID
				if err := s.acts.FinishEnd(f); err != nil {
					t.Error(err)
				}
				written <- p.Delivery.ID
			}()
		}
		for range 30 {
			require.NotEqual(t, begun[0].Delivery.ID, <-written)
		}
		release()
		require.Equal(t, begun[0].Delivery.ID, <-written)
	})
	t.Run("a webhook", func(t *testing.T) {
		s := newStage(t)
		other := s.webhook
		other.ID = id.New(id.Webhook)
		_, err := s.CreateWebhook(context.Background(), other)
		require.NoError(t, err)
		s.event(t, "e1")
		taken, err := s.Take(context.Background(), hook.Take{Limit: 2, Timeout: time.Minute, Margin: time.Minute, Lease: time.Minute})
		require.NoError(t, err)
		_, _, err = s.Happen(context.Background(), s.webhook.ID, hook.Cause{What: hook.AttemptFailed, Reason: hook.ReasonDNS})
		require.NoError(t, err) // so that a success changes its health
		ends := map[string]hook.Finish{}
		for _, p := range taken.Begun {
			f := hook.Conclude(p.Delivery.ID, 1, success, nil)
			f.WebhookID = p.Delivery.WebhookID
			ends[f.WebhookID] = f
		}
		sick, well := ends[s.webhook.ID], ends[other.ID]
		release := s.lock(t, lockWebhook, s.webhook.ID)
		waits := make(chan error, 1)
		go func() { waits <- s.acts.FinishEnd(sick) }()
		require.NoError(t, s.acts.FinishEnd(well), "the other webhook is not locked")
		release()
		require.NoError(t, <-waits)
		got, err := s.Webhook(context.Background(), s.webhook.ID)
		require.NoError(t, err)
		require.Equal(t, hook.Healthy, got.Status)
	})
}

// TestEnds_LockedWebhooksDelayNoSuccess: failures of 20 webhooks wait for their locks
// with 8 connections of the 11 for attempts, and what succeeds elsewhere is written.
func TestEnds_LockedWebhooksDelayNoSuccess(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	const owners, each = 4, 5
	for i := range owners {
		owner := fmt.Sprint("owner", i)
		_, _, err := s.PutUser(ctx, hook.User{ID: owner, Name: owner, Email: owner + "@example.com"})
		require.NoError(t, err)
		_, err = s.PutMember(ctx, "p1", owner)
		require.NoError(t, err)
		for range each {
			w := s.webhook
			w.ID, w.OwnerID = id.New(id.Webhook), owner
			_, err = s.CreateWebhook(ctx, w)
			require.NoError(t, err)
		}
	}
	s.event(t, "e1")
	taken, err := s.Take(ctx, hook.Take{Limit: 100, Timeout: time.Minute, Margin: time.Minute, Lease: time.Minute})
	require.NoError(t, err)
	require.Len(t, taken.Begun, owners*each+1)
	release := s.lock(t, `SELECT FROM webhooks WHERE id <> $1 FOR UPDATE`, s.webhook.ID)
	failed := make(chan error, owners*each)
	var well hook.Finish
	for _, p := range taken.Begun {
		if p.Webhook.ID == s.webhook.ID {
			well = hook.Conclude(p.Delivery.ID, 1, hook.Result{Outcome: hook.Success, StatusCode: 200}, nil)
			continue
		}
		f := hook.Conclude(p.Delivery.ID, 1, hook.Result{Outcome: hook.Failure, Reason: hook.ReasonDNS}, func() time.Duration { return time.Hour })
		f.WebhookID, f.OwnerID = p.Webhook.ID, p.Webhook.OwnerID
		go func() { failed <- s.acts.FinishEnd(f) }()
	}
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	waiting := func() (n int) {
		require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n))
		return n
	}
	require.Eventually(t, func() bool { return waiting() == 8 }, 6*time.Second, 10*time.Millisecond)
	well.WebhookID = s.webhook.ID
	require.NoError(t, s.acts.FinishEnd(well))
	require.Equal(t, 8, waiting())
	release()
	for range cap(failed) {
		require.NoError(t, <-failed)
	}
}

// TestBatch_OneLockedDeliveryDelaysNoOther has deliveries leave a batch of which one is
// locked: the others have workflows of their own at once, and it has when it is free.
func TestBatch_OneLockedDeliveryDelaysNoOther(t *testing.T) {
	s := newStage(t)
	begun := s.begun(t, 31)
	in := activities.DeliverBatchInput{AttemptTimeout: time.Second}
	for _, p := range begun {
		in.DeliveryIDs = append(in.DeliveryIDs, p.Delivery.ID)
	}
	release := s.lock(t, `SELECT FROM deliveries WHERE id = $1 FOR UPDATE`, in.DeliveryIDs[7])
	ended := make(chan error, 1)
	go func() {
		_, err := s.acts.DeliverBatch(context.Background(), in)
		ended <- err
	}()
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	defer db.Close()
	onTheirOwn := func() (n int) {
		require.NoError(t, db.QueryRow(`SELECT count(*) FROM deliveries WHERE generation = 2`).Scan(&n))
		return n
	}
	require.Eventually(t, func() bool { return onTheirOwn() == 30 }, 5*time.Second, 10*time.Millisecond)
	require.Empty(t, ended)
	release()
	require.NoError(t, <-ended)
	require.Equal(t, 31, onTheirOwn())
}

// held is a ledger whose deliveries others keep locked.
type held struct{ activities.Ledger }

func (held) Parcel(_ context.Context, id string) (hook.Parcel, error) {
	return hook.Parcel{Delivery: hook.Delivery{ID: id, Generation: 1, Status: hook.Pending}}, nil
}

func (held) Regenerate(_ context.Context, ids []string, _ int) ([]string, error) { return ids, nil }

// TestBatch_SaysThatADeliveryStaysLocked: the batch is tried again then, so that no
// delivery is left without a workflow.
func TestBatch_SaysThatADeliveryStaysLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		acts := activities.Activities{Ledger: held{}, Log: zap.NewNop()}
		began := time.Now()
		_, err := acts.DeliverBatch(context.Background(), activities.DeliverBatchInput{DeliveryIDs: []string{"dlv_1"}, AttemptTimeout: time.Second})
		require.ErrorIs(t, err, hook.ErrLocked)
		require.InDelta(t, 8, time.Since(began).Seconds(), 1)
	})
}
