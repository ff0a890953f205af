package subscription

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
)

// EventTypeRow is an event type as stored.
type EventTypeRow struct {
	Name          string       `db:"name"`
	Group         string       `db:"group"`
	Title         string       `db:"title"`
	Description   string       `db:"description"`
	Translations  []byte       `db:"translations"`
	Builtin       bool         `db:"builtin"`
	Previous      []byte       `db:"example_previous"`
	Current       []byte       `db:"example_current"`
	Schema        []byte       `db:"schema"`
	SchemaVersion int64        `db:"schema_version"`
	ArchivedAt    sql.NullTime `db:"archived_at"`
	CreatedAt     time.Time    `db:"created_at"`
	UpdatedAt     time.Time    `db:"updated_at"`
}

func (r EventTypeRow) eventType() hook.EventType {
	return hook.EventType{
		Name: r.Name, Group: r.Group, Title: r.Title, Description: r.Description, Translations: translations(r.Translations), Builtin: r.Builtin,
		ExamplePrevious: r.Previous, ExampleCurrent: r.Current, Schema: r.Schema, SchemaVersion: r.SchemaVersion,
		ArchivedAt: core.NullTime(r.ArchivedAt), CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
}

// translations reads the column, which only this package and the schema write.
func translations(stored []byte) map[string]hook.TypeWords {
	var out map[string]hook.TypeWords
	if len(stored) > len("{}") && json.Unmarshal(stored, &out) != nil {
		return nil // people read English then
	}
	return out
}

// EventTypeColumns are the columns of an EventTypeRow.
const EventTypeColumns = `name, "group", title, description, translations, builtin, example_previous, example_current, schema, schema_version, archived_at, created_at, updated_at`

const eventTypeByName = `SELECT ` + EventTypeColumns + ` FROM event_types WHERE name = $1`

// EventTypes lists the whole catalogue by group and name.
func (s *Store) EventTypes(ctx context.Context) ([]hook.EventType, error) {
	return core.Rows(ctx, s.DB, `SELECT `+EventTypeColumns+` FROM event_types ORDER BY "group", name`, nil, core.Plain(EventTypeRow.eventType))
}

// TypeSchemas gives Name, Schema and SchemaVersion of those of the named types
// that exist, in no order.
func (s *Store) TypeSchemas(ctx context.Context, names []string) ([]hook.EventType, error) {
	ctx = core.Via(ctx, s.IntakePool) // asked by publishing
	return core.Rows(ctx, s.DB, `SELECT name, schema, schema_version FROM event_types WHERE name = ANY($1)`, []any{pq.Array(names)}, core.Plain(EventTypeRow.eventType))
}

// newVersion is a schema_version that no schema of that name ever had, not even
// before the type was deleted: the time in microseconds, or one more than now.
const newVersion = `(extract(epoch FROM clock_timestamp()) * 1000000)::bigint`

const putEventType = `
INSERT INTO event_types (name, "group", description, example_previous, example_current, schema, schema_version, archived_at, title, translations)
VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $6::bytea IS NULL THEN 0 ELSE ` + newVersion + ` END, $7, $8, coalesce($9::jsonb, '{}'))
ON CONFLICT (name) DO UPDATE SET
	"group" = excluded."group", title = excluded.title, description = excluded.description, translations = excluded.translations,
	example_previous = excluded.example_previous, example_current = excluded.example_current,
	schema = excluded.schema,
	schema_version = CASE
		WHEN event_types.schema IS NOT DISTINCT FROM excluded.schema THEN event_types.schema_version
		ELSE greatest(event_types.schema_version + 1, ` + newVersion + `) END,
	archived_at = CASE WHEN excluded.archived_at IS NOT NULL THEN coalesce(event_types.archived_at, excluded.archived_at) END,
	updated_at = now()
WHERE NOT event_types.builtin
RETURNING ` + EventTypeColumns + `, xmax = 0 AS created`

// PutEventType creates a type of the catalogue or replaces all of it but its
// name, and says whether it is new. SchemaVersion is not taken from t: it
// changes when the schema's bytes do, also when they are taken away, and no
// version stands for two schemas. A type that is archived already keeps its
// ArchivedAt; zero takes it out of the archive. A built-in type is CodeConflict.
func (s *Store) PutEventType(ctx context.Context, t hook.EventType) (hook.EventType, bool, error) {
	var stored []struct {
		EventTypeRow
		Created bool `db:"created"`
	}
	var translated sql.NullString
	if len(t.Translations) > 0 {
		in, err := json.Marshal(t.Translations)
		if err != nil {
			return t, false, err
		}
		translated = sql.NullString{String: string(in), Valid: true}
	}
	archived := sql.NullTime{Time: t.ArchivedAt, Valid: !t.ArchivedAt.IsZero()}
	err := s.InTx(ctx, "put event type", func(tx *sqlx.Tx) error {
		stored = nil
		var old EventTypeRow
		if err := tx.GetContext(ctx, &old, eventTypeByName+` FOR NO KEY UPDATE`, t.Name); core.UnlessNone(err) != nil {
			return err
		}
		err := tx.SelectContext(ctx, &stored, putEventType, t.Name, t.Group, t.Description,
			NullBytes(t.ExamplePrevious), NullBytes(t.ExampleCurrent), NullBytes(t.Schema), archived, t.Title, translated)
		if err != nil {
			return err
		}
		if len(stored) == 0 {
			return builtinConflict(t.Name)
		}
		done := access.Change{Action: hook.EventTypeUpdated, ObjectID: t.Name, Before: access.ShownType(old.eventType()), After: access.ShownType(stored[0].eventType())}
		return access.Audit(ctx, tx, done.Created(stored[0].Created, hook.EventTypeCreated))
	})
	if err != nil {
		return t, false, err
	}
	return stored[0].eventType(), stored[0].Created, nil
}

// NullBytes makes NULL of nil, which the driver would take for no bytes.
func NullBytes(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// DeleteEventType removes a custom type: no further event of it is accepted.
// A built-in type is CodeConflict.
func (s *Store) DeleteEventType(ctx context.Context, name string) error {
	return s.InTx(ctx, "delete event type", func(tx *sqlx.Tx) error {
		var old EventTypeRow
		if err := tx.GetContext(ctx, &old, eventTypeByName+` FOR UPDATE`, name); err != nil {
			return core.Found("event type", name, err)
		}
		if old.Builtin {
			return builtinConflict(name)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM event_types WHERE name = $1`, name); err != nil {
			return err
		}
		return access.Audit(ctx, tx, access.Change{Action: hook.EventTypeDeleted, ObjectID: name, Before: access.ShownType(old.eventType())})
	})
}

func builtinConflict(name string) error {
	return hook.Errorf(hook.CodeConflict, "%s is built in and can't be changed; choose another name", name)
}
