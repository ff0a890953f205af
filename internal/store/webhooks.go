package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
)

const webhookColumns = `w.id, w.owner_id, w.key, w.name, w.url, w.listener, w.listener_retries, w.secret, w.old_secrets, w.headers, w.client_certificate, w.client_key, w.ca_certificate, w.payload_format, w.timeout_seconds,
	w.rate_limit_per_second, w.max_in_flight, w.max_age, w.auto_recover, w.metadata, w.enabled, w.status, w.disabled_reason,
	w.failures_in_row, w.drain, ` + pauseColumns + `, w.version, w.created_at AS webhook_created_at, w.updated_at AS webhook_updated_at`

// webhookRow is a webhook as stored. Its times carry a prefix, so that it can
// stand in one row beside a delivery and an event.
type webhookRow struct {
	ID                 string          `db:"id"`
	OwnerID            sql.NullString  `db:"owner_id"`
	Key                sql.NullString  `db:"key"`
	Name               string          `db:"name"`
	URL                string          `db:"url"`
	Listener           sql.NullString  `db:"listener"`
	ListenerRetries    sql.NullBool    `db:"listener_retries"`
	Secret             []byte          `db:"secret"`
	OldSecrets         []byte          `db:"old_secrets"`
	Headers            []byte          `db:"headers"`
	ClientCertificate  string          `db:"client_certificate"`
	ClientKey          []byte          `db:"client_key"`
	CACertificate      string          `db:"ca_certificate"`
	PayloadFormat      string          `db:"payload_format"`
	TimeoutSeconds     sql.NullInt64   `db:"timeout_seconds"`
	RateLimitPerSecond sql.NullFloat64 `db:"rate_limit_per_second"`
	MaxInFlight        sql.NullInt64   `db:"max_in_flight"`
	MaxAge             sql.NullInt64   `db:"max_age"`
	AutoRecover        bool            `db:"auto_recover"`
	Metadata           []byte          `db:"metadata"`
	Enabled            bool            `db:"enabled"`
	Status             string          `db:"status"`
	DisabledReason     sql.NullString  `db:"disabled_reason"`
	FailuresInRow      int             `db:"failures_in_row"`
	Drain              int             `db:"drain"`
	pauseRow
	Version   int64     `db:"version"`
	CreatedAt time.Time `db:"webhook_created_at"`
	UpdatedAt time.Time `db:"webhook_updated_at"`
}

// webhook converts a row; the rules are read apart. What can't be opened is
// Unreadable: one such webhook must not fail what is about many.
func (s *Store) webhook(r webhookRow) hook.Webhook {
	w := hook.Webhook{
		ID: r.ID, OwnerID: r.OwnerID.String, Key: r.Key.String, Name: r.Name, URL: r.URL, Listener: r.Listener.String, Retries: r.ListenerRetries.Bool,
		ClientCertificate: r.ClientCertificate, CACertificate: r.CACertificate,
		PayloadFormat:      hook.PayloadFormat(r.PayloadFormat),
		Timeout:            time.Duration(r.TimeoutSeconds.Int64) * time.Second,
		RateLimitPerSecond: r.RateLimitPerSecond.Float64, MaxInFlight: int(r.MaxInFlight.Int64),
		MaxAge:      time.Duration(r.MaxAge.Int64) * time.Second,
		AutoRecover: r.AutoRecover, Metadata: r.Metadata, Enabled: r.Enabled,
		Status: hook.WebhookStatus(r.Status), DisabledReason: hook.DisabledReason(r.DisabledReason.String),
		FailuresInRow: r.FailuresInRow, Drain: r.Drain, Pause: r.pause(), Version: r.Version, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
	secret, err := s.ring.Open(r.Secret, place(r.ID, "secret"))
	w.Secret = string(secret)
	unreadable := func(part string, err error) {
		if err != nil {
			w.Unreadable = append(w.Unreadable, part)
		}
	}
	unreadable("secret", err)
	headers, err := s.ring.Open(r.Headers, place(r.ID, "headers"))
	if err == nil {
		err = json.Unmarshal(headers, &w.Headers)
	}
	unreadable("headers", err)
	w.OldSecrets, err = s.openOldSecrets(r.ID, r.OldSecrets)
	unreadable("old_secrets", err)
	if len(r.ClientKey) > 0 {
		key, err := s.ring.Open(r.ClientKey, place(r.ID, "client_key"))
		w.ClientKey = string(key)
		unreadable("client_key", err)
	}
	return w
}

// place is what a sealed field is bound to.
func place(webhookID, field string) string { return "webhooks|" + webhookID + "|" + field }

// sealedFields are the secrets of a webhook as they are stored.
type sealedFields struct{ secret, headers, clientKey []byte }

func (s *Store) sealed(w hook.Webhook) (sealedFields, error) {
	plain, err := json.Marshal(w.Headers)
	if err != nil {
		return sealedFields{}, fault{fmt.Errorf("encode the headers of %s: %w", w.ID, err)}
	}
	f := sealedFields{s.ring.Seal([]byte(w.Secret), place(w.ID, "secret")), s.ring.Seal(plain, place(w.ID, "headers")), []byte{}}
	if w.ClientKey != "" {
		f.clientKey = s.ring.Seal([]byte(w.ClientKey), place(w.ID, "client_key"))
	}
	return f, nil
}

// CreateWebhook stores a new webhook under the ID and with the secret that it
// carries. A key that another webhook of the owner has is CodeConflict; a webhook
// that the owner may not have in addition is CodeQuota. An owner, project, company
// or event type that does not exist, or a project that the owner is no member of,
// is CodeInvalid with each field.
func (s *Store) CreateWebhook(ctx context.Context, w hook.Webhook) (hook.Webhook, error) {
	sealed, err := s.sealed(w)
	if err != nil {
		return w, err
	}
	err = s.inTx(ctx, "create webhook", func(tx *sqlx.Tx) error {
		if err := shareParent(ctx, tx, "users", w.OwnerID); err != nil {
			return err
		}
		if err := checkOwner(ctx, tx, w.OwnerID); err != nil {
			return err
		}
		if err := checkRules(ctx, tx, w, slices.Repeat([]bool{true}, len(w.Rules))); err != nil {
			return err
		}
		if err := s.grow(ctx, tx, w.OwnerID, 1, len(w.Rules)); err != nil {
			return cmp.Or(keyTaken(ctx, tx, w), err)
		}
		made, err := tx.ExecContext(ctx, `
			INSERT INTO webhooks (id, owner_id, name, url, secret, headers, payload_format, timeout_seconds, rate_limit_per_second,
				max_in_flight, auto_recover, metadata, enabled, status, disabled_reason, client_certificate, client_key, ca_certificate, max_age, key)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
			ON CONFLICT (owner_id, key) WHERE key IS NOT NULL AND deleted_at IS NULL DO NOTHING`,
			w.ID, w.OwnerID, w.Name, w.URL, sealed.secret, sealed.headers, w.PayloadFormat, positive(int(w.Timeout/time.Second)), positiveRate(w.RateLimitPerSecond),
			positive(w.MaxInFlight), w.AutoRecover, []byte(w.Metadata), w.Enabled, w.Status, nonEmpty(string(w.DisabledReason)),
			w.ClientCertificate, sealed.clientKey, w.CACertificate, positive(int(w.MaxAge/time.Second)), nonEmpty(w.Key))
		if err != nil {
			return err
		}
		if n, err := made.RowsAffected(); err != nil || n == 0 {
			return cmp.Or(err, keyConflict(w))
		}
		if err := insertRules(ctx, tx, w); err != nil {
			return err
		}
		return audit(ctx, tx, change{action: hook.WebhookCreated, objectID: w.ID, after: shownWebhook(w)})
	})
	if err != nil {
		return w, err
	}
	return s.Webhook(ctx, w.ID)
}

// keyTaken is CodeConflict where another webhook of the owner has the key of w. Where
// that webhook took the owner's last place, a request with the same key finds it
// rather than the limit.
func keyTaken(ctx context.Context, tx *sqlx.Tx, w hook.Webhook) error {
	var taken bool
	err := tx.GetContext(ctx, &taken, `SELECT EXISTS (SELECT FROM webhooks WHERE owner_id = $1 AND key = $2 AND deleted_at IS NULL)`, w.OwnerID, w.Key)
	if err != nil || !taken {
		return err
	}
	return keyConflict(w)
}

func keyConflict(w hook.Webhook) error {
	return hook.Errorf(hook.CodeConflict, "the owner has a webhook with the key %q already", w.Key)
}

func positiveRate(rate float64) sql.NullFloat64 {
	return sql.NullFloat64{Float64: rate, Valid: rate > 0}
}

func positive(n int) sql.NullInt64        { return sql.NullInt64{Int64: int64(n), Valid: n > 0} }
func nonEmpty(text string) sql.NullString { return sql.NullString{String: text, Valid: text != ""} }

func checkOwner(ctx context.Context, tx sqlx.QueryerContext, ownerID string) error {
	var one int
	err := sqlx.GetContext(ctx, tx, &one, `SELECT 1 FROM users WHERE id = $1 FOR KEY SHARE`, ownerID)
	if errors.Is(err, sql.ErrNoRows) {
		return hook.Field{Pointer: "/owner_id", Code: hook.FieldNotFound, Params: hook.Params{"kind": "user", "id": ownerID}, Detail: fmt.Sprintf("there is no user %q; create the user first", ownerID)}.Invalid()
	}
	return err
}

// Webhook reads one webhook with its rules and its secret.
func (s *Store) Webhook(ctx context.Context, id string) (hook.Webhook, error) {
	return s.oneWebhook(ctx, id, `w.id = $1`, id)
}

// WebhookByKey is Webhook by the key that its owner has for it.
func (s *Store) WebhookByKey(ctx context.Context, ownerID, key string) (hook.Webhook, error) {
	return s.oneWebhook(ctx, key, `w.owner_id = $1 AND w.key = $2`, ownerID, key)
}

func (s *Store) oneWebhook(ctx context.Context, name, condition string, args ...any) (hook.Webhook, error) {
	var r webhookRow
	err := sqlx.GetContext(ctx, s.on(ctx), &r, `SELECT `+webhookColumns+` FROM webhooks w WHERE `+condition+` AND w.deleted_at IS NULL`, args...)
	if err != nil {
		return hook.Webhook{}, found("webhook", name, err)
	}
	w := s.webhook(r)
	w.Rules, err = rulesOf(ctx, s.on(ctx), w.ID)
	return w, err
}

// Webhooks lists webhooks that the request may see, with their rules, newest first.
func (s *Store) Webhooks(ctx context.Context, f hook.WebhookFilter, page hook.Page) ([]hook.Webhook, error) {
	l := largeRows[hook.Webhook]{
		read: func(p hook.Page) ([]hook.Webhook, error) { return s.webhooks(ctx, f, p) },
		size: hook.Webhook.Size, key: f.Sort.Cursor,
	}
	return l.page(page)
}

func (s *Store) webhooks(ctx context.Context, f hook.WebhookFilter, page hook.Page) ([]hook.Webhook, error) {
	webhooks, err := searched(ctx, s, webhookSearch(ctx, f), page, plain(s.webhook))
	if err != nil {
		return nil, err
	}
	return webhooks, s.attachRules(ctx, webhooks)
}

// UpdateWebhook changes one webhook: edit gets it as it is and changes it in
// place; what it returns as an error ends the update. A version above 0 that
// differs from the stored one is CodeStale. Disabling holds what waits,
// enabling releases what is held.
func (s *Store) UpdateWebhook(ctx context.Context, id string, version int64, edit func(*hook.Webhook) error) (hook.Webhook, error) {
	err := s.inTx(ctx, "update webhook", func(tx *sqlx.Tx) error {
		before, err := s.lockWebhook(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := sameVersion(before, version); err != nil {
			return err
		}
		after := before
		after.Rules = slices.Clone(before.Rules)
		if err := edit(&after); err != nil {
			return err
		}
		if len(after.Headers) > 0 {
			after.Replaced("headers")
		}
		if after.ClientKey != "" || after.ClientCertificate == "" {
			after.Replaced("client_key")
		}
		if err := s.saveWebhook(ctx, tx, after); err != nil {
			return err
		}
		if before.RateLimitPerSecond != after.RateLimitPerSecond {
			// The next start was reserved by the rate before.
			if _, err := tx.ExecContext(ctx, `DELETE FROM lanes WHERE webhook_id = $1`, id); err != nil {
				return err
			}
		}
		if n := len(after.Rules) - len(before.Rules); n != 0 {
			if err := s.grow(ctx, tx, after.OwnerID, 0, n); err != nil {
				return err
			}
		}
		if err := replaceRules(ctx, tx, before, after); err != nil {
			return err
		}
		if err := recoverOrNot(ctx, tx, before, after); err != nil {
			return err
		}
		if err := s.switched(ctx, tx, before, after); err != nil {
			return err
		}
		return audit(ctx, tx, change{hook.WebhookUpdated, id, shownWebhook(before), shownWebhook(after)})
	})
	if err != nil {
		return hook.Webhook{}, err
	}
	return s.Webhook(ctx, id)
}

// sameVersion is CodeStale where w has another version than the one that a change is
// meant for; 0 stands for any.
func sameVersion(w hook.Webhook, version int64) error {
	if version > 0 && version != w.Version {
		return hook.Errorf(hook.CodeStale, "the webhook was changed in the meantime: its version is %d, not %d; read it again", w.Version, version)
	}
	return nil
}

func (s *Store) lockWebhook(ctx context.Context, tx *sqlx.Tx, id string) (hook.Webhook, error) {
	var r webhookRow
	err := tx.GetContext(ctx, &r, `SELECT `+webhookColumns+` FROM webhooks w WHERE w.id = $1 AND w.deleted_at IS NULL FOR UPDATE`, id)
	if err != nil {
		return hook.Webhook{}, found("webhook", id, err)
	}
	w := s.webhook(r)
	w.Rules, err = rulesOf(ctx, tx, id)
	return w, err
}

// saveWebhook writes a webhook. What is unreadable stays as it is, for a key that
// comes back.
func (s *Store) saveWebhook(ctx context.Context, tx *sqlx.Tx, w hook.Webhook) error {
	sealed, err := s.sealed(w)
	if err != nil {
		return err
	}
	old, err := s.sealOldSecrets(w)
	if err != nil {
		return err
	}
	kept := func(part string) bool { return slices.Contains(w.Unreadable, part) }
	_, err = tx.ExecContext(ctx, `
		UPDATE webhooks SET name = $2, url = $3, payload_format = $6, timeout_seconds = $7,
			rate_limit_per_second = $8, max_in_flight = $9, auto_recover = $10, metadata = $11,
			client_certificate = $13, ca_certificate = $15, max_age = $20,
			secret = CASE WHEN $16 THEN secret ELSE $4 END, headers = CASE WHEN $17 THEN headers ELSE $5 END,
			old_secrets = CASE WHEN $18 THEN old_secrets ELSE $12 END, client_key = CASE WHEN $19 THEN client_key ELSE $14 END,
			paused_until = CASE WHEN url = $3 THEN paused_until END, pace = CASE WHEN url = $3 THEN pace END, paused_since = CASE WHEN url = $3 THEN paused_since END,
			version = version + 1, updated_at = now()
		WHERE id = $1`,
		w.ID, w.Name, w.URL, sealed.secret, sealed.headers, w.PayloadFormat, positive(int(w.Timeout/time.Second)),
		positiveRate(w.RateLimitPerSecond), positive(w.MaxInFlight), w.AutoRecover, []byte(w.Metadata), old,
		w.ClientCertificate, sealed.clientKey, w.CACertificate,
		kept("secret"), kept("headers"), kept("old_secrets"), kept("client_key"), positive(int(w.MaxAge/time.Second)))
	return err
}

// switched carries out what an edit says about Enabled.
func (s *Store) switched(ctx context.Context, tx *sqlx.Tx, before, after hook.Webhook) error {
	cause := hook.Cause{What: hook.OwnerDisabled}
	switch {
	case before.Enabled == after.Enabled:
		return nil
	case after.Enabled:
		cause = hook.Cause{What: hook.OwnerEnabled, Release: true}
	}
	cause.Actor = hook.PrincipalOf(ctx).Actor()
	_, _, err := s.happen(ctx, tx, after.ID, cause)
	return err
}

// DeleteWebhook removes a webhook with its secrets and rules. Its deliveries
// stay in the ledger; those that wait are cancelled.
func (s *Store) DeleteWebhook(ctx context.Context, id string) error {
	return s.DeleteVersion(ctx, id, 0)
}

// DeleteVersion is DeleteWebhook, where a version above 0 that differs from the stored
// one is CodeStale.
func (s *Store) DeleteVersion(ctx context.Context, id string, version int64) error {
	return s.inTx(ctx, "delete webhook", func(tx *sqlx.Tx) error {
		before, err := s.lockWebhook(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := sameVersion(before, version); err != nil {
			return err
		}
		if err := deleteWebhooks(ctx, tx, []string{id}); err != nil {
			return err
		}
		if err := s.grow(ctx, tx, before.OwnerID, -1, -len(before.Rules)); err != nil {
			return err
		}
		return audit(ctx, tx, change{action: hook.WebhookDeleted, objectID: id, before: shownWebhook(before)})
	})
}

// deleteWebhooks removes webhooks, which are locked.
func deleteWebhooks(ctx context.Context, tx *sqlx.Tx, ids []string) error {
	for _, statement := range []string{
		`DELETE FROM rules WHERE webhook_id = ANY($1)`,
		`UPDATE webhooks SET deleted_at = now(), secret = '', old_secrets = '', headers = '', url = '',
			client_certificate = '', client_key = '', ca_certificate = '', recover_at = NULL, drain = 0 WHERE id = ANY($1)`,
	} {
		if _, err := tx.ExecContext(ctx, statement, pq.Array(ids)); err != nil {
			return err
		}
	}
	return withdraw(ctx, tx, withdrawWebhooks, pq.Array(ids))
}
