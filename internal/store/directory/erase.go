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
		if err := s.deleteWebhooks(ctx, tx, live); err != nil {
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

// ErasedAt is when a user was erased last; zero = never.
func (s *Store) ErasedAt(ctx context.Context, userID string) (time.Time, error) {
	var at []time.Time
	err := sqlx.SelectContext(ctx, s.On(ctx), &at, `SELECT asked_at FROM erasures WHERE kind = 'user' AND object_id = $1 ORDER BY asked_at DESC LIMIT 1`, userID)
	if err != nil || len(at) == 0 {
		return time.Time{}, core.Classify("look for the erasure of a user", err)
	}
	return at[0].UTC(), nil
}
