package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/lib/pq"

	"godwit/internal/store/core"
	"godwit/schema"
)

// Migrate brings the schema of the database to this build's version, and tells
// whom it waits for.
func Migrate(ctx context.Context, databaseURL string, tell func(string)) error {
	return WithDatabase(ctx, databaseURL, func(db *sql.DB) error { return schema.UpTelling(ctx, db, tell) })
}

// WithDatabase opens the database for f and closes it after. A pooler that does
// not keep sessions is an error: migrations lock one another out by theirs.
func WithDatabase(ctx context.Context, databaseURL string, f func(*sql.DB) error) error {
	connector, err := pq.NewConnector(databaseURL)
	if err != nil {
		return errors.New("GODWIT_DATABASE_URL is not a URL that Postgres understands") // err may show the password
	}
	db := sql.OpenDB(connector)
	err = core.CheckSessions(ctx, db)
	if err == nil {
		err = f(db)
	}
	if err != nil {
		return errors.Join(err, db.Close())
	}
	if err := db.Close(); err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}
