package schema

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var files embed.FS

// Step is one migration and whether the database has it.
type Step struct {
	Version int64
	Name    string
	Applied bool
}

// Up applies every migration that db lacks, in order, and updates the built-in
// event types. A lock in the database keeps other processes out meanwhile.
func Up(ctx context.Context, db *sql.DB) error {
	p, err := provider(db)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("apply the migrations: %w", err)
	}
	return seed(ctx, db)
}

// Down takes the newest migration back; the data of its tables is lost.
func Down(ctx context.Context, db *sql.DB) error {
	p, err := provider(db)
	if err != nil {
		return err
	}
	if _, err := p.Down(ctx); err != nil {
		return fmt.Errorf("take the newest migration back: %w", err)
	}
	return nil
}

// Status lists the migrations, oldest first.
func Status(ctx context.Context, db *sql.DB) ([]Step, error) {
	p, err := provider(db)
	if err != nil {
		return nil, err
	}
	all, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the state of the migrations: %w", err)
	}
	steps := make([]Step, len(all))
	for i, s := range all {
		steps[i] = Step{s.Source.Version, s.Source.Path, s.State == goose.StateApplied}
	}
	return steps, nil
}

// Latest is the version of the newest migration of this build.
func Latest() (int64, error) {
	p, err := goose.NewProvider(goose.DialectPostgres, new(sql.DB), migrations())
	if err != nil {
		return 0, fmt.Errorf("read the embedded migrations: %w", err)
	}
	sources := p.ListSources()
	return sources[len(sources)-1].Version, nil
}

func provider(db *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, fmt.Errorf("make the migration lock: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations(), goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("read the embedded migrations: %w", err)
	}
	return p, nil
}

func migrations() fs.FS {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the path is a constant of this file
	}
	return sub
}

// seed writes the built-in event types; a custom type of the same name becomes
// the built-in one.
func seed(ctx context.Context, db *sql.DB) error {
	var names, groups, descriptions []string
	var previous, current [][]byte
	for _, t := range Catalogue() {
		names, groups, descriptions = append(names, t.Name), append(groups, t.Group), append(descriptions, t.Description)
		previous, current = append(previous, t.ExamplePrevious), append(current, t.ExampleCurrent)
	}
	_, err := db.ExecContext(ctx, `
		INSERT INTO event_types (name, "group", description, builtin, example_previous, example_current)
		SELECT name, "group", description, true, previous, current
		FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bytea[]) AS t(name, "group", description, previous, current)
		ON CONFLICT (name) DO UPDATE SET "group" = excluded."group", description = excluded.description, builtin = true,
			example_previous = excluded.example_previous, example_current = excluded.example_current, updated_at = now()
		WHERE (event_types."group", event_types.description, event_types.builtin, event_types.example_previous, event_types.example_current)
			IS DISTINCT FROM (excluded."group", excluded.description, true, excluded.example_previous, excluded.example_current)`,
		pq.Array(names), pq.Array(groups), pq.Array(descriptions), pq.ByteaArray(previous), pq.ByteaArray(current))
	if err != nil {
		return fmt.Errorf("write the built-in event types: %w", err)
	}
	return nil
}
