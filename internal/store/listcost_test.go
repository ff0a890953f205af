package store_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"testing"
	"time"

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

// newCrowded is a stage with many deliveries, each of an event of its own.
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
	for _, table := range []string{"events", "deliveries", "webhooks", "lanes", "health_counts", "health_hours"} {
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
	"type":          func(f *hook.DeliveryFilter) { f.EventType = "TODO_CREATED" },
	"rare type":     func(f *hook.DeliveryFilter) { f.EventType = rareType },
	"project":       func(f *hook.DeliveryFilter) { f.ProjectID = "p1" },
	"rare project":  func(f *hook.DeliveryFilter) { f.ProjectID = rareProject },
	"since":         func(f *hook.DeliveryFilter) { f.Since = time.Now().Add(-time.Hour) },
	"until":         func(f *hook.DeliveryFilter) { f.Until = time.Now().Add(-manyDeliveries / 2 * time.Second) },
	"pending":       func(f *hook.DeliveryFilter) { f.Status = hook.Pending },
	"retrying":      func(f *hook.DeliveryFilter) { f.Status = hook.Retrying },
	"succeeded":     func(f *hook.DeliveryFilter) { f.Status = hook.Succeeded },
	"failed":        func(f *hook.DeliveryFilter) { f.Status = hook.Failed },
	"held":          func(f *hook.DeliveryFilter) { f.Status = hook.Held },
	"cancelled":     func(f *hook.DeliveryFilter) { f.Status = hook.Cancelled },
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
	f("none", hook.DeliveryFilter{})
}

// TestLists_ReadFewPages counts the pages of every list, with every filter and two
// of them together, for who sees everything and for a user with 201 webhooks.
func TestLists_ReadFewPages(t *testing.T) {
	s := newCrowded(t)
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
			for _, q := range queries {
				p := cost(t, conn, q)
				require.LessOrEqual(t, p.pages(), most, "%s: %s\n%s", who, name, q.Text)
				if p.pages() > costliest[len(queries) > 1].pages() {
					costliest[len(queries) > 1] = p
				}
			}
		})
		for _, f := range []hook.EventFilter{{}, {Type: rareType}, {ProjectID: rareProject}, {Type: rareType, ProjectID: "p1"}, {Type: rareType, Since: time.Now().Add(-time.Hour)}} {
			for _, q := range store.EventQueries(ctx, f, hook.Page{Limit: 51, Stopped: new(hook.Cursor)}) {
				require.LessOrEqual(t, cost(t, conn, q).pages(), scan, "%s: %+v\n%s", who, f, q.Text)
			}
		}
	}
	t.Logf("pages at most: %d of what an index finds, %d of what is looked for", costliest[false].pages(), costliest[true].pages())
}

// TestLists_FindWhatTheFilterSays compares every page by page with what a plain
// condition finds.
func TestLists_FindWhatTheFilterSays(t *testing.T) {
	s := newCrowded(t)
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	eachPair(func(name string, f hook.DeliveryFilter) {
		var want []string
		require.NoError(t, db.QueryRow(`
			SELECT coalesce(array_agg(id), '{}') FROM (
				SELECT id FROM deliveries WHERE ($1 = '' OR webhook_id = $1) AND ($2 = '' OR event_id = $2) AND ($3 = '' OR event_type = $3)
					AND ($4 = '' OR project_id = $4) AND ($5 = '' OR status = $5) AND created_at >= $6 AND ($7 OR created_at < $8)
				ORDER BY created_at DESC, id DESC LIMIT 450
			) x`, f.WebhookID, f.EventID, f.EventType, f.ProjectID, f.Status, f.Since, f.Until.IsZero(), f.Until).Scan((*pq.StringArray)(&want)))
		contexts := []context.Context{context.Background()}
		if strings.Contains(name, "rare type") { // what a user is shown is looked for in the most ways there
			contexts = append(contexts, as("u1"))
		}
		for _, ctx := range contexts {
			require.Equal(t, want, firstOf(t, 450, func(p hook.Page) ([]hook.Delivery, error) { return s.Deliveries(ctx, f, p) }), name)
		}
	})
}

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
