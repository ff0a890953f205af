package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// TestFirstAttemptsReadNoMoreWithABacklog counts pages as the test of the
// matching does, with plans that were made while nothing waited.
func TestFirstAttemptsReadNoMoreWithABacklog(t *testing.T) {
	withStatistics(t, testFirstAttemptsReadNoMoreWithABacklog)
}

func testFirstAttemptsReadNoMoreWithABacklog(t *testing.T, s stage) {
	t.Helper()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	conn := session(t, s.url)
	for name, statement := range map[string]string{
		"take_due(int, float8, float8, text[], float8, text[])":                   store.TakeDue,
		"take_queued(int, float8, float8, text[], float8, text[], text[], int[])": store.TakeQueued,
		"take_drained(int, float8, float8, text[], int[])":                        store.TakeDrained,
		"succeed": store.SucceedAll,
		"note":    store.CarriedAll,
	} {
		_, err := conn.ExecContext(context.Background(), "PREPARE "+name+" AS "+statement)
		require.NoError(t, err)
	}
	run := func(take, end, note string, want int) (pages int) {
		for _, statement := range []string{take, end, note} {
			p := planned(t, conn, statement)
			pages += p.pages()
			if statement == take {
				require.Equal(t, want, p.Rows)
			}
		}
		return pages
	}
	const due, queued = `take_due(10, 10, 10, '{}', 30, '{}')`, `take_queued(10, 10, 10, '{}', 30, '{}', '{%s}', '{10}')`
	run(due, ends("none", 1), notes("none", 1), 0)
	run(fmt.Sprintf(queued, w.ID), ends("none", 1), notes("none", 1), 0)
	for _, kind := range []string{"a", "b"} { // a is due, b is queued
		pgtest.Exec(t, s.url, `
			WITH e AS (
				INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint)
				SELECT $2::text || lpad(g::text, 5, '0'), 'TODO_CREATED', 'p1', 'c1', now(), '{}', '' FROM generate_series(0, 20000) g RETURNING id
			)
			INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, dispatch_at)
			SELECT 'dlv_' || e.id, e.id, $1, 'TODO_CREATED', 'p1', 'c1', 'pending', CASE $2::text WHEN 'a' THEN now() ELSE 'infinity' END FROM e`, w.ID, kind)
	}
	const perDelivery = 160 // ten indexes of three levels, three times, and some
	require.Less(t, run(due, ends("dlv_a", 10), notes("dlv_a", 10), 10), 10*perDelivery)
	require.Less(t, run(fmt.Sprintf(queued, w.ID), ends("dlv_b", 10), notes("dlv_b", 10), 10), 10*perDelivery)
	pgtest.Exec(t, s.url, `UPDATE webhooks SET drain = 10, drain_until = now(); UPDATE deliveries SET status = 'held', reason = 'webhook_disabled', dispatch_at = NULL WHERE dispatch_at = 'infinity' AND id > 'dlv_b10000'`)
	require.Less(t, run(fmt.Sprintf(`take_drained(10, 10, 10, '{%s}', '{10}')`, w.ID), ends("none", 1), notes("none", 1), 10), 10*perDelivery)
}

// ends executes the statement for the ends of n attempts.
func ends(prefix string, n int) string { return endsOf(ids(prefix, n), "run") }

// endsOf is ends of the first attempts of deliveries that a run carries; "" = it
// is not known which.
func endsOf(deliveries []string, run string) string {
	all := func(value string) string { return array(slices.Repeat([]string{value}, len(deliveries))) }
	values := []string{array(deliveries)}
	for _, v := range []string{"1", "3", "200", "http://x", "x", "x", "x", "f", "0.01", "3", `"` + run + `"`} {
		values = append(values, all(v))
	}
	return "succeed(" + strings.Join(append(values, "1"), ", ") + ")"
}

// notes executes the statement that notes the workflow of n deliveries.
func notes(prefix string, n int) string {
	all := func(value string) string { return array(slices.Repeat([]string{value}, n)) }
	return "note(" + strings.Join([]string{array(ids(prefix, n)), all("1"), all("batch"), all("run")}, ", ") + ")"
}

func ids(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%05d", prefix, i)
	}
	return out
}

// array is a literal of Postgres.
func array(values []string) string { return "'{" + strings.Join(values, ",") + "}'" }
