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

// TestWebhooks_PagesAreBoundedInBytes: 200 webhooks of 256 KB on one page would
// take hundreds of MB for one request.
func TestWebhooks_PagesAreBoundedInBytes(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	const n = 25
	for i := range n {
		w := draft("u1", hook.Rule{Events: []string{"*"}})
		w.Name = fmt.Sprint(i)
		w.Metadata = []byte(`{"a":"` + strings.Repeat("x", 250_000) + `"}`)
		_, err := s.CreateWebhook(ctx, w)
		require.NoError(t, err)
	}
	page := hook.Page{Limit: 201, Stopped: new(hook.Cursor)}
	var names []string
	for pages := 1; ; pages++ {
		found, err := s.Webhooks(ctx, hook.WebhookFilter{}, page)
		require.NoError(t, err)
		require.LessOrEqual(t, len(found), 10)
		for _, w := range found {
			require.Len(t, w.Rules, 1)
			names = append(names, w.Name)
		}
		if page.Stopped.Time.IsZero() {
			require.Equal(t, 3, pages)
			break
		}
		page = hook.Page{Limit: 201, Stopped: new(hook.Cursor), After: page.Stopped}
	}
	require.Len(t, names, n)
	require.Equal(t, "24", names[0])
	require.Equal(t, "0", names[n-1])
	few, err := s.Webhooks(ctx, hook.WebhookFilter{}, hook.Page{Limit: 12})
	require.NoError(t, err)
	require.Len(t, few, 12, "who does not ask where it stopped gets all")
	all, err := s.AuditLog(ctx, hook.AuditFilter{}, hook.Page{Limit: 201, Stopped: new(hook.Cursor)})
	require.NoError(t, err)
	require.Less(t, len(all), n)
}

// TestAttempts_ShowTheNewestAnswers: a receiver may answer 100 requests of one
// delivery with 64 KiB each.
func TestAttempts_ShowTheNewestAnswers(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"TODO_*"}})
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	d := s.deliveryOf(t, w.ID, "TODO_CREATED")
	pgtest.Exec(t, s.url, `INSERT INTO attempts (delivery_id, number, started_at, finished_at, outcome, response_body)
		SELECT $1, n, now() + n * interval '1 second', now(), 'put_off', decode(repeat('61', 65536), 'hex') FROM generate_series(1, 40) n`, d.ID)
	found, err := s.Attempts(context.Background(), d.ID)
	require.NoError(t, err)
	require.Len(t, found, 40)
	for i, a := range found {
		shown := i >= 24
		require.Equal(t, !shown, a.Result.Truncated, i)
		require.Len(t, a.Result.ResponseBody, map[bool]int{true: 64 << 10}[shown], i)
	}
}
