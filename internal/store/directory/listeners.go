package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/health"
	"godwit/internal/store/ledger"
)

const listenerColumns = `l.owner_id, l.name, l.secret, coalesce(l.webhook_id, '') AS webhook_id, l.keep_seconds, coalesce(l.stream, '') AS stream, l.paused, ` + listening + ` AS listening`

type listenerRow struct {
	OwnerID     string `db:"owner_id"`
	Name        string `db:"name"`
	Secret      []byte `db:"secret"`
	WebhookID   string `db:"webhook_id"`
	KeepSeconds int64  `db:"keep_seconds"`
	Stream      string `db:"stream"`
	Paused      bool   `db:"paused"`
	Listening   bool   `db:"listening"`
}

func (r listenerRow) listener() hook.Listener {
	return hook.Listener{
		WebhookID: r.WebhookID, OwnerID: r.OwnerID, Name: r.Name, Keep: time.Duration(r.KeepSeconds) * time.Second,
		Stream: r.Stream, Listening: r.Listening, Paused: r.Listening && r.Paused,
	}
}

func listenerSecretPlace(ownerID, name string) string {
	return "listeners|" + ownerID + "|" + name + "|secret"
}

// OpenListener makes the listener l, or takes it up again where its webhook is still
// there, with what w says: rules, format, headers, timeout. w.ID and w.Secret are for
// the case that it is new. While a stream has it this is CodeConflict, unless how says
// otherwise. So is one listener too many of its owner.
func (s *Store) OpenListener(ctx context.Context, l hook.Listener, w hook.Webhook, how hook.Opening) (hook.Listener, hook.Webhook, error) {
	err := s.InTx(ctx, "open the listener "+l.Name, func(tx *sqlx.Tx) error {
		if err := shareParent(ctx, tx, "users", l.OwnerID); err != nil {
			return err
		}
		// Requests for one owner's listeners come one after another.
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('listeners ' || $1::text, 0))`, l.OwnerID); err != nil {
			return err
		}
		had, err := listenerOf(ctx, tx, l.OwnerID, l.Name)
		if err != nil {
			return err
		}
		if had.WebhookID != "" && how.AsIs {
			l = had.listener()
			return nil
		}
		if had.Listening && !how.TakeOver {
			return hook.Errorf(hook.CodeConflict, "something listens as %q already: end it, choose another name, or take the listener over (take_over)", l.Name)
		}
		var secret string // where it is new
		if had.WebhookID != "" {
			l.WebhookID, err = had.WebhookID, s.reopen(ctx, tx, had.WebhookID, w)
		} else {
			l.WebhookID = w.ID
			secret, err = s.openNew(ctx, tx, had, w)
		}
		if err != nil {
			return err
		}
		return s.saveListener(ctx, tx, l, secret)
	})
	if err != nil {
		return l, w, err
	}
	w, err = s.Webhook(ctx, l.WebhookID)
	return l, w, err
}

// listenerOf reads the listener of a name; all but its secret is empty where there is
// no webhook of it, and all where there never was one.
func listenerOf(ctx context.Context, tx *sqlx.Tx, ownerID, name string) (r listenerRow, err error) {
	err = tx.GetContext(ctx, &r, `
		SELECT `+listenerColumns+` FROM listeners l JOIN webhooks w ON w.id = l.webhook_id AND w.deleted_at IS NULL
		WHERE l.owner_id = $1 AND l.name = $2`, ownerID, name)
	if !errors.Is(err, sql.ErrNoRows) {
		return r, err
	}
	err = tx.GetContext(ctx, &r.Secret, `SELECT secret FROM listeners WHERE owner_id = $1 AND name = $2`, ownerID, name)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return r, err
}

func (s *Store) reopen(ctx context.Context, tx *sqlx.Tx, webhookID string, w hook.Webhook) error {
	return s.update(ctx, tx, webhookID, 0, func(old *hook.Webhook) error {
		old.Name, old.Rules, old.PayloadFormat, old.Headers, old.Timeout = w.Name, w.Rules, w.PayloadFormat, w.Headers, w.Timeout
		return nil
	})
}

// openNew makes the webhook of a listener, with the secret that owner and name had
// before.
func (s *Store) openNew(ctx context.Context, tx *sqlx.Tx, had listenerRow, w hook.Webhook) (secret string, err error) {
	var n int
	err = tx.GetContext(ctx, &n, `SELECT count(*) FROM listeners l JOIN webhooks w ON w.id = l.webhook_id AND w.deleted_at IS NULL WHERE l.owner_id = $1`, w.OwnerID)
	if err != nil {
		return "", err
	}
	if n >= hook.MaxListeners {
		return "", hook.Errorf(hook.CodeConflict, "the user has %d listeners, and may have no more: delete one (DELETE /v1/listeners/{id}), or use its name", n)
	}
	if had.Secret != nil {
		secret, err := s.Ring.Open(had.Secret, listenerSecretPlace(w.OwnerID, w.Listener))
		if err == nil { // one that can't be opened is replaced
			w.Secret = string(secret)
		}
	}
	return w.Secret, s.create(ctx, tx, w)
}

// saveListener writes down that the listener has its webhook, and its secret where
// that is new.
func (s *Store) saveListener(ctx context.Context, tx *sqlx.Tx, l hook.Listener, secret string) error {
	sealed := []byte{}
	if secret != "" {
		sealed = s.Ring.Seal([]byte(secret), listenerSecretPlace(l.OwnerID, l.Name))
	}
	if _, err := tx.ExecContext(ctx, `UPDATE webhooks SET listener = $2, listener_retries = NULLIF($3, false) WHERE id = $1`, l.WebhookID, l.Name, l.Retries); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO listeners AS l (owner_id, name, secret, webhook_id, keep_seconds) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (owner_id, name) DO UPDATE SET webhook_id = excluded.webhook_id, secret = CASE WHEN excluded.secret = '' THEN l.secret ELSE excluded.secret END, keep_seconds = excluded.keep_seconds, used_at = now(),
			stream_until = greatest(l.stream_until, now())`, l.OwnerID, l.Name, sealed, l.WebhookID, int(l.Keep/time.Second))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		DELETE FROM listeners WHERE owner_id = $1 AND webhook_id IS NULL AND name IN (
			SELECT name FROM listeners WHERE owner_id = $1 ORDER BY used_at DESC OFFSET $2)`, l.OwnerID, hook.MaxListenerNames)
	return err
}

// Listeners lists the listeners of a user, by name; of everybody where ownerID is
// empty.
func (s *Store) Listeners(ctx context.Context, ownerID string) ([]hook.Listener, error) {
	return core.Rows(ctx, s.DB, `
		SELECT `+listenerColumns+` FROM listeners l JOIN webhooks w ON w.id = l.webhook_id AND w.deleted_at IS NULL
		WHERE $1 = '' OR l.owner_id = $1 ORDER BY l.owner_id, l.name LIMIT 200`, []any{ownerID}, core.Plain(listenerRow.listener))
}

// BeginStream gives a listener to the stream of that name, and ends any other that it
// has. Its webhook is switched on, and what was held is delivered; or off where the
// stream is paused. The webhook of no listener is CodeNotFound.
func (s *Store) BeginStream(ctx context.Context, webhookID, stream string, paused bool) (out hook.Listener, err error) {
	err = s.InTx(ctx, "begin the stream of "+webhookID, func(tx *sqlx.Tx) error {
		w, err := lockListening(ctx, tx, webhookID)
		if err != nil {
			return err
		}
		var r listenerRow
		err = tx.GetContext(ctx, &r, `
			UPDATE listeners l SET stream = $2, paused = $3, stream_until = now() + make_interval(secs => $4), used_at = now()
			WHERE l.webhook_id = $1 RETURNING `+listenerColumns, webhookID, stream, paused, hook.StreamLease.Seconds())
		if err != nil {
			return core.Found("listener", webhookID, err)
		}
		out = r.listener()
		if err := s.listen(ctx, tx, w, !paused); err != nil {
			return err
		}
		return wakeStreams(ctx, tx, webhookID) // those that it had before end
	})
	return out, err
}

// lockListening locks the webhook of a listener.
func lockListening(ctx context.Context, tx *sqlx.Tx, webhookID string) (w health.LockedRow, err error) {
	err = tx.GetContext(ctx, &w, health.LockHealth, webhookID)
	return w, core.Found("listener", webhookID, err)
}

// listen switches the webhook of a listener on or off; its row is locked.
func (s *Store) listen(ctx context.Context, tx *sqlx.Tx, w health.LockedRow, on bool) error {
	if w.Enabled == on {
		return nil
	}
	if !on {
		_, err := s.Apply(ctx, tx, w, hook.Cause{What: hook.OwnerDisabled, Actor: hook.PrincipalOf(ctx).Actor(), Note: "nobody listens"})
		return err
	}
	return s.releaseHeld(ctx, tx, w)
}

// releaseHeld switches the webhook of a listener on, or finds it on, and has delivered
// what is held, at once: a receiver on its owner's machine needs no gentle beginning. A
// webhook that drains has limits, so it drains for no longer than it must. What an
// ingest holds later that has seen the webhook off is found by TendListeners.
func (s *Store) releaseHeld(ctx context.Context, tx *sqlx.Tx, w health.LockedRow) error {
	if _, err := s.Apply(ctx, tx, w, hook.Cause{What: hook.OwnerEnabled, Actor: hook.PrincipalOf(ctx).Actor(), Release: true}); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE webhooks w SET drain = CASE WHEN waits THEN $2::int ELSE 0 END, drain_until = CASE WHEN waits THEN now() END, drain_total = NULL, version = version + 1
		FROM (SELECT EXISTS (SELECT FROM deliveries d WHERE d.webhook_id = $1 AND d.status IN ('held', 'pending', 'retrying') AND d.finished_at IS NULL) AS waits) x
		WHERE w.id = $1`, w.WebhookID, hook.MaxDrain)
	return err
}

// RenewStream says that the stream goes on. It is false where the listener was given
// to another one, or was removed.
func (s *Store) RenewStream(ctx context.Context, webhookID, stream string) (bool, error) {
	n, err := changed(s.On(ctx).ExecContext(ctx, `
		UPDATE listeners SET stream_until = now() + make_interval(secs => $3) WHERE webhook_id = $1 AND stream = $2`, webhookID, stream, hook.StreamLease.Seconds()))
	return n > 0, core.Classify("renew the stream of "+webhookID, err)
}

// EndStream says that the stream has ended. The listener stays for a while.
func (s *Store) EndStream(ctx context.Context, webhookID, stream string) error {
	_, err := s.On(ctx).ExecContext(ctx, `UPDATE listeners SET stream_until = now() WHERE webhook_id = $1 AND stream = $2`, webhookID, stream)
	return core.Classify("end the stream of "+webhookID, err)
}

// DeleteListener removes a listener with its webhook; what waits is cancelled. Its
// stream and the attempts under way end. The webhook of no listener is CodeNotFound.
func (s *Store) DeleteListener(ctx context.Context, webhookID string) error {
	return s.InTx(ctx, "delete the listener "+webhookID, func(tx *sqlx.Tx) error {
		if _, err := lockListening(ctx, tx, webhookID); err != nil {
			return err
		}
		var r listenerRow
		err := tx.GetContext(ctx, &r, `SELECT `+listenerColumns+` FROM listeners l WHERE l.webhook_id = $1`, webhookID)
		if err != nil {
			return core.Found("listener", webhookID, err)
		}
		return s.remove(ctx, tx, webhookID, 0)
	})
}

// stranded are listeners that have a stream and something that is held all the same,
// because its ingest has seen the webhook off.
const stranded = `
SELECT l.webhook_id FROM listeners l JOIN webhooks w ON w.id = l.webhook_id AND w.enabled AND w.drain = 0
WHERE l.webhook_id IS NOT NULL AND l.stream_until > now() AND EXISTS (SELECT FROM deliveries d WHERE d.webhook_id = l.webhook_id AND ` + ledger.Held + ` OFFSET 0)
LIMIT $1`

// outdatedListeners are those whose stream has ended and that something is to be done
// about: their webhook is to be switched off or removed, or is gone.
const outdatedListeners = `
SELECT l.webhook_id, w.deleted_at IS NOT NULL AS deleted, l.stream_until + make_interval(secs => l.keep_seconds) < now() AS over
FROM listeners l JOIN webhooks w ON w.id = l.webhook_id
WHERE l.webhook_id IS NOT NULL AND l.stream_until < now() - make_interval(secs => $1)
	AND (w.enabled OR w.deleted_at IS NOT NULL OR l.stream_until + make_interval(secs => l.keep_seconds) < now())
ORDER BY l.stream_until LIMIT $2`

type outdatedListener struct {
	WebhookID string `db:"webhook_id"`
	Deleted   bool   `db:"deleted"`
	Over      bool   `db:"over"`
}

// TendListeners has up to limit listeners hold what matches, or removes them, because
// their streams have ended, and removes requests whose process is gone. It says how
// many listeners it looked at.
func (s *Store) TendListeners(ctx context.Context, limit int) (int, error) {
	db := s.HousekeepingPool.DB
	if _, err := db.ExecContext(ctx, `DELETE FROM listener_requests WHERE expires_at < now() - interval '1 minute'`); err != nil {
		return 0, core.Classify("remove requests of streams", err)
	}
	var left []string
	if err := db.SelectContext(ctx, &left, stranded, limit); err != nil {
		return 0, core.Classify("look for what listeners hold", err)
	}
	var failed error
	for _, id := range left {
		failed = errors.Join(failed, s.InTx(ctx, "release what "+id+" holds", func(tx *sqlx.Tx) error {
			w, err := lockListening(ctx, tx, id)
			if err != nil || !w.Enabled {
				return core.IgnoreMissing(err)
			}
			return s.releaseHeld(ctx, tx, w)
		}))
	}
	var all []outdatedListener
	if err := db.SelectContext(ctx, &all, outdatedListeners, hook.StreamGrace.Seconds(), limit); err != nil {
		return 0, core.Classify("look for listeners without a stream", err)
	}
	for _, o := range all {
		failed = errors.Join(failed, s.tendListener(ctx, o))
	}
	return len(all), failed
}

func (s *Store) tendListener(ctx context.Context, o outdatedListener) error {
	return s.InTx(ctx, fmt.Sprintf("tend the listener %s", o.WebhookID), func(tx *sqlx.Tx) error {
		if o.Deleted { // by a version that did not look for a listener
			return removeListeners(ctx, tx, []string{o.WebhookID})
		}
		w, err := lockListening(ctx, tx, o.WebhookID)
		if err != nil {
			return core.IgnoreMissing(err)
		}
		var r listenerRow // it may have a stream again
		err = tx.GetContext(ctx, &r, `
			SELECT `+listenerColumns+` FROM listeners l WHERE l.webhook_id = $1 AND l.stream_until < now() - make_interval(secs => $2) FOR UPDATE`,
			o.WebhookID, hook.StreamGrace.Seconds())
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return err
		case !o.Over:
			return s.listen(ctx, tx, w, false)
		}
		return s.remove(ctx, tx, o.WebhookID, 0)
	})
}
