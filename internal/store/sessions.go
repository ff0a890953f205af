package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/id"
)

// sweepSessions removes some of those that have ended.
const sweepSessions = `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= now() ORDER BY expires_at LIMIT 100)`

// CreatePortalLink keeps a link that signs the session's user in once, before the
// session's end; tokenHash is the hash of what the link holds. A user who does
// not exist is CodeInvalid.
func (s *Store) CreatePortalLink(ctx context.Context, link hook.Session, tokenHash []byte) error {
	return s.inTx(ctx, "make a portal link", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, sweepSessions); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO sessions (id, user_id, link_hash, expires_at) VALUES ($1, $2, $3, $4)`,
			link.ID, link.UserID, tokenHash, link.ExpiresAt)
		if isState(err, foreignKeyViolation) {
			return hook.Invalid("/user_id", "there is no user %q; create it first", link.UserID)
		}
		if err != nil {
			return err
		}
		made := shown{"user_id": link.UserID, "expires_at": link.ExpiresAt.UTC()}
		return audit(ctx, tx, change{action: hook.PortalSessionCreated, objectID: link.ID, after: made})
	})
}

// RedeemPortalLink makes the session of an unused link, known by hash from now
// on. A link that is unknown, used or over is CodeNotFound.
func (s *Store) RedeemPortalLink(ctx context.Context, tokenHash, hash []byte, expiresAt time.Time) error {
	res, err := s.on(ctx).ExecContext(ctx, `
		UPDATE sessions SET link_hash = NULL, hash = $2, expires_at = $3 WHERE link_hash = $1 AND expires_at > now()`, tokenHash, hash, expiresAt)
	return affected("link", "", res, err)
}

// CreateSession keeps a session, known by hash, of whoever the API key with
// keyHash belongs to.
func (s *Store) CreateSession(ctx context.Context, keyHash, hash []byte, expiresAt time.Time) error {
	return s.inTx(ctx, "make a session", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, sweepSessions); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO sessions (id, key_hash, hash, expires_at) VALUES ($1, $2, $3, $4)`,
			id.New(id.Session), keyHash, hash, expiresAt)
		return err
	})
}

type sessionRow struct {
	ID        string         `db:"id"`
	UserID    sql.NullString `db:"user_id"`
	KeyHash   []byte         `db:"key_hash"`
	ExpiresAt time.Time      `db:"expires_at"`
}

// Session finds the session with this hash; CodeNotFound where it has ended.
func (s *Store) Session(ctx context.Context, hash []byte) (hook.Session, error) {
	var r sessionRow
	err := sqlx.GetContext(ctx, s.on(ctx), &r, `SELECT id, user_id, key_hash, expires_at FROM sessions WHERE hash = $1 AND expires_at > now()`, hash)
	if err != nil {
		return hook.Session{}, found("session", "", err)
	}
	return hook.Session{ID: r.ID, UserID: r.UserID.String, KeyHash: r.KeyHash, ExpiresAt: r.ExpiresAt.UTC()}, nil
}

// EndSession ends a session. One that is not there changes nothing.
func (s *Store) EndSession(ctx context.Context, sessionID string) error {
	_, err := s.on(ctx).ExecContext(ctx, `DELETE FROM sessions WHERE id = $1`, sessionID)
	return classify("end a session", err)
}
