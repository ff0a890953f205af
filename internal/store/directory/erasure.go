package directory

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// The kinds of what is expunged.
const (
	erasedEvent   = "event"
	erasedWebhook = "webhook"
	erasedUser    = "user"
)

// erasure is one that is due, locked by the step that is being made.
type erasure struct {
	Kind     string         `db:"kind"`
	ObjectID string         `db:"object_id"`
	AskedAt  time.Time      `db:"asked_at"`
	Webhooks pq.StringArray `db:"webhooks"`
	Part     int            `db:"part"`
	CursorAt string         `db:"cursor_at"`
	CursorID string         `db:"cursor_id"`
	Round    int            `db:"round"`
}

// erasurePlace is where the next step of a part goes on; the zero value is the
// next part.
type erasurePlace struct{ at, id string }

// expungeEvents removes the payloads of events, and has the rest of what is stored
// of them expunged. The fingerprint is a hash of the payload, and goes too. What
// waits in a window would make another event of it, and what is yet to be judged
// can't be any more.
func expungeEvents(ctx context.Context, tx *sqlx.Tx, eventIDs []string) (int, error) {
	var expunged []string
	err := tx.SelectContext(ctx, &expunged, `
		UPDATE events SET previous = NULL, current = NULL, fingerprint = '', expunged_at = now()
		WHERE id = ANY($1) AND expunged_at IS NULL RETURNING id`, pq.Array(eventIDs))
	if err != nil || len(expunged) == 0 {
		return 0, err
	}
	for _, statement := range []string{
		`DELETE FROM window_events WHERE event_id = ANY($1)`,
		`DELETE FROM judgements WHERE event_id = ANY($1)`,
		`DELETE FROM play_requests WHERE event_id = ANY($1)`,
		`INSERT INTO erasures (kind, object_id) SELECT '` + erasedEvent + `', id FROM unnest($1::text[]) AS e(id) ON CONFLICT DO NOTHING`,
	} {
		if _, err := tx.ExecContext(ctx, statement, pq.Array(expunged)); err != nil {
			return 0, err
		}
	}
	return len(expunged), nil
}

// moved keeps how far the erasure has come.
func (e erasure) moved(ctx context.Context, tx *sqlx.Tx, next erasurePlace, last bool) error {
	key := []any{e.Kind, e.ObjectID, e.AskedAt}
	statement := moveErasure
	args := append(key, e.Part, next.at, next.id)
	switch {
	case last && e.Round == 1:
		statement, args = repeatErasure, append(key, eraseAgainAfter.Seconds())
	case last && e.Kind == erasedUser:
		statement, args = endErasure, key
	case last:
		statement, args = forgetErasure, key
	case next == erasurePlace{}:
		args = append(key, e.Part+1, "-infinity", "")
	}
	_, err := tx.ExecContext(ctx, statement, args...)
	return err
}

const (
	// eraseLimit is how many rows one step looks at.
	eraseLimit = 500
	// eraseAgainAfter is when all is looked through once more: an attempt that was
	// under way has ended by then, with the answer that it got.
	eraseAgainAfter = 2 * time.Minute
	// eraseAtOnce bounds how long the request waits that asks for an erasure; what is
	// left then is done by the workers.
	eraseAtOnce = 5 * time.Second
)

const (
	lockErasure = `
		SELECT kind, object_id, asked_at, webhooks, part, cursor_at::text AS cursor_at, cursor_id, round
		FROM erasures WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED`
	thisErasure = ` WHERE kind = $1 AND object_id = $2 AND asked_at = $3`
	moveErasure = `UPDATE erasures SET part = $4, cursor_at = $5::timestamptz, cursor_id = $6, due_at = now()` + thisErasure // behind the others
	// The second time only the newest of all events need to be looked at.
	repeatErasure = `
		UPDATE erasures SET part = 0, cursor_at = CASE WHEN kind = 'user' THEN asked_at - interval '10 minutes' ELSE '-infinity' END, cursor_id = '',
			round = 2, due_at = asked_at + make_interval(secs => $4)` + thisErasure
	postponeErasure = `UPDATE erasures SET due_at = now() + interval '1 minute'` + thisErasure
	endErasure      = `UPDATE erasures SET due_at = NULL` + thisErasure
	forgetErasure   = `DELETE FROM erasures` + thisErasure
)
