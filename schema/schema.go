package schema

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
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
// event types. A lock in the database keeps other processes out in the meantime.
func Up(ctx context.Context, db *sql.DB) error {
	return UpTelling(ctx, db, func(string) {})
}

// UpTelling is Up that tells whom it waits for: a migration that needs a table
// for itself tries again and again until nobody uses that for long.
func UpTelling(ctx context.Context, db *sql.DB, tell func(string)) error {
	if err := up(ctx, db, migrations(), tell); err != nil {
		return err
	}
	return seed(ctx, db)
}

func up(ctx context.Context, db *sql.DB, files fs.FS, tell func(string)) error {
	p, s, err := provider(db, files)
	if err != nil {
		return err
	}
	// One by one, so that each begins with the session's settings.
	for {
		err := patiently(ctx, db, s, tell, func() error { _, err := p.UpByOne(ctx); return err })
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("apply the migrations: %w", err)
		}
	}
}

// Down takes the newest migration back; the data of its tables is lost.
func Down(ctx context.Context, db *sql.DB) error {
	return DownTelling(ctx, db, func(string) {})
}

// DownTelling is Down that tells whom it waits for.
func DownTelling(ctx context.Context, db *sql.DB, tell func(string)) error {
	p, s, err := provider(db, migrations())
	if err != nil {
		return err
	}
	if err := patiently(ctx, db, s, tell, func() error { _, err := p.Down(ctx); return err }); err != nil {
		return fmt.Errorf("take the newest migration back: %w", err)
	}
	return nil
}

// Status lists the migrations, oldest first.
func Status(ctx context.Context, db *sql.DB) ([]Step, error) {
	p, _, err := provider(db, migrations())
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

// provider gives what migrates, and its session.
func provider(db *sql.DB, files fs.FS) (*goose.Provider, *session, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600)) // every second for ten minutes
	if err != nil {
		return nil, nil, fmt.Errorf("make the migration lock: %w", err)
	}
	s := &session{SessionLocker: locker}
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(s))
	if err != nil {
		return nil, nil, fmt.Errorf("read the embedded migrations: %w", err)
	}
	return p, s, nil
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
	var names, groups, titles, descriptions, translations []string
	var previous, current [][]byte
	for _, t := range Catalogue() {
		translated, err := json.Marshal(t.Translations)
		if err != nil {
			return fmt.Errorf("write the translations of %s: %w", t.Name, err)
		}
		names, groups, titles = append(names, t.Name), append(groups, t.Group), append(titles, t.Title)
		descriptions, translations = append(descriptions, t.Description), append(translations, string(translated))
		previous, current = append(previous, t.ExamplePrevious), append(current, t.ExampleCurrent)
	}
	_, err := db.ExecContext(ctx, `
		INSERT INTO event_types AS old (name, "group", title, description, translations, builtin, example_previous, example_current)
		SELECT name, "group", title, description, translations::jsonb, true, previous, current
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bytea[])
			AS t(name, "group", title, description, translations, previous, current)
		ON CONFLICT (name) DO UPDATE SET "group" = excluded."group", title = excluded.title, description = excluded.description,
			translations = excluded.translations, builtin = true,
			example_previous = excluded.example_previous, example_current = excluded.example_current, updated_at = now()
		WHERE (old."group", old.title, old.description, old.translations, old.builtin, old.example_previous, old.example_current)
			IS DISTINCT FROM (excluded."group", excluded.title, excluded.description, excluded.translations, true, excluded.example_previous, excluded.example_current)`,
		pq.Array(names), pq.Array(groups), pq.Array(titles), pq.Array(descriptions), pq.Array(translations), pq.ByteaArray(previous), pq.ByteaArray(current))
	if err != nil {
		return fmt.Errorf("write the built-in event types: %w", err)
	}
	return nil
}
