package access

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
	"godwit/internal/store/core"
)

// Shown is what the audit log shows of an object, by the names that the API has
// for it. What must not be read there is a secret.
type Shown map[string]any

// Secret is a value of which the audit log shows that it is there, or has
// changed, and nothing else.
type Secret string

// MarshalJSON hides the value.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"[hidden]"`), nil }

// Change is what someone has done to an object.
type Change struct {
	Action   hook.Action
	ObjectID string
	Before   Shown // nil: there was none
	After    Shown // nil: there is none
}

// Audit writes a change to the audit log, as a part of the transaction that
// makes it. Of an update it keeps what differs; where nothing does, and where
// Godwit itself is at work, it writes nothing.
func Audit(ctx context.Context, tx sqlx.ExecerContext, c Change) error {
	by := hook.PrincipalOf(ctx)
	if by.KeyID == "" {
		return nil
	}
	if c.Before != nil && c.After != nil {
		if c = c.difference(); len(c.Before) == 0 && len(c.After) == 0 {
			return nil
		}
	}
	before, err := c.Before.encode()
	if err != nil {
		return err
	}
	after, err := c.After.encode()
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
		id.New(id.Audit), by.KeyID, by.Role, core.NonEmpty(by.UserID), core.NonEmpty(from), core.NonEmpty(by.RequestID), c.Action, c.ObjectID, before, after)
	return err
}

// NoteSigned writes down that the request of a delivery was shown with signatures
// that its receiver accepts. It is no part of the snapshot that ctx may carry.
func (s *Store) NoteSigned(ctx context.Context, deliveryID string) error {
	return core.Classify("note who has seen signatures of "+deliveryID, Audit(ctx, s.ChangesPool.DB, Change{Action: hook.DeliverySigned, ObjectID: deliveryID}))
}

// Created makes a creation of an update where the object is new.
func (c Change) Created(isNew bool, action hook.Action) Change {
	if isNew {
		c.Action, c.Before = action, nil
	}
	return c
}

// difference leaves out what is the same before and after.
func (c Change) difference() Change {
	before, after := maps.Clone(c.Before), maps.Clone(c.After)
	maps.DeleteFunc(before, func(name string, value any) bool { return reflect.DeepEqual(value, c.After[name]) })
	maps.DeleteFunc(after, func(name string, value any) bool { return reflect.DeepEqual(value, c.Before[name]) })
	c.Before, c.After = before, after
	return c
}

// encode gives NULL for nil.
func (f Shown) encode() (sql.NullString, error) {
	if f == nil {
		return sql.NullString{}, nil
	}
	text, err := json.Marshal(f)
	if err != nil {
		return sql.NullString{}, core.Fault(fmt.Errorf("encode a row of the audit log: %w", err))
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
	return hook.AuditEntry{ID: r.ID, At: r.At.UTC(), By: by, Action: hook.Action(r.Action), ObjectID: r.ObjectID, Before: r.Before, After: r.After, ExpungedAt: core.NullTime(r.Expunged)}, nil
}

// AuditLog lists what was changed, newest first.
func (s *Store) AuditLog(ctx context.Context, f hook.AuditFilter, page hook.Page) ([]hook.AuditEntry, error) {
	l := core.LargeRows[hook.AuditEntry]{
		Read: func(p hook.Page) ([]hook.AuditEntry, error) {
			query, args := SelectAudit(f, p)
			return core.Rows(ctx, s.DB, query, args, auditRow.entry)
		},
		Size: func(e hook.AuditEntry) int { return len(e.Before) + len(e.After) },
		Key:  func(e hook.AuditEntry) hook.Cursor { return hook.Cursor{Time: e.At, ID: e.ID} },
	}
	return l.Page(page)
}

// SelectAudit is the query for a page of the audit log.
func SelectAudit(f hook.AuditFilter, page hook.Page) (query string, args []any) {
	var l core.List
	core.WhereSet(&l, "action = ?", f.Action)
	core.WhereSet(&l, "object_id = ?", f.ObjectID)
	l.WhereTime("at >= ?", f.Since)
	l.WhereTime("at < ?", f.Until)
	tail := newestBy(&l, f.Actor, page)
	return `SELECT id, at, key_id, role, user_id, address, request_id, action, object_id, before, after, expunged_at FROM audit_log` + tail, l.Args
}

// newestBy ends a list of the audit log: what anyone did, or what one actor did
// by this credential or as this user, each by its own index.
func newestBy(l *core.List, actor string, page hook.Page) string {
	if actor == "" {
		return l.Newest(core.SortKey{Time: "at", ID: "id"}, page)
	}
	some := func(condition string) string {
		one := core.List{Conditions: slices.Clone(l.Conditions), Args: l.Args}
		one.Where(condition, actor)
		tail := one.Newest(core.SortKey{Time: "at", ID: "id"}, page)
		l.Args = one.Args
		return `(SELECT id, at FROM audit_log` + tail + `)`
	}
	either := some("key_id = ?") + ` UNION ALL ` + some("user_id = ?")
	return fmt.Sprintf(` WHERE id = ANY(ARRAY(SELECT one.id FROM (%s) one ORDER BY one.at DESC, one.id DESC LIMIT $%d)) ORDER BY at DESC, id DESC`,
		either, len(l.Args))
}
