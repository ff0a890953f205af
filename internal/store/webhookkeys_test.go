package store_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/store"
)

func TestWebhookKey_BelongsToOneWebhookOfItsOwner(t *testing.T) {
	ctx := context.Background()
	s := newStage(t)
	_, _, err := s.PutUser(ctx, hook.User{ID: "u2", Name: "Udo", Email: "udo@example.com"})
	require.NoError(t, err)
	keyed := func(owner string) hook.Webhook {
		w := draft(owner, hook.Rule{Events: []string{"*"}})
		w.Key = "billing/prod"
		return w
	}
	const racers = 8
	var made, refused []error
	var mu sync.Mutex
	var group sync.WaitGroup
	for range racers {
		group.Go(func() {
			_, err := s.CreateWebhook(ctx, keyed("u1"))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made = append(made, err)
			} else {
				refused = append(refused, err)
			}
		})
	}
	group.Wait()
	require.Len(t, made, 1)
	for _, err := range refused {
		require.Equal(t, hook.CodeConflict, hook.CodeOf(err), "%v", err)
	}
	other, err := s.CreateWebhook(ctx, keyed("u2"))
	require.NoError(t, err, "of another owner")
	w, err := s.WebhookByKey(ctx, "u1", "billing/prod")
	require.NoError(t, err)
	require.NotEqual(t, other.ID, w.ID)
	require.Equal(t, "billing/prod", w.Key)
	require.Len(t, w.Rules, 1)

	require.NoError(t, s.DeleteWebhook(ctx, w.ID))
	_, err = s.WebhookByKey(ctx, "u1", "billing/prod")
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	_, err = s.CreateWebhook(ctx, keyed("u1"))
	require.NoError(t, err, "the key is free again")
}

// TestWebhookKey_OfTheLastPlace: whoever comes second finds the webhook of the first,
// not the limit that it has reached.
func TestWebhookKey_OfTheLastPlace(t *testing.T) {
	s := newStage(t)
	s = s.with(t, store.Options{Limits: hook.Limits{Webhooks: 2}})
	s.webhook(t, everything)
	keyed := func(key string) error {
		w := draft("u1", everything)
		w.Key = key
		_, err := s.CreateWebhook(context.Background(), w)
		return err
	}
	errs := make([]error, 8)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { errs[i] = keyed("k") })
	}
	group.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		require.Equal(t, hook.CodeConflict, hook.CodeOf(err), "%v", err)
	}
	require.Equal(t, 1, made)
	full(t, keyed("other"), hook.QuotaWebhooks)
	require.EqualValues(t, 2, s.quotas(t)[hook.QuotaWebhooks].Used)
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM webhooks`))
}
