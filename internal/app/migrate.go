package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/lib/pq"

	"godwit/schema"
)

// Migrate brings the schema of the database to this build's version.
func Migrate(ctx context.Context, databaseURL string) error {
	return WithDatabase(databaseURL, func(db *sql.DB) error { return schema.Up(ctx, db) })
}

// WithDatabase opens the database for f and closes it after.
func WithDatabase(databaseURL string, f func(*sql.DB) error) error {
	connector, err := pq.NewConnector(databaseURL)
	if err != nil {
		return errors.New("GODWIT_DATABASE_URL is not a URL that Postgres understands") // err may show the password
	}
	db := sql.OpenDB(connector)
	if err := f(db); err != nil {
		return errors.Join(err, db.Close())
	}
	if err := db.Close(); err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}
