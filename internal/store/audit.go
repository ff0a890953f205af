package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/id"
)

// shown is what the audit log shows of an object, by the names that the API has
// for it. What must not be read there is a secret.
type shown map[string]any

// secret is a value of which the audit log shows that it is there, or has
// changed, and nothing else.
type secret string

// MarshalJSON hides the value.
func (secret) MarshalJSON() ([]byte, error) { return []byte(`"[hidden]"`), nil }

// change is what somebody has done to an object.
type change struct {
	action   hook.Action
	objectID string
	before   shown // nil: there was none
	after    shown // nil: there is none
}

// audit writes a change to the audit log, as a part of the transaction that
// makes it. Of an update it keeps what differs; where nothing does, and where
// Godwit itself is at work, it writes nothing.
func audit(ctx context.Context, tx sqlx.ExecerContext, c change) error {
	by := hook.PrincipalOf(ctx)
	if by.KeyID == "" {
		return nil
	}
	if c.before != nil && c.after != nil {
		if c = c.difference(); len(c.before) == 0 && len(c.after) == 0 {
			return nil
		}
	}
	before, err := c.before.encode()
	if err != nil {
		return err
	}
	after, err := c.after.encode()
	if err != nil {
		return err
	}
	var from string
	if by.Address.IsValid() {
		from = by.Address.String()
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO audit_log (id, key_id, role, user_id, address, request_id, action, object_id, before, after)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		id.New(id.Audit), by.KeyID, by.Role, nonEmpty(by.UserID), nonEmpty(from), nonEmpty(by.RequestID), c.action, c.objectID, before, after)
	return err
}

// NoteSigned writes down that the request of a delivery was shown with signatures
// that its receiver accepts. It is no part of the snapshot that ctx may carry.
func (s *accessStore) NoteSigned(ctx context.Context, deliveryID string) error {
	return classify("note who has seen signatures of "+deliveryID, audit(ctx, s.changes.db, change{action: hook.DeliverySigned, objectID: deliveryID}))
}

// created makes a creation of an update where the object is new.
func (c change) created(isNew bool, action hook.Action) change {
	if isNew {
		c.action, c.before = action, nil
	}
	return c
}

// difference leaves out what is the same before and after.
func (c change) difference() change {
	before, after := maps.Clone(c.before), maps.Clone(c.after)
	maps.DeleteFunc(before, func(name string, value any) bool { return reflect.DeepEqual(value, c.after[name]) })
	maps.DeleteFunc(after, func(name string, value any) bool { return reflect.DeepEqual(value, c.before[name]) })
	c.before, c.after = before, after
	return c
}

// encode gives NULL for nil.
func (f shown) encode() (sql.NullString, error) {
	if f == nil {
		return sql.NullString{}, nil
	}
	text, err := json.Marshal(f)
	if err != nil {
		return sql.NullString{}, fault{fmt.Errorf("encode a row of the audit log: %w", err)}
	}
	return sql.NullString{String: string(text), Valid: true}, nil
}

type auditRow struct {
	ID        string         `db:"id"`
	At        time.Time      `db:"at"`
	KeyID     string         `db:"key_id"`
	Role      string         `db:"role"`
	UserID    sql.NullString `db:"user_id"`
	Address   sql.NullString `db:"address"`
	RequestID sql.NullString `db:"request_id"`
	Action    string         `db:"action"`
	ObjectID  string         `db:"object_id"`
	Before    []byte         `db:"before"`
	After     []byte         `db:"after"`
	Expunged  sql.NullTime   `db:"expunged_at"`
}

func (r auditRow) entry() (hook.AuditEntry, error) {
	by := hook.Principal{KeyID: r.KeyID, Role: hook.Role(r.Role), UserID: r.UserID.String, RequestID: r.RequestID.String}
	by.Address, _ = netip.ParseAddr(r.Address.String)
	return hook.AuditEntry{ID: r.ID, At: r.At.UTC(), By: by, Action: hook.Action(r.Action), ObjectID: r.ObjectID, Before: r.Before, After: r.After, ExpungedAt: nullTime(r.Expunged)}, nil
}

// AuditLog lists what was changed, newest first.
func (s *accessStore) AuditLog(ctx context.Context, f hook.AuditFilter, page hook.Page) ([]hook.AuditEntry, error) {
	l := largeRows[hook.AuditEntry]{
		read: func(p hook.Page) ([]hook.AuditEntry, error) {
			query, args := selectAudit(f, p)
			return rows(ctx, s.DB, query, args, auditRow.entry)
		},
		size: func(e hook.AuditEntry) int { return len(e.Before) + len(e.After) },
		key:  func(e hook.AuditEntry) hook.Cursor { return hook.Cursor{Time: e.At, ID: e.ID} },
	}
	return l.page(page)
}

func selectAudit(f hook.AuditFilter, page hook.Page) (query string, args []any) {
	var l list
	whereSet(&l, "action = ?", f.Action)
	whereSet(&l, "object_id = ?", f.ObjectID)
	l.whereTime("at >= ?", f.Since)
	l.whereTime("at < ?", f.Until)
	tail := newestBy(&l, f.Actor, page)
	return `SELECT id, at, key_id, role, user_id, address, request_id, action, object_id, before, after, expunged_at FROM audit_log` + tail, l.args
}

// newestBy ends a list of the audit log: what anybody did, or what one actor did
// by this credential or as this user, each by its own index.
func newestBy(l *list, actor string, page hook.Page) string {
	if actor == "" {
		return l.newest(sortKey{time: "at", id: "id"}, page)
	}
	some := func(condition string) string {
		one := list{conditions: slices.Clone(l.conditions), args: l.args}
		one.where(condition, actor)
		tail := one.newest(sortKey{time: "at", id: "id"}, page)
		l.args = one.args
		return `(SELECT id, at FROM audit_log` + tail + `)`
	}
	either := some("key_id = ?") + ` UNION ALL ` + some("user_id = ?")
	return fmt.Sprintf(` WHERE id = ANY(ARRAY(SELECT one.id FROM (%s) one ORDER BY one.at DESC, one.id DESC LIMIT $%d)) ORDER BY at DESC, id DESC`,
		either, len(l.args))
}
