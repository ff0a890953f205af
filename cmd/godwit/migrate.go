//go:build !client

package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"godwit/internal/app"
	"godwit/internal/cli/command"
	"godwit/internal/config"
	"godwit/schema"
)

func migrateCommand() *cobra.Command {
	return command.Group("migrate", "Apply, list or take back the migrations of the database",
		migration("up", "Apply every migration that the database lacks", schema.UpTelling),
		migration("down", "Take the newest migration back; the data of its tables is lost", schema.DownTelling),
		migration("status", "List the migrations and whether the database has them", nil),
	)
}

// migration is one sub-command: it runs step, then prints how things stand.
func migration(name, short string, step func(context.Context, *sql.DB, func(string)) error) *cobra.Command {
	return &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Parse(os.Environ())
			if err := config.Join(err, cfg.Require("GODWIT_DATABASE_URL")); err != nil {
				return err
			}
			tell := func(line string) { fmt.Fprintln(c.ErrOrStderr(), line) }
			return app.WithDatabase(c.Context(), cfg.DatabaseURL, func(db *sql.DB) error {
				if step != nil {
					if err := step(c.Context(), db, tell); err != nil {
						return err
					}
				}
				return printStatus(c, db)
			})
		},
	}
}

func printStatus(c *cobra.Command, db *sql.DB) error {
	steps, err := schema.Status(c.Context(), db)
	if err != nil {
		return err
	}
	for _, s := range steps {
		state := "pending"
		if s.Applied {
			state = "applied"
		}
		if _, err := fmt.Fprintf(c.OutOrStdout(), "%-8s %s\n", state, s.Name); err != nil {
			return err
		}
	}
	return nil
}
