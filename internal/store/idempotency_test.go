package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

func keyed(key string) hook.IdempotencyKey {
	return hook.IdempotencyKey{Credential: "key_1", Key: key, Request: []byte("request")}
}

// makes is a request that makes a webhook and answers with its id.
func (s stage) makes(t testing.TB) func(context.Context) []byte {
	return func(ctx context.Context) []byte {
		w, err := s.CreateWebhook(ctx, draft("u1", hook.Rule{Events: []string{"*"}}))
		require.NoError(t, err)
		read, err := s.Store.Webhook(ctx, w.ID)
		require.NoError(t, err, "a request sees what it has written")
		require.Equal(t, w, read)
		return []byte(w.ID)
	}
}

func (s stage) webhooks(t testing.TB) int {
	t.Helper()
	all, err := s.Webhooks(context.Background(), hook.WebhookFilter{}, anyPage)
	require.NoError(t, err)
	return len(all)
}

func TestOnceAnswersAgain(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	first, again, err := s.Once(ctx, keyed("k"), s.makes(t))
	require.NoError(t, err)
	require.False(t, again)
	for range 3 {
		answer, again, err := s.Once(ctx, keyed("k"), func(context.Context) []byte { panic("once") })
		require.NoError(t, err)
		require.True(t, again)
		require.Equal(t, first, answer)
	}
	require.Equal(t, 1, s.webhooks(t))

	other := keyed("k")
	other.Request = []byte("another request")
	_, _, err = s.Once(ctx, other, s.makes(t))
	require.Equal(t, hook.CodeInvalid, hook.CodeOf(err))
	require.ErrorContains(t, err, "Idempotency-Key")

	stranger := keyed("k")
	stranger.Credential = "key_2"
	answer, again, err := s.Once(ctx, stranger, s.makes(t))
	require.NoError(t, err)
	require.False(t, again)
	require.NotEqual(t, first, answer)
	require.Equal(t, 2, s.webhooks(t))
}

func TestOnceKeepsNothingOfWhatFails(t *testing.T) {
	s := newStage(t)
	ctx := by("key_1")
	_, again, err := s.Once(ctx, keyed("k"), func(ctx context.Context) []byte {
		s.makes(t)(ctx)
		_, err := s.CreateWebhook(ctx, draft("nobody", hook.Rule{Events: []string{"*"}}))
		require.Equal(t, hook.CodeInvalid, hook.CodeOf(err))
		_, _, err = s.PutProject(ctx, hook.Project{ID: "p9", CompanyID: "nowhere"})
		require.Equal(t, hook.CodeInvalid, hook.CodeOf(err), "a statement that failed has not ended the transaction")
		s.makes(t)(ctx)
		return nil
	})
	require.NoError(t, err)
	require.False(t, again)
	require.Zero(t, s.webhooks(t))
	require.Empty(t, s.logged(t, hook.AuditFilter{}))
	require.Zero(t, s.number(t, `SELECT count(*) FROM idempotency_keys`))

	require.PanicsWithValue(t, "broken", func() {
		_, _, _ = s.Once(ctx, keyed("k"), func(ctx context.Context) []byte { s.makes(t)(ctx); panic("broken") })
	})
	ctx, cancel := context.WithCancel(ctx)
	_, _, err = s.Once(ctx, keyed("k"), func(ctx context.Context) []byte { defer cancel(); return s.makes(t)(ctx) })
	require.Error(t, err, "the caller is gone")
	require.Zero(t, s.webhooks(t))

	// The connection of a caller who is gone is given back in its own time.
	require.Eventually(t, func() bool {
		_, again, err = s.Once(by("key_1"), keyed("k"), s.makes(t))
		return hook.CodeOf(err) != hook.CodeConflict
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, err)
	require.False(t, again, "the key is free")
	require.Len(t, s.logged(t, hook.AuditFilter{}), 1)
}

func TestOnceAtTheSameTime(t *testing.T) {
	s := newStage(t)
	const requests = 100 // more than the pool has connections
	var made, repeated, refused atomic.Int64
	var group sync.WaitGroup
	for i := range requests {
		group.Go(func() {
			_, again, err := s.Once(context.Background(), keyed(fmt.Sprint("k", i%5)), func(ctx context.Context) []byte {
				// A statement that is prepared takes another connection.
				events, err := s.Ingest(ctx, []hook.Event{event(fmt.Sprint("e", i), "TODO_CREATED", "p1")})
				if err != nil || events[0].Err != nil {
					panic(errors.Join(err, events[0].Err))
				}
				return s.makes(t)(ctx)
			})
			switch {
			case hook.CodeOf(err) == hook.CodeConflict:
				refused.Add(1)
			case err != nil:
				t.Error(err)
			case again:
				repeated.Add(1)
			default:
				made.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 5, made.Load())
	require.EqualValues(t, requests-5, repeated.Load()+refused.Load())
	require.Equal(t, 5, s.webhooks(t))
	require.Equal(t, 5, s.number(t, `SELECT count(*) FROM events`))
}

func TestOnceForgetsAfterADay(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	for _, key := range []string{"old", "older", "young"} {
		_, _, err := s.Once(ctx, keyed(key), s.makes(t))
		require.NoError(t, err)
	}
	age := func(key, by string) {
		pgtest.Exec(t, s.url, `UPDATE idempotency_keys SET created_at = created_at - $2::interval WHERE key = $1`, key, by)
	}
	age("old", "24 hours")
	age("older", "25 hours")
	age("young", "23 hours 59 minutes")
	other := keyed("old")
	other.Request = []byte("another request")
	_, again, err := s.Once(ctx, other, s.makes(t))
	require.NoError(t, err)
	require.False(t, again, "the key is free again")
	_, again, err = s.Once(ctx, keyed("young"), s.makes(t))
	require.NoError(t, err)
	require.True(t, again)

	n, err := s.ForgetAnswers(ctx, 100)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM idempotency_keys`))
}

func TestAnswersAreSealed(t *testing.T) {
	s := newStage(t)
	_, _, err := s.Once(context.Background(), keyed("k"), func(context.Context) []byte { return []byte("whsec_CANARY") })
	require.NoError(t, err)
	require.Zero(t, s.number(t, `SELECT count(*) FROM idempotency_keys WHERE position('CANARY'::bytea in answer) > 0`))
	pgtest.Exec(t, s.url, `UPDATE idempotency_keys SET credential = 'key_2'`)
	k := keyed("k")
	k.Credential = "key_2"
	_, _, err = s.Once(context.Background(), k, s.makes(t))
	require.Error(t, err, "an answer that was moved does not open")
	require.Zero(t, s.webhooks(t))
}
