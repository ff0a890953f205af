package access

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

const deviceColumns = `code, name, address, created_at, expires_at, approved, user_id, approved_by`

type deviceRow struct {
	Code       string         `db:"code"`
	Name       string         `db:"name"`
	Address    string         `db:"address"`
	CreatedAt  time.Time      `db:"created_at"`
	ExpiresAt  time.Time      `db:"expires_at"`
	Approved   sql.NullBool   `db:"approved"`
	UserID     sql.NullString `db:"user_id"`
	ApprovedBy sql.NullString `db:"approved_by"`
}

func (r deviceRow) device() hook.Device {
	d := hook.Device{Code: r.Code, Name: r.Name, Address: r.Address, CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), UserID: r.UserID.String, ApprovedBy: r.ApprovedBy.String}
	if r.Approved.Valid {
		d.Approved = &r.Approved.Bool
	}
	return d
}

// BeginDevice keeps a device that waits for a person, and that asks by what pollHash is
// the hash of. Too many that wait are CodeUnavailable.
func (s *Store) BeginDevice(ctx context.Context, d hook.Device, pollHash []byte) error {
	return s.InTx(ctx, "begin the sign-in of a device", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM device_logins WHERE poll_hash IN (SELECT poll_hash FROM device_logins WHERE expires_at <= now() LIMIT 100)`); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `
			INSERT INTO device_logins (poll_hash, code, name, address, expires_at)
			SELECT $1, $2, $3, $4, now() + $5 * interval '1 second' WHERE (SELECT count(*) FROM device_logins) < $6
			ON CONFLICT (code) DO NOTHING`, pollHash, d.Code, d.Name, d.Address, hook.DeviceWait.Seconds(), hook.MaxDevices)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return hook.Errorf(hook.CodeUnavailable, "Too many devices wait for their sign-in; try again in a few minutes.")
		}
		return nil
	})
}

// AnswerDevice writes down what the user of ctx says about a device that waits, and
// finds it; nil = it is only to be found. A user who has as many keys as a user may have
// can't let another in: CodeConflict.
func (s *Store) AnswerDevice(ctx context.Context, code string, approve *bool) (hook.Device, error) {
	var r deviceRow
	if approve == nil {
		err := sqlx.GetContext(ctx, s.On(ctx), &r, `SELECT `+deviceColumns+` FROM device_logins WHERE code = $1 AND expires_at > now() AND approved IS NULL`, code)
		return r.device(), core.Found("device", "", err)
	}
	err := s.InTx(ctx, "answer a device", func(tx *sqlx.Tx) error {
		by := hook.PrincipalOf(ctx)
		if *approve {
			if err := roomForKey(ctx, tx, by.UserID); err != nil {
				return err
			}
		}
		err := tx.GetContext(ctx, &r, `
			UPDATE device_logins SET approved = $2, user_id = $3, approved_by = $4
			WHERE code = $1 AND expires_at > now() AND approved IS NULL RETURNING `+deviceColumns, code, *approve, by.UserID, by.KeyID)
		return core.Found("device", "", err)
	})
	return r.device(), err
}

// UseDevice tells a device how it stands. One that a person has let in gets the key k,
// known by keyHash from now on, and is forgotten; so is one that was refused. What is
// unknown, used or over is CodeNotFound.
func (s *Store) UseDevice(ctx context.Context, pollHash []byte, k hook.APIKey, keyHash []byte) (hook.Device, hook.APIKey, error) {
	var r deviceRow
	err := s.InTx(ctx, "use the sign-in of a device", func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &r, `SELECT `+deviceColumns+` FROM device_logins WHERE poll_hash = $1 AND expires_at > now() FOR UPDATE`, pollHash)
		if err != nil || !r.Approved.Valid {
			return core.Found("device", "", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM device_logins WHERE poll_hash = $1`, pollHash); err != nil || !r.Approved.Bool {
			return err
		}
		if err := roomForKey(ctx, tx, r.UserID.String); err != nil {
			return err
		}
		k.Name, k.UserID = r.Name, r.UserID.String
		by := hook.PrincipalOf(ctx)
		by.KeyID, by.Role, by.UserID = r.ApprovedBy.String, hook.RoleUser, k.UserID
		k, err = insertKey(hook.WithPrincipal(ctx, by), tx, k, keyHash)
		return err
	})
	return r.device(), k, err
}
