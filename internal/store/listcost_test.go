package store_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// The deliveries of the stages below: a third of them are of the webhook "big", the
// others of 200 more, all of u1. What is rare is old, so that it lies behind all else.
const (
	manyDeliveries = 60_000
	bigWebhook     = "wh_big"
	rareType       = "TAG_CREATED"
	rareProject    = "p2"
)

// newCrowdedAgain is newCrowded with some that were sent again since, and some that a
// redelivery made.
func newCrowdedAgain(t testing.TB) stage {
	t.Helper()
	s := newCrowded(t)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET superseded = right(id, 2) = '40', redelivery_id = CASE WHEN right(id, 3) = '900' THEN 'rdl_1' END WHERE right(id, 2) IN ('40', '00')`)
	vacuum(t, s.url)
	return s
}

// newCrowded is a stage with many deliveries, each of its own event.
func newCrowded(t testing.TB) stage {
	t.Helper()
	s := newStage(t)
	pgtest.Exec(t, s.url, `
		INSERT INTO webhooks (id, owner_id, name, url, secret, headers, payload_format, auto_recover, metadata, enabled, status)
		SELECT CASE WHEN g = 0 THEN $1 ELSE 'wh_' || g END, 'u1', 'w', 'https://example.com/', '', '', 'standard', true, '{}', true, 'HEALTHY' FROM generate_series(0, 200) g`, bigWebhook)
	crowdEvents(t, s.url, manyDeliveries)
	pgtest.Exec(t, s.url, `
		INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, reason, attempts, dispatch_at, finished_at, created_at, updated_at)
		SELECT 'dlv_' || e.id, e.id, CASE WHEN g % 3 = 0 THEN 'wh_big' ELSE 'wh_' || (g % 200 + 1) END, e.type, e.project_id, 'c1', x.status,
			CASE x.status WHEN 'failed' THEN 'exhausted' WHEN 'held' THEN 'webhook_disabled' END, CASE x.status WHEN 'pending' THEN 0 ELSE 1 END,
			CASE WHEN x.status IN ('pending', 'retrying') THEN now() END, CASE WHEN x.status IN ('succeeded', 'failed') THEN now() END, e.accepted_at, e.accepted_at
		FROM events e
		CROSS JOIN LATERAL (SELECT substr(e.id, 2)::int AS g) n
		CROSS JOIN LATERAL (SELECT CASE WHEN g < 60 THEN 'failed' WHEN g < 120 THEN 'held' WHEN g < 180 THEN 'pending' WHEN g < 240 THEN 'retrying' ELSE 'succeeded' END AS status) x`)
	// The last attempt of each second one that failed or is retried has not ended.
	pgtest.Exec(t, s.url, `
		INSERT INTO attempts (delivery_id, number, finished_at, outcome, reason, status_code)
		SELECT d.id, n, x.ended, CASE WHEN x.ended IS NOT NULL THEN 'failure' END, CASE WHEN x.ended IS NOT NULL THEN 'status_' || x.code / 100 || 'xx' END, CASE WHEN x.ended IS NOT NULL THEN x.code END
		FROM deliveries d CROSS JOIN LATERAL (SELECT substr(d.event_id, 2)::int AS g) e CROSS JOIN generate_series(1, 2) n
		CROSS JOIN LATERAL (SELECT CASE WHEN (g + n) % 4 < 2 THEN 503 ELSE 404 END AS code, CASE WHEN n = 1 OR g % 2 = 0 THEN now() END AS ended) x
		WHERE d.status IN ('failed', 'retrying')`)
	pgtest.Exec(t, s.url, `INSERT INTO attempts (delivery_id, number, finished_at, outcome, status_code)
		SELECT d.id, 1, now(), 'success', CASE WHEN substr(d.event_id, 2)::int % 1000 = 0 THEN 204 ELSE 200 END FROM deliveries d WHERE d.status = 'succeeded' AND substr(d.event_id, 2)::int % 10 = 0`)
	vacuum(t, s.url)
	return s
}

// crowdEvents stores n events, one a second until now.
func crowdEvents(t testing.TB, url string, n int) {
	t.Helper()
	pgtest.Exec(t, url, `
		INSERT INTO events (id, type, project_id, company_id, occurred_at, accepted_at, current, fingerprint)
		SELECT 'e' || lpad(g::text, 8, '0'), CASE WHEN g % 20 = 1 AND g < 1000 THEN $2 ELSE 'TODO_CREATED' END, CASE WHEN g % 20 = 2 AND g < 1000 THEN $3 ELSE 'p1' END,
			'c1', now(), now() - make_interval(secs => $1::int - g), '{}', '' FROM generate_series(1, $1::int) g`, n, rareType, rareProject)
}

func vacuum(t testing.TB, url string) {
	t.Helper()
	for _, table := range []string{"events", "deliveries", "attempts", "webhooks", "lanes", "health_counts", "health_hours"} {
		pgtest.Exec(t, url, `VACUUM ANALYZE `+table)
	}
}

// reading is a session set up as a read's.
func reading(t testing.TB, url string) *sql.Conn {
	t.Helper()
	conn := session(t, url)
	_, err := conn.ExecContext(context.Background(), strings.ReplaceAll(store.BeginRead, "SET LOCAL", "SET"))
	require.NoError(t, err)
	return conn
}

// cost executes a query with the plan for any values, and counts the pages.
func cost(t testing.TB, conn *sql.Conn, q store.Query) plan {
	t.Helper()
	ctx := context.Background()
	_, err := conn.ExecContext(ctx, "PREPARE costed AS "+q.Text)
	require.NoError(t, err, q.Text)
	defer func() {
		_, err := conn.ExecContext(ctx, "DEALLOCATE costed")
		require.NoError(t, err)
	}()
	literals := make([]string, len(q.Args))
	for i, arg := range q.Args {
		literals[i] = literal(t, arg)
	}
	call := "costed"
	if len(literals) > 0 {
		call += "(" + strings.Join(literals, ", ") + ")"
	}
	return planned(t, conn, call)
}

func literal(t testing.TB, arg any) string {
	t.Helper()
	switch v := arg.(type) {
	case time.Time:
		return pq.QuoteLiteral(v.Format(time.RFC3339Nano))
	case driver.Valuer:
		text, err := v.Value()
		require.NoError(t, err)
		return pq.QuoteLiteral(fmt.Sprint(text))
	}
	return pq.QuoteLiteral(fmt.Sprint(arg))
}

// narrowings are filters of one field, by their names.
var narrowings = map[string]func(*hook.DeliveryFilter){
	"webhook":       func(f *hook.DeliveryFilter) { f.WebhookID = bigWebhook },
	"quiet webhook": func(f *hook.DeliveryFilter) { f.WebhookID = "wh_7" },
	"event":         func(f *hook.DeliveryFilter) { f.EventID = "e00000100" },
	"type":          func(f *hook.DeliveryFilter) { f.EventTypes = []string{"TODO_CREATED"} },
	"rare type":     func(f *hook.DeliveryFilter) { f.EventTypes = []string{rareType} },
	"project":       func(f *hook.DeliveryFilter) { f.ProjectID = "p1" },
	"rare project":  func(f *hook.DeliveryFilter) { f.ProjectID = rareProject },
	"since":         func(f *hook.DeliveryFilter) { f.Since = time.Now().Add(-time.Hour) },
	"until":         func(f *hook.DeliveryFilter) { f.Until = time.Now().Add(-manyDeliveries / 2 * time.Second) },
	"pending":       func(f *hook.DeliveryFilter) { f.Statuses = []hook.DeliveryStatus{hook.Pending} },
	"retrying":      func(f *hook.DeliveryFilter) { f.Statuses = []hook.DeliveryStatus{hook.Retrying} },
	"succeeded":     func(f *hook.DeliveryFilter) { f.Statuses = []hook.DeliveryStatus{hook.Succeeded} },
	"failed":        func(f *hook.DeliveryFilter) { f.Statuses = []hook.DeliveryStatus{hook.Failed} },
	"held":          func(f *hook.DeliveryFilter) { f.Statuses = []hook.DeliveryStatus{hook.Held} },
	"cancelled":     func(f *hook.DeliveryFilter) { f.Statuses = []hook.DeliveryStatus{hook.Cancelled} },
}

// eachPair calls f with every filter, and every two of them together.
func eachPair(f func(name string, filter hook.DeliveryFilter)) {
	for one, narrow := range narrowings {
		for other, more := range narrowings {
			if one <= other {
				var filter hook.DeliveryFilter
				narrow(&filter)
				more(&filter)
				f(one+" + "+other, filter)
			}
		}
	}
	for set, of := range setNarrowings {
		for _, other := range []string{"", "webhook", "rare type", "event"} {
			var filter hook.DeliveryFilter
			if other != "" {
				narrowings[other](&filter)
			}
			of(&filter)
			f(set+" + "+other, filter)
		}
	}
	f("none", hook.DeliveryFilter{})
}

// setNarrowings are filters of several values of a field, and of what the last
// attempts came to.
var setNarrowings = map[string]func(*hook.DeliveryFilter){
	"amiss and waiting": func(f *hook.DeliveryFilter) {
		f.Statuses = []hook.DeliveryStatus{hook.Failed, hook.Held, hook.Retrying, hook.Pending, hook.Failed}
	},
	"succeeded and failed": func(f *hook.DeliveryFilter) { f.Statuses = []hook.DeliveryStatus{hook.Succeeded, hook.Failed} },
	"types": func(f *hook.DeliveryFilter) {
		f.EventTypes = []string{rareType, "TAG_DELETED", "TODO_CREATED", rareType}
	},
	"failed of types": func(f *hook.DeliveryFilter) {
		f.Statuses, f.EventTypes = []hook.DeliveryStatus{hook.Failed}, []string{rareType, "TAG_DELETED", "TODO_CREATED", rareType}
	},
	"many failed types": func(f *hook.DeliveryFilter) {
		f.Statuses = []hook.DeliveryStatus{hook.Failed}
		for i := range 199 {
			f.EventTypes = append(f.EventTypes, fmt.Sprint("TYPE_", i))
		}
		f.EventTypes = append(f.EventTypes, rareType)
	},
	"own reasons": func(f *hook.DeliveryFilter) {
		f.Reasons = []hook.Reason{hook.ReasonExhausted, hook.ReasonWebhookDisabled}
	},
	"attempt reason": func(f *hook.DeliveryFilter) {
		f.Reasons = []hook.Reason{hook.ReasonStatus4xx, hook.ReasonWebhookDisabled}
	},
	"code":         func(f *hook.DeliveryFilter) { f.StatusCodes = []hook.StatusCodes{"503"} },
	"classes":      func(f *hook.DeliveryFilter) { f.StatusCodes = []hook.StatusCodes{"4xx", "5xx", "503"} },
	"success code": func(f *hook.DeliveryFilter) { f.StatusCodes = []hook.StatusCodes{"2xx"} },
	"retrying with reason and code": func(f *hook.DeliveryFilter) {
		f.Statuses, f.Reasons, f.StatusCodes = []hook.DeliveryStatus{hook.Retrying}, []hook.Reason{hook.ReasonStatus5xx}, []hook.StatusCodes{"503", "404"}
	},
	"latest":        func(f *hook.DeliveryFilter) { f.Latest = true },
	"latest failed": func(f *hook.DeliveryFilter) { f.Latest, f.Statuses = true, []hook.DeliveryStatus{hook.Failed} },
	"id":            func(f *hook.DeliveryFilter) { f.IDPrefix = "dlv_e000001" },
	"redelivery":    func(f *hook.DeliveryFilter) { f.RedeliveryID = "rdl_1" },
	"succeeded with reason": func(f *hook.DeliveryFilter) {
		f.Statuses, f.Reasons = []hook.DeliveryStatus{hook.Succeeded}, []hook.Reason{hook.ReasonExhausted}
	},
}

// TestLists_ReadFewPages counts the pages of every list, with every filter and two
// of them together, for who sees everything and for a user with 201 webhooks.
func TestLists_ReadFewPages(t *testing.T) {
	s := newCrowdedAgain(t)
	conn := reading(t, s.url)
	// A page of 51 rows, in 201 walks where a user asks, by up to 22 reasons each; and mostScanned rows, which
	// in many walks lie on a page each.
	const direct, perWalk, scan = 500, 201 * 120, store.MostScanned + 201*10
	costliest := map[bool]plan{}
	for who, ctx := range map[string]context.Context{"admin": context.Background(), "user": as("u1")} {
		eachPair(func(name string, f hook.DeliveryFilter) {
			queries := store.DeliveryQueries(ctx, f, hook.Page{Limit: 51, Stopped: new(hook.Cursor)})
			most := direct
			if len(queries) > 1 {
				most = scan
			} else if who == "user" {
				most = perWalk
			}
			if len(f.Reasons)+len(f.StatusCodes) > 0 {
				most += scan // of fewer rows the attempts are read, too
			}
			most = max(most, 120*len(f.EventTypes)) // of each type the walks by reason
			for _, q := range queries {
				p := cost(t, conn, q)
				require.LessOrEqual(t, p.pages(), most, "%s: %s\n%s", who, name, q.Text)
				if p.pages() > costliest[len(queries) > 1].pages() {
					costliest[len(queries) > 1] = p
				}
			}
		})
		for _, f := range []hook.EventFilter{
			{}, {Type: rareType}, {Type: "TODO_CREATED"}, {ProjectID: rareProject}, {Type: rareType, ProjectID: "p1"}, {Type: rareType, Since: time.Now().Add(-time.Hour)},
			{Kind: hook.KindTest}, {Kind: hook.KindCombination, ProjectID: "p1"}, {Matched: new(true)}, {Matched: new(false)}, {Matched: new(false), ProjectID: "p1"},
			{Matched: new(false), Type: rareType}, {Matched: new(true), Kind: hook.KindTest},
		} {
			for _, q := range store.EventQueries(ctx, f, hook.Page{Limit: 51, Stopped: new(hook.Cursor)}) {
				require.LessOrEqual(t, cost(t, conn, q).pages(), scan, "%s: %+v\n%s", who, f, q.Text)
			}
		}
	}
	for _, q := range store.RecentQueries(pq.Array([]string{"p1", rareProject}), time.Now().Add(-28*24*time.Hour), hook.Cursor{Time: time.Now()}, 51) {
		require.LessOrEqual(t, cost(t, conn, q).pages(), direct, q.Text)
	}
	t.Logf("pages at most: %d of what an index finds, %d of what is looked for", costliest[false].pages(), costliest[true].pages())
}

// TestLists_LookNoFurtherThanAFullPage counts the rows that a page of many walks fetches:
// where it is full, nothing behind it is looked at.
func TestLists_LookNoFurtherThanAFullPage(t *testing.T) {
	s := newCrowdedAgain(t)
	fetched := 0
	require.NoError(t, s.Snapshot(as("u1"), func(ctx context.Context) error {
		page := hook.Page{Limit: 51, Stopped: new(hook.Cursor)}
		found, err := s.Events(ctx, hook.EventFilter{}, page)
		require.NoError(t, err)
		require.Len(t, found, page.Limit)
		require.Zero(t, *page.Stopped)
		return sqlx.GetContext(ctx, s.On(ctx), &fetched, `SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'events'`)
	}))
	require.LessOrEqual(t, fetched, 1000, "51 rows of each walk, these once more for the answer, and once where they stop")
}

// TestLists_FindWhatTheFilterSays compares every page by page with what a plain
// condition finds.
func TestLists_FindWhatTheFilterSays(t *testing.T) {
	s := newCrowdedAgain(t)
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	eachPair(func(name string, f hook.DeliveryFilter) {
		var want []string
		require.NoError(t, db.QueryRow(`
			SELECT coalesce(array_agg(id), '{}') FROM (
				SELECT id FROM deliveries d
				LEFT JOIN LATERAL (
					SELECT reason, status_code FROM attempts WHERE delivery_id = d.id AND outcome IS NOT NULL AND cardinality($9::text[]) + cardinality($10::text[]) > 0 ORDER BY number DESC LIMIT 1
				) a ON true
				WHERE ($1 = '' OR d.webhook_id = $1) AND ($2 = '' OR d.event_id = $2) AND ($3::text[] = '{}' OR d.event_type = ANY($3))
					AND ($4 = '' OR d.project_id = $4) AND ($5::text[] = '{}' OR d.status = ANY($5)) AND d.created_at >= $6 AND ($7 OR d.created_at < $8)
					AND (NOT $11 OR NOT d.superseded) AND starts_with(d.id, $12) AND ($13 = '' OR d.redelivery_id = $13)
					AND ($9::text[] = '{}' OR d.reason = ANY($9) OR a.reason = ANY($9))
					AND ($10::text[] = '{}' OR a.status_code::text = ANY($10) OR left(a.status_code::text, 1) || 'xx' = ANY($10))
				ORDER BY d.created_at DESC, d.id DESC LIMIT 450
			) x`, f.WebhookID, f.EventID, notNull(f.EventTypes), f.ProjectID, notNull(f.Statuses), f.Since, f.Until.IsZero(), f.Until, notNull(f.Reasons), notNull(f.StatusCodes), f.Latest, f.IDPrefix, f.RedeliveryID).Scan((*pq.StringArray)(&want)))
		contexts := []context.Context{context.Background()}
		if strings.Contains(name, "rare type") || name == "attempt reason + " || name == "amiss and waiting + " { // what a user is shown is looked for in the most ways there
			contexts = append(contexts, as("u1"))
		}
		for _, ctx := range contexts {
			require.Equal(t, want, firstOf(t, 450, func(p hook.Page) ([]hook.Delivery, error) { return s.Deliveries(ctx, f, p) }), name)
		}
	})
}

// notNull is an argument that is empty rather than NULL.
func notNull[T ~string](values []T) any { return pq.Array(append([]T{}, values...)) }

// firstOf reads up to n rows of a list, as the API does.
func firstOf(t *testing.T, n int, read func(hook.Page) ([]hook.Delivery, error)) []string {
	t.Helper()
	ids := []string{}
	page := hook.Page{Limit: 200}
	for {
		page.Stopped = new(hook.Cursor)
		found, err := read(page)
		require.NoError(t, err)
		for _, d := range found {
			ids = append(ids, d.ID)
			page.After = &hook.Cursor{Time: d.CreatedAt, ID: d.ID}
		}
		switch {
		case len(ids) >= n:
			return ids[:n]
		case !page.Stopped.Time.IsZero():
			require.Less(t, len(found), page.Limit)
			page.After = page.Stopped
		case len(found) < page.Limit:
			return ids
		}
	}
}

// TestReports_ReadFewPages counts the pages of every report, of a time that nearly
// all deliveries are in, once they are counted.
func TestReports_ReadFewPages(t *testing.T) {
	s := newCrowded(t)
	s.count(t)
	pgtest.Exec(t, s.url, `INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, reason, created_at)
		SELECT 'dlv_held' || g, 'held' || g, 'wh_big', 'TODO_CREATED', 'p1', 'c1', 'held', 'webhook_disabled', now() - interval '3 hours' FROM generate_series(1, 20000) g`)
	attempts(t, s.url, 20, 1)
	for n := 1000; n == 1000; {
		var err error
		n, err = s.FoldHealth(context.Background(), 1000)
		require.NoError(t, err)
	}
	vacuum(t, s.url)
	conn := reading(t, s.url)
	// Of what is not counted yet a few minutes are read, and an hour at the border;
	// what is held is counted in an index; a user's 201 webhooks cost some pages each.
	most := map[string]int{"admin": 3000, "user": 3000 + 201*150}
	for who, ctx := range map[string]context.Context{"admin": context.Background(), "user": as("u1")} {
		for name, q := range store.ReportQueries(ctx, bigWebhook, time.Now().Add(-manyDeliveries*time.Second), time.Now()) {
			p := cost(t, conn, q)
			if name == "backlog" { // is asked for by the metrics, too, which are no read of a person
				p = cost(t, session(t, s.url), q)
			}
			t.Logf("%s: %s: %d pages", who, name, p.pages())
			require.Less(t, p.pages(), most[who], "%s: %s", who, name)
		}
	}
}
