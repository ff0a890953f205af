package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

type eventTypeRow struct {
	Name        string    `db:"name"`
	Group       string    `db:"group"`
	Description string    `db:"description"`
	Builtin     bool      `db:"builtin"`
	Previous    []byte    `db:"example_previous"`
	Current     []byte    `db:"example_current"`
	CreatedAt   time.Time `db:"created_at"`
	UpdatedAt   time.Time `db:"updated_at"`
}

func (r eventTypeRow) eventType() (hook.EventType, error) {
	return hook.EventType{
		Name: r.Name, Group: r.Group, Description: r.Description, Builtin: r.Builtin,
		ExamplePrevious: r.Previous, ExampleCurrent: r.Current, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}, nil
}

const selectEventTypes = `SELECT name, "group", description, builtin, example_previous, example_current, created_at, updated_at FROM event_types`

// EventTypes lists the whole catalogue by group and name.
func (s *Store) EventTypes(ctx context.Context) ([]hook.EventType, error) {
	return rows(ctx, s, selectEventTypes+` ORDER BY "group", name`, nil, eventTypeRow.eventType)
}

// PutEventType creates or changes a type of the catalogue and says whether it
// is new. A built-in type is CodeConflict.
func (s *Store) PutEventType(ctx context.Context, t hook.EventType) (hook.EventType, bool, error) {
	var created []put
	err := s.db.SelectContext(ctx, &created, `
		INSERT INTO event_types (name, "group", description) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET "group" = excluded."group", description = excluded.description, updated_at = now()
		WHERE NOT event_types.builtin`+putReturning, t.Name, t.Group, t.Description)
	if err != nil {
		return t, false, classify("put event type", err)
	}
	if len(created) == 0 {
		return t, false, builtinConflict(t.Name)
	}
	t.CreatedAt, t.UpdatedAt = created[0].CreatedAt.UTC(), created[0].UpdatedAt.UTC()
	return t, created[0].Created, nil
}

// DeleteEventType removes a custom type: no further event of it is accepted.
// A built-in type is CodeConflict.
func (s *Store) DeleteEventType(ctx context.Context, name string) error {
	return s.inTx(ctx, "delete event type", func(tx *sqlx.Tx) error {
		var builtin bool
		if err := tx.GetContext(ctx, &builtin, `SELECT builtin FROM event_types WHERE name = $1 FOR UPDATE`, name); err != nil {
			return found("event type", name, err)
		}
		if builtin {
			return builtinConflict(name)
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM event_types WHERE name = $1`, name)
		return err
	})
}

func builtinConflict(name string) error {
	return hook.Errorf(hook.CodeConflict, "%s is built in and can't be changed; choose another name", name)
}
