package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// newSorted is a stage with a webhook in each state that a webhook can be in, twice.
// What differs in case alone, or beyond the letters that are sorted by, is sorted by id.
func newSorted(t *testing.T) (s stage, all []hook.Webhook) {
	t.Helper()
	s = newStage(t)
	long := strings.Repeat("ż", hook.SortedLetters)
	names := []string{"beta", "Alpha", "alpha", "BETA", "ALPHA 2", long + "b", long + "a", "Ωmega 'quoted' = \\ %", "Äpfel", "0"}
	n := 0
	for range 2 {
		for _, status := range []hook.WebhookStatus{hook.Healthy, hook.Degraded, hook.Unhealthy} {
			for _, off := range []hook.DisabledReason{"", hook.DisabledByOwner, hook.DisabledByHealth, hook.DisabledAsGone} {
				pgtest.Exec(t, s.url, `INSERT INTO webhooks (id, owner_id, name, url, secret, headers, payload_format, auto_recover, metadata, enabled, status, disabled_reason)
					VALUES ($1, 'u1', $2, 'https://example.com/', '', '', 'standard', true, '{}', $3, $4, NULLIF($5, ''))`,
					fmt.Sprintf("wh_%02d", n), names[n%len(names)], off == "", status, off)
				n++
			}
		}
	}
	all, err := s.Webhooks(context.Background(), hook.WebhookFilter{}, hook.Page{Limit: 100})
	require.NoError(t, err)
	require.Len(t, all, n)
	return s, all
}

// pagesOf reads a list of webhooks page by page.
func pagesOf(t *testing.T, s stage, f hook.WebhookFilter, limit int) (all []hook.Webhook) {
	t.Helper()
	page := hook.Page{Limit: limit, Stopped: new(hook.Cursor)}
	for {
		part, err := s.Webhooks(context.Background(), f, page)
		require.NoError(t, err)
		all = append(all, part...)
		if len(part) < limit {
			require.Zero(t, *page.Stopped)
			return all
		}
		after := f.Sort.Cursor(part[limit-1])
		page.After = &after
	}
}

func TestWebhooks_AreSortedByNameAndByWhoNeedsAttention(t *testing.T) {
	s, all := newSorted(t)
	for _, sort := range []hook.WebhookSort{hook.SortCreated, hook.SortName, hook.SortAttention} {
		whole := pagesOf(t, s, hook.WebhookFilter{Sort: sort}, 100)
		require.ElementsMatch(t, all, whole, sort)
		for limit := 1; limit < 8; limit++ {
			require.Equal(t, idsOf(whole, webhookID), idsOf(pagesOf(t, s, hook.WebhookFilter{Sort: sort}, limit), webhookID), "%s, %d a page", sort, limit)
		}
		for i := 1; i < len(whole); i++ {
			before, w := whole[i-1], whole[i]
			if sort == hook.SortAttention {
				require.LessOrEqual(t, before.Attention(), w.Attention(), "%s before %s", before.Name, w.Name)
			}
			if sort != hook.SortCreated && before.Attention() == w.Attention() && strings.EqualFold(before.Name, w.Name) {
				require.Less(t, before.ID, w.ID, sort)
			}
		}
	}
	byName := pagesOf(t, s, hook.WebhookFilter{Sort: hook.SortName, Text: "alpha"}, 2)
	require.Equal(t, []string{"alpha", "alpha", "alpha", "alpha", "alpha", "alpha", "alpha 2", "alpha 2"}, idsOf(byName, func(w hook.Webhook) string { return strings.ToLower(w.Name) }))
}

// A webhook that is added or renamed while a reader pages changes no place of another.
func TestWebhooks_SortedPagesAreStable(t *testing.T) {
	s, _ := newSorted(t)
	ctx := context.Background()
	whole := idsOf(pagesOf(t, s, hook.WebhookFilter{Sort: hook.SortName}, 100), webhookID)
	first, err := s.Webhooks(ctx, hook.WebhookFilter{Sort: hook.SortName}, hook.Page{Limit: 10})
	require.NoError(t, err)
	require.Equal(t, whole[:10], idsOf(first, webhookID))
	last := first[9]
	pgtest.Exec(t, s.url, `UPDATE webhooks SET name = 'zz' WHERE id = $1`, last.ID)
	pgtest.Exec(t, s.url, `UPDATE webhooks SET deleted_at = now() WHERE id = $1`, first[8].ID)
	after := hook.SortName.Cursor(last)
	rest, err := s.Webhooks(ctx, hook.WebhookFilter{Sort: hook.SortName}, hook.Page{Limit: 100, After: &after})
	require.NoError(t, err)
	ids := idsOf(rest, webhookID)
	require.Contains(t, ids, last.ID, "it is found at its new place")
	kept := make([]string, 0, len(ids))
	for _, id := range ids {
		if id != last.ID {
			kept = append(kept, id)
		}
	}
	require.Equal(t, whole[10:], kept)
}

func webhookID(w hook.Webhook) string { return w.ID }
