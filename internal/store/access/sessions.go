package access

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// sweepSessions removes some of those that have ended.
const sweepSessions = `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= now() ORDER BY expires_at LIMIT 100)`

// CreatePortalLink keeps a link that signs the session's user in once, or whoever
// its KeyHash belongs to, before the session's end; tokenHash is the hash of what
// the link holds. A user who does not exist is CodeInvalid.
func (s *Store) CreatePortalLink(ctx context.Context, link hook.Session, tokenHash []byte) error {
	return s.InTx(ctx, "make a portal link", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, sweepSessions); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO sessions (id, user_id, key_hash, link_hash, expires_at) VALUES ($1, $2, $3, $4, $5)`,
			link.ID, core.NonEmpty(link.UserID), link.KeyHash, tokenHash, link.ExpiresAt)
		if core.IsState(err, core.ForeignKeyViolation) {
			return hook.Field{Pointer: "/user_id", Code: hook.FieldNotFound, Params: hook.Params{"kind": "user", "id": link.UserID}, Detail: fmt.Sprintf("there is no user %q; create it first", link.UserID)}.Invalid()
		}
		if err != nil {
			return err
		}
		return Audit(ctx, tx, Change{Action: hook.PortalSessionCreated, ObjectID: link.ID, After: shownSession(link)})
	})
}

// RedeemPortalLink makes the session of an unused link, known by hash from now
// on. A link that is unknown, used or over is CodeNotFound.
func (s *Store) RedeemPortalLink(ctx context.Context, tokenHash, hash []byte, expiresAt time.Time) (hook.Session, error) {
	var out hook.Session
	err := s.InTx(ctx, "use a portal link", func(tx *sqlx.Tx) error {
		var r sessionRow
		err := tx.GetContext(ctx, &r, `
			UPDATE sessions SET link_hash = NULL, hash = $2, expires_at = $3, created_at = now() WHERE link_hash = $1 AND expires_at > now()
			RETURNING `+sessionColumns, tokenHash, hash, expiresAt)
		if err != nil {
			return core.Found("link", "", err)
		}
		out, err = r.session()
		if err != nil {
			return err
		}
		by := hook.PrincipalOf(ctx)
		by.KeyID, by.Role, by.UserID = out.ID, hook.RoleUser, out.UserID
		if out.UserID == "" {
			by.Role = hook.RoleAdmin
		}
		return Audit(hook.WithPrincipal(ctx, by), tx, Change{Action: hook.PortalSessionUsed, ObjectID: out.ID, After: shownSession(out)})
	})
	return out, err
}

// PortalLink finds the session that an unused link starts, and leaves the link as it
// is. A link that is unknown, used or over is CodeNotFound.
func (s *Store) PortalLink(ctx context.Context, tokenHash []byte) (hook.Session, error) {
	var r sessionRow
	ctx = core.Via(ctx, s.QuickPool)
	err := sqlx.GetContext(ctx, s.On(ctx), &r, `SELECT `+sessionColumns+` FROM sessions WHERE link_hash = $1 AND expires_at > now()`, tokenHash)
	if err != nil {
		return hook.Session{}, core.Found("link", "", err)
	}
	return r.session()
}

// CreateSession keeps a session, known by hash, of whoever the API key with
// KeyHash belongs to: the Principal of ctx.
func (s *Store) CreateSession(ctx context.Context, session hook.Session, hash []byte) error {
	return s.InTx(ctx, "make a session", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, sweepSessions); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO sessions (id, key_hash, hash, expires_at) VALUES ($1, $2, $3, $4)`,
			session.ID, session.KeyHash, hash, session.ExpiresAt)
		if err != nil {
			return err
		}
		session.UserID = hook.PrincipalOf(ctx).UserID
		return Audit(ctx, tx, Change{Action: hook.SessionStarted, ObjectID: session.ID, After: shownSession(session)})
	})
}

// shownSession is what the audit log shows of a session.
func shownSession(session hook.Session) Shown {
	f := Shown{"expires_at": session.ExpiresAt.UTC()}
	if session.UserID != "" {
		f["user_id"] = session.UserID
	}
	return f
}

const sessionColumns = `id, user_id, key_hash, created_at, expires_at`

type sessionRow struct {
	ID        string         `db:"id"`
	UserID    sql.NullString `db:"user_id"`
	KeyHash   []byte         `db:"key_hash"`
	KeyID     sql.NullString `db:"key_id"`
	Role      string         `db:"role"`
	CreatedAt time.Time      `db:"created_at"`
	ExpiresAt time.Time      `db:"expires_at"`
}

func (r sessionRow) session() (hook.Session, error) {
	return hook.Session{ID: r.ID, UserID: r.UserID.String, KeyHash: r.KeyHash, KeyID: r.KeyID.String, Role: hook.Role(r.Role),
		StartedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC()}, nil
}

// Session finds the session with this hash; CodeNotFound where it has ended.
func (s *Store) Session(ctx context.Context, hash []byte) (hook.Session, error) {
	var r sessionRow
	ctx = core.Via(ctx, s.QuickPool)
	err := sqlx.GetContext(ctx, s.On(ctx), &r, `SELECT `+sessionColumns+` FROM sessions WHERE hash = $1 AND expires_at > now()`, hash)
	if err != nil {
		return hook.Session{}, core.Found("session", "", err)
	}
	return r.session()
}

// Sessions lists who is signed in, the newest first: a user sees its own. Those of
// a key that may do nothing any more have ended.
func (s *Store) Sessions(ctx context.Context, f hook.SessionFilter, page hook.Page) ([]hook.Session, error) {
	var l core.List
	l.Args = append(l.Args, f.Bootstrap)
	l.Conditions = append(l.Conditions, "s.hash IS NOT NULL", "s.expires_at > now()", "(s.user_id IS NOT NULL OR k.id IS NOT NULL OR s.key_hash = $1)")
	users := []string{f.UserID}
	if userID, bound := core.Tenant(ctx); bound {
		users = append(users, userID)
	}
	for _, user := range slices.DeleteFunc(users, func(id string) bool { return id == "" }) {
		l.Args = append(l.Args, user)
		l.Conditions = append(l.Conditions, fmt.Sprintf(`s.id = ANY(ARRAY(
			SELECT m.id FROM sessions m WHERE m.user_id = $%[1]d
			UNION ALL SELECT m.id FROM api_keys o JOIN sessions m ON m.key_hash = o.hash WHERE o.user_id = $%[1]d))`, len(l.Args)))
	}
	tail := l.Newest(core.SortKey{Time: "s.created_at", ID: "s.id"}, page)
	return core.Rows(ctx, s.DB, `
		SELECT s.id, coalesce(s.user_id, k.user_id) AS user_id, s.key_hash, k.id AS key_id,
			CASE WHEN s.user_id IS NOT NULL THEN 'user' ELSE coalesce(k.role, 'admin') END AS role, s.created_at, s.expires_at
		FROM sessions s LEFT JOIN api_keys k ON k.hash = s.key_hash AND (k.expires_at IS NULL OR k.expires_at > now())`+tail, l.Args, sessionRow.session)
}

// EndSession ends a session; one that is not there is CodeNotFound.
func (s *Store) EndSession(ctx context.Context, sessionID string) error {
	return s.InTx(ctx, "end a session", func(tx *sqlx.Tx) error {
		var r sessionRow
		err := tx.GetContext(ctx, &r, `DELETE FROM sessions s WHERE s.id = $1 AND s.hash IS NOT NULL
			RETURNING id, coalesce(s.user_id, (SELECT k.user_id FROM api_keys k WHERE k.hash = s.key_hash)) AS user_id, key_hash, created_at, expires_at`, sessionID)
		if err != nil {
			return core.Found("session", sessionID, err)
		}
		session, err := r.session()
		if err != nil {
			return err
		}
		return Audit(ctx, tx, Change{Action: hook.SessionEnded, ObjectID: sessionID, Before: shownSession(session)})
	})
}
