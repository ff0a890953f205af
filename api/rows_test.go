package api

import (
	"database/sql"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// rowsOfTests are a user with two projects, a project that the user does not see, and
// event types.
const rowsOfTests = `
	INSERT INTO companies (id, name) VALUES ('c1', 'One'), ('c2', 'Two');
	INSERT INTO projects (id, company_id, name) VALUES ('p1', 'c1', 'P'), ('p2', 'c1', 'Q'), ('p3', 'c2', 'R');
	INSERT INTO users (id, name, email) VALUES ('u1', 'Una', 'u1@example.com');
	INSERT INTO members (project_id, user_id) VALUES ('p1', 'u1'), ('p2', 'u1');
	INSERT INTO event_types (name, "group", description) VALUES ('A', 'g', ''), ('B', 'g', ''), ('C', 'g', ''), ('T', 'g', '')`

func now() time.Time { return time.Date(2026, 5, 4, 9, 30, 0, 123456000, time.UTC) }

// nowText is now as answers show it.
const nowText = "2026-05-04T09:30:00.123456Z"

// change sets columns of a row, as in "status = 'held'"; "" changes nothing.
func (c *client) change(table, id, set string, args ...any) {
	c.t.Helper()
	if set != "" {
		c.exec(`UPDATE `+table+` SET `+set+` WHERE id = '`+id+`'`, args...)
	}
}

// webhook stores a webhook of u1 for every event, and changes its row.
func (c *client) webhook(id, set string, args ...any) {
	c.t.Helper()
	_, err := c.store.CreateWebhook(c.t.Context(), hook.Webhook{ID: id, OwnerID: "u1", Name: "N", URL: "https://a.example", Secret: "whsec_c2VjcmV0",
		Rules: []hook.Rule{{Events: []string{"*"}}}, PayloadFormat: hook.FormatStandard, AutoRecover: true, Metadata: []byte(`{}`), Enabled: true, Status: hook.Healthy})
	require.NoError(c.t, err)
	c.change("webhooks", id, set, args...)
}

// stored is the webhook of a path as it is stored.
func (c *client) stored(path string) hook.Webhook {
	c.t.Helper()
	w, err := c.store.Webhook(c.t.Context(), strings.TrimPrefix(path, "/v1/webhooks/"))
	require.NoError(c.t, err)
	return w
}

// event stores an event of the project p1, of which no rule is asked.
func (c *client) event(id, set string, args ...any) {
	c.t.Helper()
	c.exec(`INSERT INTO events (id, type, project_id, company_id, occurred_at, accepted_at, current, fingerprint, sequence)
		VALUES ($1, 'A', 'p1', 'c1', $2, $2, '{}', '', 7) ON CONFLICT DO NOTHING`, id, now())
	c.change("events", id, set, args...)
}

// storedEvent is an event as it is stored.
func (c *client) storedEvent(id string) hook.Event {
	c.t.Helper()
	e, err := c.store.Event(c.t.Context(), id)
	require.NoError(c.t, err)
	return e
}

// ids lists what a page of a list is about.
func (c *client) ids(path string) (out []any) {
	c.t.Helper()
	for _, row := range c.call("GET", path, "").is(200).json()["data"].([]any) {
		out = append(out, at(row, "id"))
	}
	return out
}

// broken takes a table away until the test ends, so that what asks it fails.
func (c *client) broken(table string) {
	c.t.Helper()
	c.exec(`ALTER TABLE ` + table + ` RENAME TO broken`)
	c.t.Cleanup(func() { c.exec(`ALTER TABLE broken RENAME TO ` + table) })
}

// holding begins another transaction with a statement that locks something.
func (c *client) holding(statement string) *sql.Tx {
	c.t.Helper()
	db, err := sql.Open("postgres", databaseURL)
	require.NoError(c.t, err)
	c.t.Cleanup(func() { require.NoError(c.t, db.Close()) })
	tx, err := db.Begin()
	require.NoError(c.t, err)
	c.t.Cleanup(func() { _ = tx.Rollback() }) // of a test that failed before it did
	_, err = tx.Exec(statement)
	require.NoError(c.t, err)
	return tx
}

// What deliveries are in besides pending.
const (
	isFailed    = `status = 'failed', reason = 'exhausted', next_attempt_at = NULL, dispatch_at = NULL, finished_at = now()`
	isHeld      = `status = 'held', reason = 'webhook_disabled', dispatch_at = NULL`
	isCancelled = `status = 'cancelled', reason = 'cancelled_by_owner', dispatch_at = NULL, finished_at = now()`
	isSucceeded = `status = 'succeeded', reason = NULL, next_attempt_at = NULL, dispatch_at = NULL, finished_at = now()`
	isRetrying  = `status = 'retrying', attempts = 1, next_attempt_at = now() + interval '1 hour', dispatch_at = now() + interval '1 hour'`
)

// delivery stores a pending delivery to the webhook wh_1, and changes its row. The one
// of the id dlv_1 is of the event e1.
func (c *client) delivery(id, set string, args ...any) {
	c.t.Helper()
	eventID := "e" + strings.TrimPrefix(id, "dlv_")
	c.event(eventID, "")
	c.exec(`INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, dispatch_at, created_at, updated_at)
		VALUES ($1, $2, 'wh_1', 'A', 'p1', 'c1', 'pending', now(), $3, $3)`, id, eventID, now())
	c.change("deliveries", id, set, args...)
}

// attempt stores an attempt of a delivery that was answered 503.
func (c *client) attempt(deliveryID string, number int, set string, args ...any) {
	c.t.Helper()
	c.exec(`INSERT INTO attempts (delivery_id, number, started_at, finished_at, duration_ms, outcome, reason, error, status_code, url)
		VALUES ($1, $2, $3, $3, 1000, 'failure', 'status_5xx', '503', 503, 'https://a.example')`, deliveryID, number, now())
	if set != "" {
		c.exec(`UPDATE attempts SET `+set+` WHERE delivery_id = '`+deliveryID+`'`, args...)
	}
}
