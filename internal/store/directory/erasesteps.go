package directory

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/access"
	"godwit/internal/store/ledger"
)

// erasurePart makes one step and says where the next one goes on; done means that
// there is no more of this part.
type erasurePart func(ctx context.Context, tx *sqlx.Tx, e erasure) (next erasurePlace, done bool, err error)

// erasureParts are what an erasure of a kind goes through.
func (s *Store) erasureParts(kind string) []erasurePart {
	switch kind {
	case erasedEvent:
		return []erasurePart{s.eraseDeliveriesOfEvent, eraseCombinationsOfEvent}
	case erasedWebhook:
		return []erasurePart{eraseDeliveriesOfWebhook, eraseNotesOfWebhook}
	default:
		return []erasurePart{eraseEventsOfUser, eraseAuditOfUser, s.eraseAnswersOfUser}
	}
}

// clearAttempts leaves of attempts when and how they ended. The URL goes where the
// webhook is expunged ($2).
const clearAttempts = `
UPDATE attempts SET request_headers = NULL, response_headers = NULL, response_body = NULL, error = NULL, url = CASE WHEN $2 THEN NULL ELSE url END,
	expunged_at = coalesce(expunged_at, now())
WHERE delivery_id = ANY($1)
	AND (expunged_at IS NULL OR request_headers IS NOT NULL OR response_headers IS NOT NULL OR response_body IS NOT NULL OR error IS NOT NULL OR $2 AND url IS NOT NULL)`

// cancelExpunged is cancelWaiting for the deliveries $1, which are locked in the
// order of their ids, as everywhere.
const cancelExpunged = `
WITH waiting AS MATERIALIZED (SELECT d.id FROM deliveries d WHERE d.id = ANY($1) AND ` + ledger.Unfinished + ` ORDER BY d.id FOR NO KEY UPDATE)
UPDATE deliveries d SET status = 'cancelled', reason = $2, dispatch_at = NULL, next_attempt_at = NULL, finished_at = now(), updated_at = now(),
	slot_until = NULLIF(slot_until, 'infinity')
FROM waiting WHERE d.id = waiting.id`

func (s *Store) eraseDeliveriesOfEvent(ctx context.Context, tx *sqlx.Tx, e erasure) (erasurePlace, bool, error) {
	var ids []string
	err := tx.SelectContext(ctx, &ids, `SELECT d.id FROM deliveries d WHERE d.event_id = $1 AND d.id > $2 ORDER BY d.id LIMIT $3`, e.ObjectID, e.CursorID, eraseLimit)
	if err != nil || len(ids) == 0 {
		return erasurePlace{}, true, err
	}
	cancelled, err := tx.ExecContext(ctx, cancelExpunged, pq.Array(ids), hook.ReasonPayloadExpunged)
	if err != nil {
		return erasurePlace{}, false, err
	}
	if n, err := cancelled.RowsAffected(); err == nil {
		s.Tally.TakenOut(hook.Cancelled, int(n))
	}
	_, err = tx.ExecContext(ctx, clearAttempts, pq.Array(ids), false)
	return erasurePlace{"-infinity", ids[len(ids)-1]}, len(ids) < eraseLimit, err
}

// eraseCombinationsOfEvent goes on with the events that hold a copy of this one.
func eraseCombinationsOfEvent(ctx context.Context, tx *sqlx.Tx, e erasure) (erasurePlace, bool, error) {
	var ids []string
	if err := tx.SelectContext(ctx, &ids, `SELECT DISTINCT event_id FROM combination_parts WHERE part_event_id = $1 ORDER BY event_id`, e.ObjectID); err != nil {
		return erasurePlace{}, false, err
	}
	_, err := expungeEvents(ctx, tx, ids)
	return erasurePlace{}, true, err
}

// placed is a row that a step has come to.
type placed struct {
	ID   string `db:"id"`
	At   string `db:"at"`
	Mine bool   `db:"mine"` // it is to be expunged
}

// mine gives the ids of the rows that are to be expunged, and where to go on.
func mine(rows []placed, limit int) (ids []string, next erasurePlace, done bool) {
	for _, r := range rows {
		if next = (erasurePlace{r.At, r.ID}); r.Mine {
			ids = append(ids, r.ID)
		}
	}
	return ids, next, len(rows) < limit
}

func eraseDeliveriesOfWebhook(ctx context.Context, tx *sqlx.Tx, e erasure) (erasurePlace, bool, error) {
	var rows []placed
	err := tx.SelectContext(ctx, &rows, `
		SELECT d.id, d.created_at::text AS at, true AS mine FROM deliveries d
		WHERE d.webhook_id = $1 AND (d.created_at, d.id) > ($2::timestamptz, $3) ORDER BY d.created_at, d.id LIMIT $4`, e.ObjectID, e.CursorAt, e.CursorID, eraseLimit)
	ids, next, done := mine(rows, eraseLimit)
	if err != nil || len(ids) == 0 {
		return next, true, err
	}
	// The format blue keeps the webhook as it was, with its URL.
	if _, err := tx.ExecContext(ctx, `UPDATE deliveries SET blue_webhook = NULL WHERE id = ANY($1) AND blue_webhook IS NOT NULL`, pq.Array(ids)); err != nil {
		return next, false, err
	}
	_, err = tx.ExecContext(ctx, clearAttempts, pq.Array(ids), true)
	return next, done, err
}

// eraseNotesOfWebhook removes what people wrote, and what mail servers answered.
func eraseNotesOfWebhook(ctx context.Context, tx *sqlx.Tx, e erasure) (erasurePlace, bool, error) {
	_, err := tx.ExecContext(ctx, `
		WITH mails AS (UPDATE notices SET error = NULL, due_at = NULL WHERE webhook_id = $1)
		UPDATE transitions SET note = NULL WHERE webhook_id = $1 AND note IS NOT NULL`, e.ObjectID)
	return erasurePlace{}, true, err
}

// eraseWalk is how many rows a walk through a large table looks at in one step.
const eraseWalk = 5000

// eraseEventsOfUser goes through all events: there is no index on who caused one,
// which every event would pay for.
func eraseEventsOfUser(ctx context.Context, tx *sqlx.Tx, e erasure) (erasurePlace, bool, error) {
	var rows []placed
	err := tx.SelectContext(ctx, &rows, `
		SELECT e.id, e.accepted_at::text AS at, $1 IN (e.actor_id, e.owner_id, e.private_to) IS TRUE AS mine FROM events e
		WHERE (e.accepted_at, e.id) > ($2::timestamptz, $3) AND e.accepted_at <= $4 ORDER BY e.accepted_at, e.id LIMIT $5`,
		e.ObjectID, e.CursorAt, e.CursorID, e.AskedAt, eraseWalk)
	if err != nil {
		return erasurePlace{}, false, err
	}
	ids, next, done := mine(rows, eraseWalk)
	_, err = expungeEvents(ctx, tx, ids)
	return next, done, err
}

// eraseAuditOfUser expunges the values of what was done to the user and the
// webhooks, and of what the user did. Who did what to which id stays.
func eraseAuditOfUser(ctx context.Context, tx *sqlx.Tx, e erasure) (erasurePlace, bool, error) {
	var rows []placed
	err := tx.SelectContext(ctx, &rows, `
		SELECT a.id, a.at::text AS at, ($1 IN (a.user_id, a.object_id, a.before ->> 'user_id', a.after ->> 'user_id', a.before ->> 'owner_id', a.after ->> 'owner_id')
			OR a.object_id = ANY($2)) IS TRUE AS mine
		FROM audit_log a
		WHERE (a.at, a.id) > ($3::timestamptz, $4) AND a.at <= $5 ORDER BY a.at, a.id LIMIT $6`,
		e.ObjectID, e.Webhooks, e.CursorAt, e.CursorID, e.AskedAt, eraseWalk)
	if err != nil {
		return erasurePlace{}, false, err
	}
	ids, next, done := mine(rows, eraseWalk)
	if len(ids) > 0 {
		_, err = tx.ExecContext(ctx, `SELECT expunge_audit_log($1, $2)`, pq.Array(ids), e.ObjectID)
	}
	return next, done, err
}

// eraseAnswersOfUser removes answers to idempotency keys that tell of the user or
// of one of the webhooks. They are sealed, so each is opened; there are those of a
// day at most.
func (s *Store) eraseAnswersOfUser(ctx context.Context, tx *sqlx.Tx, e erasure) (erasurePlace, bool, error) {
	credential, key, _ := strings.Cut(e.CursorID, "\n")
	var rows []struct {
		Credential string `db:"credential"`
		Key        string `db:"key"`
		Answer     []byte `db:"answer"`
	}
	err := tx.SelectContext(ctx, &rows, `
		SELECT credential, key, answer FROM idempotency_keys
		WHERE (credential, key) > ($1, $2) AND created_at <= $3 ORDER BY credential, key LIMIT $4`, credential, key, e.AskedAt, eraseLimit)
	if err != nil || len(rows) == 0 {
		return erasurePlace{}, true, err
	}
	for _, r := range rows {
		answer, err := s.Ring.Open(r.Answer, access.AnswerPlace(hook.IdempotencyKey{Credential: r.Credential, Key: r.Key}))
		if err != nil || !e.isIn(answer) {
			continue // one that can't be opened says nothing to anyone
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM idempotency_keys WHERE credential = $1 AND key = $2`, r.Credential, r.Key); err != nil {
			return erasurePlace{}, false, err
		}
	}
	last := rows[len(rows)-1]
	return erasurePlace{"-infinity", last.Credential + "\n" + last.Key}, len(rows) < eraseLimit, nil
}

// isIn says whether a kept answer tells of the user or of one of the webhooks.
func (e erasure) isIn(answer []byte) bool {
	var kept struct{ Body []byte }
	if json.Unmarshal(answer, &kept) != nil {
		return false
	}
	words := []string{`"user_id":"` + e.ObjectID + `"`, `"owner_id":"` + e.ObjectID + `"`}
	for _, word := range append(words, e.Webhooks...) {
		if bytes.Contains(kept.Body, []byte(word)) {
			return true
		}
	}
	return false
}
