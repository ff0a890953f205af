//go:build !client

package main

import (
	"os"

	"github.com/spf13/cobra"

	"godwit/internal/app"
	"godwit/internal/cli/command"
	"godwit/internal/config"
)

func secretsCommand() *cobra.Command {
	return command.Group("secrets", "Look after the secrets that the database holds encrypted", rekeyCommand())
}

func rekeyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "rekey",
		Short: "Encrypt every secret with the first key of GODWIT_ENCRYPTION_KEY",
		Long: `Encrypts every secret of the database with the first key of
GODWIT_ENCRYPTION_KEY that another key of that list has encrypted. Other
processes may run in the meantime; after an interruption run it again.
The exit code is 0 when nothing is left under another key.`,
		Args: cobra.NoArgs,
	}
	check := c.Flags().Bool("check", false, "change nothing, only tell whether something is left under another key")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := config.Parse(os.Environ())
		if err := config.Join(err, app.Require(cfg, app.RoleWorker)); err != nil {
			return err
		}
		return app.Rekey(c.Context(), cfg, c.OutOrStdout(), *check)
	}
	return c
}
