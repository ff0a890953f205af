package api

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/api/access"
)

// locks is how many locks there are of a kind of table, those that wait included.
const locks = `SELECT count(*) FROM pg_locks l JOIN pg_class r ON r.oid = l.relation WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND r.relname = $1 AND l.granted = $2`

// Bodies that publish an event of type A.
const (
	oneEvent      = `{"id":"e1","type":"A","project_id":"p1","current":{"a":1}}`
	oneCloudEvent = `{"specversion":"1.0","id":"e2","source":"/s","type":"A","projectid":"p1","data":{"a":1}}`
)

// keyed sends a request with an idempotency key beside the test.
func (c *client) keyed(path, body string, header []string) <-chan answerOf {
	answer := make(chan answerOf, 1)
	go func() {
		answer <- c.call("POST", path, body, append(header, access.HeaderIdempotencyKey, "1")...)
	}()
	return answer
}

// TestIdempotency_EventsAreCheckedBeforeTheTransaction: a request with a key held a
// connection for as long as its events were read and held to their schemas, seconds for
// a batch. Here it waits for a schema.
func TestIdempotency_EventsAreCheckedBeforeTheTransaction(t *testing.T) {
	for _, tc := range []struct {
		name, path, body string
		header           []string
	}{
		{"event", "/v1/events", oneEvent, nil},
		{"batch", "/v1/events/batch", `{"events":[` + oneEvent + `,{"id":"no type"},{"id":"e4","type":"B","project_id":"p1","current":{}}]}`, nil},
		{"cloud event", "/v1/events", oneCloudEvent, []string{"Content-Type", "application/cloudevents+json"}},
		{"cloud events", "/v1/events", `[` + oneCloudEvent + `,` + oneCloudEvent + `,{}]`, []string{"Content-Type", "application/cloudevents-batch+json"}},
		{"binary", "/v1/events", `{"a":1}`, []string{"Content-Type", "application/json", "Ce-Specversion", "1.0", "Ce-Id", "e3", "Ce-Source", "/s", "Ce-Type", "A", "Ce-Projectid", "p1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := staged(t)
			tx := c.holding(`LOCK TABLE event_types IN ACCESS EXCLUSIVE MODE`)
			keyed := c.keyed(tc.path, tc.body, tc.header)
			count := func(table string, granted bool) (n int) {
				require.NoError(t, tx.QueryRow(locks, table, granted).Scan(&n))
				return n
			}
			require.Eventually(t, func() bool { return count("event_types", false) > 0 }, time.Minute, time.Millisecond)
			require.Zero(t, count("idempotency_keys", true), "a transaction is open")
			require.NoError(t, tx.Rollback())
			first := (<-keyed).is(202)
			c.exec(`DELETE FROM events`)
			plain := c.call("POST", tc.path, tc.body, tc.header...).is(202)
			require.JSONEq(t, plain.Body.String(), first.Body.String())
		})
	}
	c := staged(t)
	for _, bad := range []string{`{"type":`, `[]`, `{"type":7}`, `{"type":"A"}`} {
		plain := c.call("POST", "/v1/events", bad)
		require.Equal(t, plain.Code, c.call("POST", "/v1/events", bad, access.HeaderIdempotencyKey, "1").Code)
	}
	require.Zero(t, c.count("idempotency_keys"))
}

// TestIdempotency_EventsAreCheckedOnce: the transaction of a request with a key begins
// once its events are checked, and checks none again. A check of an event that does not
// fit reads the schema anew, so that it would wait for the type here.
func TestIdempotency_EventsAreCheckedOnce(t *testing.T) {
	for _, tc := range []struct {
		name, path, body string
		header           []string
	}{
		{"event", "/v1/events", oneEvent, nil},
		{"batch", "/v1/events/batch", `{"events":[` + oneEvent + `,{"id":"e4","type":"B","project_id":"p1","current":{}}]}`, nil},
		{"cloud event", "/v1/events", oneCloudEvent, []string{"Content-Type", "application/cloudevents+json"}},
		{"cloud events", "/v1/events", `[` + oneCloudEvent + `,` + oneCloudEvent + `]`, []string{"Content-Type", "application/cloudevents-batch+json"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := staged(t)
			c.call("PUT", "/v1/event-types/A", `{"group":"g","description":"","schema":{"required":["n"]}}`).is(200)
			keys := c.holding(`LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE`)
			keyed := c.keyed(tc.path, tc.body, tc.header)
			waiting := func(tx *sql.Tx, table string) (statement string) {
				require.Eventually(t, func() bool {
					return tx.QueryRow(`SELECT a.query FROM pg_locks l JOIN pg_class r ON r.oid = l.relation JOIN pg_stat_activity a ON a.pid = l.pid
						WHERE a.datname = current_database() AND r.relname = $1 AND NOT l.granted`, table).Scan(&statement) == nil
				}, time.Minute, time.Millisecond)
				return statement
			}
			waiting(keys, "idempotency_keys")
			types := c.holding(`LOCK TABLE event_types IN ACCESS EXCLUSIVE MODE`)
			require.NoError(t, keys.Rollback())
			require.NotContains(t, waiting(types, "event_types"), "SELECT name, schema,", "the transaction reads a schema")
			require.NoError(t, types.Rollback())
			require.Contains(t, (<-keyed).Body.String(), "/n")
		})
	}
}

// TestIdempotency_ChecksStayWithTheirEvents: of a batch some events are beyond the rate
// of their company.
func TestIdempotency_ChecksStayWithTheirEvents(t *testing.T) {
	c := stagedWith(t, func(o *Options) { o.Limits.Events = 1 })
	const one = `{"type":"A","project_id":"p1","current":{}}`
	c.call("POST", "/v1/events", one).is(202)
	got := c.call("POST", "/v1/events/batch", `{"events":[`+one+`,`+one+`,{"type":"A","project_id":"p3","current":{}}]}`, access.HeaderIdempotencyKey, "1").is(202).json()["results"].([]any)
	require.Contains(t, got[1], "error")
	require.NotContains(t, got[2], "error")
}
