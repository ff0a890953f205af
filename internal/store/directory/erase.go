package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
	"godwit/internal/store/subscription"
)

// The kinds of what is expunged.
const (
	erasedEvent   = "event"
	erasedWebhook = "webhook"
	erasedUser    = "user"
)

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

// ExpungeEvent removes the payload of an event at once, and cancels what of it
// waits or is held; what else is stored of it goes in steps, which EraseStep makes.
// An event that was expunged before stays as it is.
func (s *Store) ExpungeEvent(ctx context.Context, eventID string) error {
	err := s.InTx(ctx, "expunge the payload of "+eventID, func(tx *sqlx.Tx) error {
		var there []string
		if err := tx.SelectContext(ctx, &there, `SELECT id FROM events WHERE id = $1 FOR UPDATE`, eventID); err != nil {
			return err
		}
		if len(there) == 0 {
			return hook.Errorf(hook.CodeNotFound, "there is no event %q", eventID)
		}
		n, err := expungeEvents(ctx, tx, []string{eventID})
		if err != nil || n == 0 {
			return err
		}
		return access.Audit(ctx, tx, access.Change{Action: hook.EventExpunged, ObjectID: eventID})
	})
	if err != nil {
		return err
	}
	return s.eraseNow(ctx)
}

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

// EraseUser deletes a user as DeleteUser does, unless that was done before, and expunges all that is personal:
// of the user's webhooks what was sent and answered, of the events that the user
// caused the payloads, the values in the audit log, answers that are kept. The
// counts of the ledger stay. It goes in steps, which EraseStep makes.
func (s *Store) EraseUser(ctx context.Context, userID string) error {
	err := s.InTx(ctx, "erase a user", func(tx *sqlx.Tx) error {
		if err := lockParent(ctx, tx, "users", userID); err != nil {
			return err
		}
		webhooks, live, err := webhooksOf(ctx, tx, userID)
		if err != nil {
			return err
		}
		if err := deleteWebhooks(ctx, tx, live); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, subscription.ForgetUsage, userID); err != nil {
			return err
		}
		var there []string
		if err := tx.SelectContext(ctx, &there, forgetUser, userID); err != nil {
			return err
		}
		if len(there) == 0 {
			return hook.Errorf(hook.CodeNotFound, "there is no user %q, and nothing is left of one that was deleted", userID)
		}
		if err := eraseWebhooks(ctx, tx, userID, webhooks); err != nil {
			return err
		}
		erased := access.Shown{"name": access.Secret(""), "email": access.Secret(""), "webhooks": append([]string{}, webhooks...)}
		return access.Audit(ctx, tx, access.Change{Action: hook.UserErased, ObjectID: userID, Before: erased})
	})
	if err != nil {
		return err
	}
	return s.eraseNow(ctx)
}

// deletedBefore: the audit log tells of a deletion of user $1 before which nothing
// was erased.
const deletedBefore = ` FROM audit_log a WHERE a.object_id = $1 AND a.action = '` + string(hook.UserDeleted) + `' AND a.expunged_at IS NULL`

// forgetUser deletes a user, and gives the id also where that was done before.
const forgetUser = `
WITH gone AS (DELETE FROM users WHERE id = $1 RETURNING id)
SELECT id FROM gone UNION SELECT a.object_id` + deletedBefore

// webhooksOf locks and gives the webhooks of a user: all, those included that
// were deleted before, by themselves or with the user; and those that live.
func webhooksOf(ctx context.Context, tx *sqlx.Tx, userID string) (all, live []string, err error) {
	var found []struct {
		ID   string `db:"id"`
		Live bool   `db:"live"`
	}
	err = tx.SelectContext(ctx, &found, `
		SELECT w.id, w.deleted_at IS NULL AS live FROM webhooks w WHERE w.id = ANY(ARRAY(
			SELECT o.id FROM webhooks o WHERE o.owner_id = $1 UNION SELECT json_array_elements_text(a.before -> 'webhooks')`+deletedBefore+`
		)) AND coalesce(w.owner_id, $1) = $1 ORDER BY w.id FOR UPDATE`, userID)
	for _, w := range found {
		all = append(all, w.ID)
		if w.Live {
			live = append(live, w.ID)
		}
	}
	return all, live, err
}

func eraseWebhooks(ctx context.Context, tx *sqlx.Tx, userID string, webhooks []string) error {
	_, err := tx.ExecContext(ctx, `
		WITH names AS (UPDATE webhooks SET name = '', metadata = '{}' WHERE id = ANY($2)),
		of_webhooks AS (INSERT INTO erasures (kind, object_id) SELECT '`+erasedWebhook+`', id FROM unnest($2::text[]) AS w(id) ON CONFLICT DO NOTHING)
		INSERT INTO erasures (kind, object_id, webhooks) VALUES ('`+erasedUser+`', $1, $2)`, userID, pq.Array(append([]string{}, webhooks...)))
	return err
}

// eraseNow makes steps for a while. What is left is done by the workers, also when
// this process ends.
func (s *Store) eraseNow(ctx context.Context) error {
	for began := time.Now(); time.Since(began) < eraseAtOnce; {
		if more, err := s.EraseStep(ctx); err != nil || !more {
			return err
		}
	}
	return nil
}

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

// EraseStep makes one step of an erasure that is due, and says whether there was
// one. Any number of processes may do so.
func (s *Store) EraseStep(ctx context.Context) (more bool, err error) {
	var due []erasure
	err = s.InTx(ctx, "make a step of an erasure", func(tx *sqlx.Tx) error {
		more, due = false, nil
		if err := tx.SelectContext(ctx, &due, lockErasure); err != nil || len(due) == 0 {
			return err
		}
		more = true
		e := due[0]
		parts := s.erasureParts(e.Kind)
		at, done, err := parts[min(e.Part, len(parts)-1)](ctx, tx, e)
		if err != nil {
			return fmt.Errorf("part %d of the erasure of a %s: %w", e.Part, e.Kind, err)
		}
		if done {
			at = erasurePlace{}
		}
		return e.moved(ctx, tx, at, done && e.Part >= len(parts)-1)
	})
	if err != nil && len(due) > 0 && ctx.Err() == nil { // it must not keep others waiting
		_, failed := s.On(ctx).ExecContext(ctx, postponeErasure, due[0].Kind, due[0].ObjectID, due[0].AskedAt)
		err = errors.Join(err, failed)
	}
	return more, err
}

// erasurePlace is where the next step of a part goes on; the zero value is the
// next part.
type erasurePlace struct{ at, id string }

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

// ErasedAt is when a user was erased last; zero = never.
func (s *Store) ErasedAt(ctx context.Context, userID string) (time.Time, error) {
	var at []time.Time
	err := sqlx.SelectContext(ctx, s.On(ctx), &at, `SELECT asked_at FROM erasures WHERE kind = 'user' AND object_id = $1 ORDER BY asked_at DESC LIMIT 1`, userID)
	if err != nil || len(at) == 0 {
		return time.Time{}, core.Classify("look for the erasure of a user", err)
	}
	return at[0].UTC(), nil
}
