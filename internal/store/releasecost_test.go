package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// waiting makes n degraded webhooks that wait for their trial, each with one
// delivery in its queue. They come after all others in the order of their ids.
func (s stage) waiting(t testing.TB, n int) {
	t.Helper()
	pgtest.Exec(t, s.url, `
		WITH w AS (
			INSERT INTO webhooks (id, owner_id, name, url, secret, headers, payload_format, auto_recover, metadata, enabled, status, trial_at)
			SELECT 'wh_z' || lpad(g::text, 6, '0'), 'u1', 'waits', 'https://example.com/', '', '', 'standard', true, '{}', true, 'DEGRADED', now() + interval '1 hour'
			FROM generate_series(1, $1::int) g RETURNING id
		), e AS (
			INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint)
			SELECT 'e_' || id, 'TODO_CREATED', 'p1', 'c1', now(), '{}', '' FROM w RETURNING id
		)
		INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, dispatch_at)
		SELECT 'dlv_' || e.id, e.id, substr(e.id, 3), 'TODO_CREATED', 'p1', 'c1', 'pending', 'infinity' FROM e`, n)
	vacuum(t, s.url)
}

// releasedWithin releases until a call gives something, and says how many calls it took.
func (s stage) releasedWithin(t testing.TB, most int) (id string, calls int) {
	t.Helper()
	for calls = 1; calls <= most; calls++ {
		claims, err := s.Release(context.Background(), hook.Take{Limit: 64, Lease: time.Minute})
		require.NoError(t, err)
		if len(claims) > 0 {
			require.Len(t, claims, 1)
			return claims[0].DeliveryID, calls
		}
	}
	return "", calls
}

// TestRelease_CostsTheSameHoweverManyWait counts the pages that one look for what
// can be released reads, after all that wait were seen once.
func TestRelease_CostsTheSameHoweverManyWait(t *testing.T) {
	pages := map[int]int{}
	for _, n := range []int{1500, 6000} {
		s := newStage(t)
		s.waiting(t, n)
		id, _ := s.releasedWithin(t, n/500+10) // all of them are found to wait
		require.Empty(t, id)
		conn := session(t, s.url)
		ctx := context.Background()
		for name, statement := range map[string]string{
			"find(text, int)": store.QueuedWebhooks, "due(bigint, timestamptz)": store.DueLanes,
		} {
			_, err := conn.ExecContext(ctx, "PREPARE "+name+" AS "+statement)
			require.NoError(t, err)
		}
		due := planned(t, conn, "due(128, NULL)")
		require.Zero(t, due.Rows)
		pages[n] = planned(t, conn, "find('', 500)").pages() + due.pages()
	}
	t.Logf("pages: %v", pages)
	require.Less(t, float64(pages[6000]), 1.3*float64(pages[1500]))
}

// TestRelease_FindsWhoIsReadyAmongManyThatWait makes ready, in the ways that there
// are, one webhook in the middle of those that wait.
func TestRelease_FindsWhoIsReadyAmongManyThatWait(t *testing.T) {
	const n = 1200
	s := newStage(t)
	s.waiting(t, n)
	id, _ := s.releasedWithin(t, 10)
	require.Empty(t, id)
	for i, change := range []string{
		`UPDATE webhooks SET status = 'HEALTHY' WHERE id = '%s'`,
		`UPDATE webhooks SET trial_at = now() WHERE id = '%s'`,
		`UPDATE webhooks SET drain = 1 WHERE id = '%s'; UPDATE webhooks SET status = 'HEALTHY', max_in_flight = 1 WHERE id = '%[1]s'`,
		`UPDATE deliveries SET attempts = 1, status = 'retrying', generation = 2 WHERE webhook_id = '%s'`,
	} {
		webhook := fmt.Sprintf("wh_z%06d", 700+i)
		for _, statement := range strings.Split(fmt.Sprintf(change, webhook), ";") {
			pgtest.Exec(t, s.url, statement)
		}
		if strings.Contains(change, "HEALTHY' WHERE") { // without limits: it is released where it was tried before
			pgtest.Exec(t, s.url, `UPDATE webhooks SET max_in_flight = 1 WHERE id = $1`, webhook)
		}
		id, calls := s.releasedWithin(t, 10)
		require.Equal(t, "dlv_e_"+webhook, id, change)
		require.LessOrEqual(t, calls, 2+n/500)
	}
}

// BenchmarkRelease_BesideManyThatWait is deliveries a second that are released of one
// webhook while others wait for their trial.
func BenchmarkRelease_BesideManyThatWait(b *testing.B) {
	for _, n := range []int{200, 20_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkRelease(b, n) })
	}
}

func benchmarkRelease(b *testing.B, waiting int) {
	s := newStage(b)
	s.waiting(b, waiting)
	for range 50 { // all of them are found to wait
		_, err := s.Release(context.Background(), hook.Take{Limit: 64, Lease: time.Minute})
		require.NoError(b, err)
	}
	w := s.webhook(b, hook.Rule{Events: []string{"*"}})
	pgtest.Exec(b, s.url, `UPDATE webhooks SET max_in_flight = 1000000 WHERE id = $1`, w.ID)
	pgtest.Exec(b, s.url, `
		WITH e AS (
			INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint)
			SELECT 'many' || g, 'TODO_CREATED', 'p1', 'c1', now(), '{}', '' FROM generate_series(1, $2::int) g RETURNING id
		)
		INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, dispatch_at)
		SELECT 'dlv_' || e.id, e.id, $1, 'TODO_CREATED', 'p1', 'c1', 'pending', 'infinity' FROM e`, w.ID, 64*b.N)
	b.ResetTimer()
	for released := 0; released < 64*b.N; {
		claims, err := s.Release(context.Background(), hook.Take{Limit: 64, Lease: time.Minute})
		require.NoError(b, err)
		released += len(claims)
	}
	b.ReportMetric(float64(64*b.N)/b.Elapsed().Seconds(), "deliveries/s")
}
