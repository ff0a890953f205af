package access

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

type apiKeyRow struct {
	ID         string         `db:"id"`
	Name       string         `db:"name"`
	Role       string         `db:"role"`
	UserID     sql.NullString `db:"user_id"`
	Prefix     string         `db:"prefix"`
	ExpiresAt  sql.NullTime   `db:"expires_at"`
	LastUsedAt sql.NullTime   `db:"last_used_at"`
	CreatedAt  time.Time      `db:"created_at"`
}

func (r apiKeyRow) apiKey() (hook.APIKey, error) {
	return hook.APIKey{ID: r.ID, Name: r.Name, Role: hook.Role(r.Role), UserID: r.UserID.String, Prefix: r.Prefix,
		ExpiresAt: core.NullTime(r.ExpiresAt), LastUsedAt: core.NullTime(r.LastUsedAt), CreatedAt: r.CreatedAt.UTC()}, nil
}

const (
	apiKeyColumns = `id, name, role, user_id, prefix, expires_at, last_used_at, created_at`
	selectAPIKeys = `SELECT ` + apiKeyColumns + ` FROM api_keys`
)

// CreateAPIKey keeps a key that is known by its hash from now on. A user who
// does not exist is CodeInvalid. A user makes no more keys than hook.MaxUserKeys.
func (s *Store) CreateAPIKey(ctx context.Context, k hook.APIKey, hash []byte) (hook.APIKey, error) {
	err := s.InTx(ctx, "create API key", func(tx *sqlx.Tx) (err error) {
		if userID, bound := core.Tenant(ctx); bound {
			if err := roomForKey(ctx, tx, userID); err != nil {
				return err
			}
		}
		k, err = insertKey(ctx, tx, k, hash)
		return err
	})
	return k, err
}

func insertKey(ctx context.Context, tx *sqlx.Tx, k hook.APIKey, hash []byte) (hook.APIKey, error) {
	err := tx.GetContext(ctx, &k.CreatedAt, `
		INSERT INTO api_keys (id, name, role, user_id, prefix, hash, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING created_at`,
		k.ID, k.Name, k.Role, core.NonEmpty(k.UserID), k.Prefix, hash,
		sql.NullTime{Time: k.ExpiresAt, Valid: !k.ExpiresAt.IsZero()})
	if core.IsState(err, core.ForeignKeyViolation) {
		return k, hook.Field{Pointer: "/user_id", Code: hook.FieldNotFound, Params: hook.Params{"kind": "user", "id": k.UserID}, Detail: fmt.Sprintf("there is no user %q; create it first", k.UserID)}.Invalid()
	}
	if err != nil {
		return k, err
	}
	k.CreatedAt = k.CreatedAt.UTC()
	return k, Audit(ctx, tx, Change{Action: hook.APIKeyCreated, ObjectID: k.ID, After: shownKey(k)})
}

// shownKey is what the audit log shows of a key.
func shownKey(k hook.APIKey) Shown {
	f := Shown{"name": k.Name, "role": k.Role, "prefix": k.Prefix}
	if k.UserID != "" {
		f["user_id"] = k.UserID
	}
	if !k.ExpiresAt.IsZero() {
		f["expires_at"] = k.ExpiresAt.UTC()
	}
	return f
}

// APIKey reads one key.
func (s *Store) APIKey(ctx context.Context, id string) (hook.APIKey, error) {
	var r apiKeyRow
	if err := sqlx.GetContext(ctx, s.On(ctx), &r, selectAPIKeys+` WHERE id = $1`, id); err != nil {
		return hook.APIKey{}, core.Found("API key", id, err)
	}
	return r.apiKey()
}

// APIKeys lists keys, newest first: a user sees its own.
func (s *Store) APIKeys(ctx context.Context, page hook.Page) ([]hook.APIKey, error) {
	var l core.List
	if userID, bound := core.Tenant(ctx); bound {
		l.Where("user_id = ?", userID)
	}
	tail := l.Newest(core.SortKey{Time: "created_at", ID: "id"}, page)
	return core.Rows(ctx, s.DB, selectAPIKeys+tail, l.Args, apiKeyRow.apiKey)
}

// DeleteAPIKey revokes a key: every request that looks it up from now on is
// refused, whichever process it reaches.
func (s *Store) DeleteAPIKey(ctx context.Context, id string) error {
	return s.InTx(ctx, "revoke API key", func(tx *sqlx.Tx) error {
		var r apiKeyRow
		err := tx.GetContext(ctx, &r, `DELETE FROM api_keys WHERE id = $1 RETURNING `+apiKeyColumns, id)
		if err != nil {
			return core.Found("API key", id, err)
		}
		k, err := r.apiKey()
		if err != nil {
			return err
		}
		return Audit(ctx, tx, Change{Action: hook.APIKeyRevoked, ObjectID: id, Before: shownKey(k)})
	})
}

// FindPrincipal also writes down that the key is in use: once a minute, and by
// one of the requests that find it due, while the others don't wait for it.
const FindPrincipal = `
	WITH due AS (
		SELECT id FROM api_keys
		WHERE hash = $1 AND (expires_at IS NULL OR expires_at > now())
			AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
		FOR NO KEY UPDATE SKIP LOCKED
	), used AS (
		UPDATE api_keys k SET last_used_at = now() FROM due WHERE k.id = due.id
	)
	SELECT id, role, user_id FROM api_keys WHERE hash = $1 AND (expires_at IS NULL OR expires_at > now())`

// Principal finds out whose key has this hash; CodeNotFound where it is
// unknown, revoked or expired. It is asked by every request: an answer that was
// kept would let a key live on after it was revoked through another process.
func (s *Store) Principal(ctx context.Context, hash []byte) (hook.Principal, error) {
	ctx = core.Via(ctx, s.QuickPool)
	st, err := s.Prepared(ctx, FindPrincipal)
	if err != nil {
		return hook.Principal{}, core.Classify("prepare to find a key", err)
	}
	var r apiKeyRow
	if err := st.GetContext(ctx, &r, hash); err != nil {
		return hook.Principal{}, core.Found("API key", "", err)
	}
	return hook.Principal{KeyID: r.ID, Role: hook.Role(r.Role), UserID: r.UserID.String}, nil
}

// roomForKey removes what has expired of a user's keys, and says whether the user may
// have another one. Of several at once each sees what the others have made.
func roomForKey(ctx context.Context, tx *sqlx.Tx, userID string) error {
	var n int
	if err := tx.GetContext(ctx, &n, `SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE`, userID); err != nil {
		return core.Found("user", userID, err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM api_keys WHERE user_id = $1 AND expires_at <= now()`, userID); err != nil {
		return err
	}
	if err := tx.GetContext(ctx, &n, `SELECT count(*) FROM api_keys WHERE user_id = $1`, userID); err != nil {
		return err
	}
	if n >= hook.MaxUserKeys {
		return hook.Errorf(hook.CodeConflict, "The user has %d API keys, and may have no more: revoke one (DELETE /v1/api-keys/{id}, or godwit keys revoke).", n)
	}
	return nil
}
