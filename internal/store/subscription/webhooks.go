package subscription

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// WebhookColumns are the columns of a WebhookRow, of webhook w.
const WebhookColumns = `w.id, w.owner_id, w.key, w.name, w.url, w.listener, w.listener_retries, w.secret, w.old_secrets, w.headers, w.client_certificate, w.client_key, w.ca_certificate, w.payload_format, w.timeout_seconds,
	w.rate_limit_per_second, w.max_in_flight, w.max_age, w.auto_recover, w.metadata, w.enabled, w.status, w.disabled_reason,
	w.failures_in_row, w.drain, ` + PauseColumns + `, w.version, w.created_at AS webhook_created_at, w.updated_at AS webhook_updated_at`

// WebhookRow is a webhook as stored. Its times carry a prefix, so that it can
// stand in one row beside a delivery and an event.
type WebhookRow struct {
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
	PauseRow
	Version   int64     `db:"version"`
	CreatedAt time.Time `db:"webhook_created_at"`
	UpdatedAt time.Time `db:"webhook_updated_at"`
}

// WebhookOf converts a row; the rules are read apart. What can't be opened is
// Unreadable: one such webhook must not fail what is about many.
func (s *Store) WebhookOf(r WebhookRow) hook.Webhook {
	w := hook.Webhook{
		ID: r.ID, OwnerID: r.OwnerID.String, Key: r.Key.String, Name: r.Name, URL: r.URL, Listener: r.Listener.String, Retries: r.ListenerRetries.Bool,
		ClientCertificate: r.ClientCertificate, CACertificate: r.CACertificate,
		PayloadFormat:      hook.PayloadFormat(r.PayloadFormat),
		Timeout:            time.Duration(r.TimeoutSeconds.Int64) * time.Second,
		RateLimitPerSecond: r.RateLimitPerSecond.Float64, MaxInFlight: int(r.MaxInFlight.Int64),
		MaxAge:      time.Duration(r.MaxAge.Int64) * time.Second,
		AutoRecover: r.AutoRecover, Metadata: r.Metadata, Enabled: r.Enabled,
		Status: hook.WebhookStatus(r.Status), DisabledReason: hook.DisabledReason(r.DisabledReason.String),
		FailuresInRow: r.FailuresInRow, Drain: r.Drain, Pause: r.Pause(), Version: r.Version, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
	secret, err := s.Ring.Open(r.Secret, place(r.ID, "secret"))
	w.Secret = string(secret)
	unreadable := func(part string, err error) {
		if err != nil {
			w.Unreadable = append(w.Unreadable, part)
		}
	}
	unreadable("secret", err)
	headers, err := s.Ring.Open(r.Headers, place(r.ID, "headers"))
	if err == nil {
		err = json.Unmarshal(headers, &w.Headers)
	}
	unreadable("headers", err)
	w.OldSecrets, err = s.openOldSecrets(r.ID, r.OldSecrets)
	unreadable("old_secrets", err)
	if len(r.ClientKey) > 0 {
		key, err := s.Ring.Open(r.ClientKey, place(r.ID, "client_key"))
		w.ClientKey = string(key)
		unreadable("client_key", err)
	}
	return w
}

// place is what a sealed field is bound to.
func place(webhookID, field string) string { return "webhooks|" + webhookID + "|" + field }

// sealedFields are the secrets of a webhook as they are stored.
type sealedFields struct{ Secret, Headers, ClientKey []byte }

// Sealed seals the secrets of a webhook.
func (s *Store) Sealed(w hook.Webhook) (sealedFields, error) {
	plain, err := json.Marshal(w.Headers)
	if err != nil {
		return sealedFields{}, core.Fault(fmt.Errorf("encode the headers of %s: %w", w.ID, err))
	}
	f := sealedFields{s.Ring.Seal([]byte(w.Secret), place(w.ID, "secret")), s.Ring.Seal(plain, place(w.ID, "headers")), []byte{}}
	if w.ClientKey != "" {
		f.ClientKey = s.Ring.Seal([]byte(w.ClientKey), place(w.ID, "client_key"))
	}
	return f, nil
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
	var r WebhookRow
	err := sqlx.GetContext(ctx, s.On(ctx), &r, `SELECT `+WebhookColumns+` FROM webhooks w WHERE `+condition+` AND w.deleted_at IS NULL`, args...)
	if err != nil {
		return hook.Webhook{}, core.Found("webhook", name, err)
	}
	w := s.WebhookOf(r)
	w.Rules, err = RulesOf(ctx, s.On(ctx), w.ID)
	return w, err
}

// LockWebhook reads a webhook and keeps it locked until the transaction ends.
func (s *Store) LockWebhook(ctx context.Context, tx *sqlx.Tx, id string) (hook.Webhook, error) {
	var r WebhookRow
	err := tx.GetContext(ctx, &r, `SELECT `+WebhookColumns+` FROM webhooks w WHERE w.id = $1 AND w.deleted_at IS NULL FOR UPDATE`, id)
	if err != nil {
		return hook.Webhook{}, core.Found("webhook", id, err)
	}
	w := s.WebhookOf(r)
	w.Rules, err = RulesOf(ctx, tx, id)
	return w, err
}

// SaveWebhook writes a webhook. What is unreadable stays as it is, for a key that
// comes back.
func (s *Store) SaveWebhook(ctx context.Context, tx *sqlx.Tx, w hook.Webhook) error {
	sealed, err := s.Sealed(w)
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
		w.ID, w.Name, w.URL, sealed.Secret, sealed.Headers, w.PayloadFormat, core.Positive(int(w.Timeout/time.Second)),
		core.PositiveRate(w.RateLimitPerSecond), core.Positive(w.MaxInFlight), w.AutoRecover, []byte(w.Metadata), old,
		w.ClientCertificate, sealed.ClientKey, w.CACertificate,
		kept("secret"), kept("headers"), kept("old_secrets"), kept("client_key"), core.Positive(int(w.MaxAge/time.Second)))
	return err
}

// sealOldSecrets gives the column old_secrets, without those that have expired.
func (s *Store) sealOldSecrets(w hook.Webhook) ([]byte, error) {
	var live []oldSecret
	for _, old := range hook.Live(w.OldSecrets, s.Now()) {
		live = append(live, oldSecret(old))
	}
	if len(live) == 0 {
		return []byte{}, nil
	}
	plain, err := json.Marshal(live)
	if err != nil {
		return nil, core.Fault(fmt.Errorf("encode the old secrets of %s: %w", w.ID, err))
	}
	return s.Ring.Seal(plain, place(w.ID, "old_secrets")), nil
}

func (s *Store) openOldSecrets(webhookID string, sealed []byte) ([]hook.OldSecret, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	plain, err := s.Ring.Open(sealed, place(webhookID, "old_secrets"))
	if err != nil {
		return nil, err
	}
	var stored []oldSecret
	if err := json.Unmarshal(plain, &stored); err != nil {
		return nil, core.Fault(fmt.Errorf("decode the old secrets of %s: %w", webhookID, err))
	}
	old := make([]hook.OldSecret, len(stored))
	for i, o := range stored {
		old[i] = hook.OldSecret(o)
	}
	return old, nil
}

// oldSecret is an old secret as it is sealed.
type oldSecret struct {
	Secret    string    `json:"secret"`
	ExpiresAt time.Time `json:"expires_at"`
}
