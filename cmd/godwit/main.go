// Command godwit runs Godwit against a given Postgres and Temporal: the API,
// the worker, the migrations, and the replay of recorded workflow histories.
// Settings come from GODWIT_* variables.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

// version is set by the linker.
var version = "dev"

func main() { os.Exit(run()) }

// run gives the process's exit code: 0, or 1 after a line about what went wrong;
// client commands have more of them, see package cli.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	err := command().ExecuteContext(ctx)
	code := exitCode(err)
	if code > 0 && !errors.As(err, new(refused)) && !errors.As(err, new(interrupted)) { // which have said what they found
		fmt.Fprintln(os.Stderr, "godwit:", err)
	}
	return code
}

func exitCode(err error) int {
	var failed *cli.Failure
	switch {
	case err == nil:
		return 0
	case errors.As(err, &failed):
		return failed.Code
	case errors.As(err, new(interrupted)):
		return cli.ExitInterrupted
	case errors.As(err, new(misused)):
		return 2
	}
	return 1
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "godwit",
		Short:         "A webhook engine: every matched event is carried to its receiver by a durable workflow",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(serveCommand(), migrateCommand(), secretsCommand(), replayCommand(), verifyCommand(), listenCommand(), healthcheckCommand(), versionCommand())
	return root
}

// group is a command that does nothing but hold others. To name none of them, or
// an unknown one, is an error: a typo in a script must not look like success.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short}
	c.AddCommand(commands...)
	names := make([]string, len(commands))
	for i, one := range commands {
		names[i] = one.Name()
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		wrong := "needs a command"
		if len(args) > 0 {
			wrong = fmt.Sprintf("has no command %q", args[0])
		}
		return fmt.Errorf("%s %s: use one of %s (%s --help)", c.CommandPath(), wrong, strings.Join(names, ", "), c.CommandPath())
	}
	return c
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), version)
			return err
		},
	}
}
