package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	v12 "go.temporal.io/server/schema/postgresql/v12"
)

// Temporal's visibility table has 74 indexes, one for each attribute that anyone
// might search by, and every workflow is written to it twice: a third of what
// Postgres does for it. A private cluster keeps those that someone here uses.
//
// An update of Temporal's schema may count on the others. Their definitions are
// therefore kept in a table beside it, and before an update they are made again.

// usedIndexes are those that Temporal's Web UI lists and searches by, and those of
// the columns that the product's search attributes are stored in.
func usedIndexes() []string {
	return []string{
		"executions_visibility_pkey", "default_idx", "by_workflow_id", "by_workflow_type", "by_status",
		"by_root_workflow_id", "by_parent_workflow_id",
		"by_keyword_01", "by_keyword_02", "by_keyword_03", "by_keyword_04", "by_keyword_05", "by_keyword_list_01",
	}
}

const unusedIndexes = `
	SELECT indexname AS name, indexdef AS definition FROM pg_indexes
	WHERE schemaname = current_schema() AND tablename = 'executions_visibility' AND indexname <> ALL($1)`

type index struct{ Name, Definition string }

// updateSlim updates the visibility store's schema and drops what is not used.
func (s stores) updateSlim(ctx context.Context, st store) error {
	db, err := s.open(s.connection(st))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer db.Close()
	if err := restoreIndexes(ctx, db); err != nil {
		return fmt.Errorf("make the dropped indexes again: %w", err)
	}
	if err := s.update(st); err != nil {
		return err
	}
	if err := dropIndexes(ctx, db); err != nil {
		return fmt.Errorf("drop unused indexes: %w", err)
	}
	return nil
}

// restoreIndexes makes what an earlier start dropped: all of it if an update is
// due, else what is used by now.
func restoreIndexes(ctx context.Context, db *sqlx.DB) error {
	if _, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS godwit_dropped_index (name text PRIMARY KEY, definition text NOT NULL)`); err != nil {
		return err
	}
	var dropped []index
	if err := db.SelectContext(ctx, &dropped, `SELECT name, definition FROM godwit_dropped_index`); err != nil || len(dropped) == 0 {
		return err
	}
	var version string
	if err := db.GetContext(ctx, &version, `SELECT curr_version FROM schema_version WHERE db_name = current_database()`); err != nil {
		return err
	}
	for _, ix := range dropped {
		if version == v12.VisibilityVersion && !slices.Contains(usedIndexes(), ix.Name) {
			continue
		}
		definition := strings.Replace(ix.Definition, " INDEX ", " INDEX IF NOT EXISTS ", 1)
		if _, err := db.ExecContext(ctx, definition); err != nil {
			return fmt.Errorf("%s: %w", ix.Name, err)
		}
		if _, err := db.ExecContext(ctx, `DELETE FROM godwit_dropped_index WHERE name = $1`, ix.Name); err != nil {
			return err
		}
	}
	return nil
}

// dropIndexes drops the unused indexes, all or none, and remembers them.
func dropIndexes(ctx context.Context, db *sqlx.DB) error {
	var unused []index
	if err := db.SelectContext(ctx, &unused, unusedIndexes, usedIndexes()); err != nil || len(unused) == 0 {
		return err
	}
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	for _, ix := range unused {
		if _, err := tx.ExecContext(ctx, `INSERT INTO godwit_dropped_index (name, definition) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET definition = excluded.definition`, ix.Name, ix.Definition); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DROP INDEX `+ix.Name); err != nil {
			return err
		}
	}
	return tx.Commit()
}
