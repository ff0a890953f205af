package store_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/seal"
	"godwit/internal/store"
	"godwit/internal/store/core"
)

// plainColumns are those of type bytea that hold no secret: JSON as it was
// written, what receivers have answered, and hashes.
var plainColumns = []string{
	"listener_requests.body", "listener_requests.answer",
	"api_keys.hash", "device_logins.poll_hash", "sessions.key_hash", "sessions.link_hash", "sessions.hash", "idempotency_keys.request",
	"attempts.request_headers", "attempts.response_headers", "attempts.response_body",
	"event_types.example_previous", "event_types.example_current", "event_types.schema",
	"events.previous", "events.current", "events.fingerprint", "rules.combination", "retired_rules.combination", "webhooks.metadata",
}

// TestEveryColumnIsSealedOrPlain makes whoever adds a column of bytes say which
// it is: what is sealed and not known to Rekey is lost with the old key.
func TestEveryColumnIsSealedOrPlain(t *testing.T) {
	s := newStage(t)
	var columns []string
	require.NoError(t, session(t, s.url).QueryRowContext(context.Background(), `
		SELECT array_agg(table_name || '.' || column_name) FROM information_schema.columns
		WHERE table_schema = 'public' AND data_type = 'bytea'`).Scan(pq.Array(&columns)))
	passing := []string{"listener_requests.headers"} // sealed, and gone before a key is
	require.ElementsMatch(t, slices.Concat(plainColumns, store.SealedColumns(), passing), columns)
}

func ringKey(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

// openWith opens the stage's database with other keys.
func (s stage) openWith(t testing.TB, keys ...[]byte) *store.Store {
	t.Helper()
	ring, err := seal.New(keys)
	require.NoError(t, err)
	other, err := store.Open(s.url, ring, store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, other.Close()) })
	return other
}

func left(t testing.TB, s *store.Store) int {
	t.Helper()
	n, err := s.LeftToRekey(context.Background())
	require.NoError(t, err)
	return n
}

func TestRekeySealsEveryValueAgain(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	const webhooks = 230 // more than two batches
	var made []hook.Webhook
	for range webhooks {
		made = append(made, s.webhook(t, hook.Rule{Events: []string{"*"}}))
	}
	rotated, err := s.RotateSecret(ctx, made[0].ID, rotateTo("whsec_bmV3"))
	require.NoError(t, err)
	require.NoError(t, s.DeleteWebhook(ctx, made[1].ID))
	_, err = s.UpdateWebhook(ctx, made[3].ID, 0, func(w *hook.Webhook) error { w.ClientKey = "key"; return nil })
	require.NoError(t, err)
	_, _, err = s.Once(ctx, keyed("a|b"), func(context.Context) []byte { return []byte("answer") })
	require.NoError(t, err)

	both := s.openWith(t, ringKey(8), ringKey(7))
	want := 2*(webhooks-1) + 1 + 1 + 1
	require.Equal(t, want, left(t, both))
	// It is ended in the middle, and run again.
	ending, cancel := context.WithCancel(ctx)
	first := 0
	require.Error(t, both.Rekey(ending, func(r core.Rekeyed) { first += r.Resealed; cancel() }))
	require.Equal(t, want-first, left(t, both))
	require.Positive(t, first)
	done := map[string]int{}
	require.NoError(t, both.Rekey(ctx, func(r core.Rekeyed) {
		require.NoError(t, r.Err)
		if r.Done {
			done[r.Column] = r.Resealed
		}
	}))
	require.Equal(t, map[string]int{"webhooks.secret": webhooks - 1 - first, "webhooks.old_secrets": 1, "webhooks.headers": webhooks - 1, "webhooks.client_key": 1, "idempotency_keys.answer": 1, "listeners.secret": 0, "play_requests.content": 0}, done)
	require.Zero(t, left(t, both))

	// The old key is not needed any more, and everything is as it was.
	alone := s.openWith(t, ringKey(8))
	got, err := alone.Webhook(ctx, made[2].ID)
	require.NoError(t, err)
	require.Equal(t, made[2], got, "its version too")
	got, err = alone.Webhook(ctx, made[0].ID)
	require.NoError(t, err)
	require.Equal(t, rotated, got)
	answer, again, err := alone.Once(ctx, keyed("a|b"), nil)
	require.NoError(t, err)
	require.True(t, again)
	require.Equal(t, "answer", string(answer))
	got, err = s.Webhook(ctx, made[0].ID)
	require.NoError(t, err)
	require.Contains(t, got.Unreadable, "secret")
}

func TestRekeyLeavesWhatItCannotOpen(t *testing.T) {
	s := newStage(t)
	a, b := s.webhook(t, hook.Rule{Events: []string{"*"}}), s.webhook(t, hook.Rule{Events: []string{"*"}})
	pgtest.Exec(t, s.url, `UPDATE webhooks SET secret = (SELECT secret FROM webhooks WHERE id = $1) WHERE id = $2`, a.ID, b.ID)
	both := s.openWith(t, ringKey(8), ringKey(7))
	unopened := 0
	require.NoError(t, both.Rekey(context.Background(), func(r core.Rekeyed) {
		if r.Done {
			unopened += r.Unopened
		}
		if r.Unopened > 0 {
			require.ErrorContains(t, r.Err, "webhooks.secret of "+b.ID)
		}
	}))
	require.Equal(t, 1, unopened)
	require.Equal(t, 1, left(t, both))
	unknown := s.openWith(t, ringKey(9))
	require.NoError(t, unknown.Rekey(context.Background(), func(r core.Rekeyed) { require.Zero(t, r.Resealed) }))
	require.Equal(t, 4, left(t, unknown))
}

// TestRekeyBesideWriters has webhooks changed by processes that seal with the
// old key and with the new one while everything is rekeyed.
func TestRekeyBesideWriters(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	var made []hook.Webhook
	for range 120 {
		made = append(made, s.webhook(t, hook.Rule{Events: []string{"*"}}))
	}
	old, both := s.openWith(t, ringKey(7), ringKey(8)), s.openWith(t, ringKey(8), ringKey(7))
	wrote := make(chan error, 2)
	for _, writer := range []*store.Store{old, both} {
		go func() {
			for i, w := range made {
				if _, err := writer.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error { w.Name += fmt.Sprint("+", i); return nil }); err != nil {
					wrote <- err
					return
				}
			}
			wrote <- nil
		}()
	}
	ignore := func(core.Rekeyed) {}
	require.NoError(t, both.Rekey(ctx, ignore))
	require.NoError(t, <-wrote)
	require.NoError(t, <-wrote)
	require.NoError(t, both.Rekey(ctx, ignore), "again, when nothing seals with the old key any more")
	require.Zero(t, left(t, both))
	alone := s.openWith(t, ringKey(8))
	for i, w := range made {
		got, err := alone.Webhook(ctx, w.ID)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("feed+%d+%d", i, i), got.Name, "no change is lost")
		require.Equal(t, w.Secret, got.Secret)
	}
}
