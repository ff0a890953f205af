package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

// The groups of commands in the help.
const (
	groupDaily  = "daily"
	groupLocal  = "local"
	groupAdmin  = "admin"
	groupServer = "server"
)

// misused is the error of a command that can't be carried out as it was given.
type misused struct{ error }

// refused is the error of a command that was carried out, answers no, and has said so.
type refused struct{ error }

// interrupted is the end of a command by Ctrl-C.
type interrupted struct{}

func (interrupted) Error() string { return "interrupted" }

// Program is what the command line is a part of.
type Program struct {
	Version string
	// Document gives the OpenAPI document; nil = the program has none.
	Document func(version string) ([]byte, error)
	// Server are the commands that run a part of Godwit, which have their own settings.
	Server []*cobra.Command
}

// Root is the command line of a program.
func Root(program Program) *cobra.Command {
	f := &frame{Program: program}
	root := &cobra.Command{
		Use:           "godwit",
		Short:         "A webhook engine: every matched event is carried to its receiver by a durable workflow",
		Version:       program.Version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misused{err} })
	root.AddGroup(&cobra.Group{ID: groupDaily, Title: "Webhooks and events:"}, &cobra.Group{ID: groupLocal, Title: "On your machine:"},
		&cobra.Group{ID: groupAdmin, Title: "Keys and administration:"})
	f.addShared(root)
	f.addCommands(root)
	if len(program.Server) > 0 {
		root.AddGroup(&cobra.Group{ID: groupServer, Title: "The server (settings are GODWIT_* variables):"})
	}
	for _, c := range program.Server {
		c.GroupID = groupServer
		root.AddCommand(c)
	}
	checkUse(f, root)
	completes(f, root)
	return root
}

// checkUse has every command below c say that it was misused where the library says so
// only in words, and refuse the flags of others.
func checkUse(f *frame, c *cobra.Command) {
	for _, sub := range c.Commands() {
		checkUse(f, sub)
	}
	if args := c.Args; args != nil {
		c.Args = func(c *cobra.Command, given []string) error {
			for _, err := range []error{args(c, given), c.ValidateRequiredFlags(), c.ValidateFlagGroups()} {
				if err != nil {
					return misused{fmt.Errorf("%w (%s --help)", err, c.CommandPath())}
				}
			}
			return nil
		}
	}
	if ofServer(c) {
		run := c.RunE
		c.RunE = func(c *cobra.Command, args []string) error {
			if name := f.given(c); name != "" {
				return fmt.Errorf("%s takes no --%s: that is for commands that call an installation", c.CommandPath(), name)
			}
			return run(c, args)
		}
		c.SetHelpFunc(func(c *cobra.Command, args []string) {
			f.hide(c.Root())
			c.Root().HelpFunc()(c, args)
		})
	}
}

func ofServer(c *cobra.Command) bool {
	for ; c != nil; c = c.Parent() {
		if c.GroupID == groupServer {
			return true
		}
	}
	return false
}

// Main runs the command line of this process and gives its exit code.
func Main(root *cobra.Command) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	c, err := root.ExecuteContextC(ctx)
	if err != nil && ctx.Err() != nil && !ofServer(c) {
		err = interrupted{}
	}
	report(c, err, os.Args[1:])
	return ExitCode(c, err)
}

// report says on standard error what went wrong with the arguments, unless the command
// has.
func report(c *cobra.Command, err error, args []string) {
	if err == nil || errors.As(err, new(refused)) || errors.As(err, new(interrupted)) {
		return
	}
	wantsJSON, _ := c.Root().PersistentFlags().GetBool("json")
	// Where the command line is wrong its flags were not read, or not all of them.
	wantsJSON = wantsJSON || ExitCode(c, err) == cli.ExitUsage && slices.Contains(args, "--json")
	if wantsJSON && !ofServer(c) {
		f := &cli.Failure{}
		if !errors.As(err, &f) {
			f = &cli.Failure{Code: ExitCode(c, err), What: strings.Join(strings.Fields(err.Error()), " ")}
		}
		raw, _ := json.Marshal(map[string]any{"error": f}) // of strings and numbers
		fmt.Fprintf(c.ErrOrStderr(), "%s\n", raw)
		return
	}
	fmt.Fprintln(c.ErrOrStderr(), "godwit:", cleanLines(err.Error()))
}

// ExitCode gives the code for how c ended. Commands of the server know 0 and 1 alone.
func ExitCode(c *cobra.Command, err error) int {
	var failed *cli.Failure
	switch {
	case err == nil:
		return 0
	case ofServer(c):
		return cli.ExitNo
	case errors.As(err, &failed):
		return failed.Code
	case errors.As(err, new(interrupted)):
		return cli.ExitInterrupted
	case errors.As(err, new(misused)), c.Parent() == nil: // the root only finds commands
		return cli.ExitUsage
	}
	return cli.ExitNo
}

// Group is a command that does nothing but hold others. To name none of them, or
// an unknown one, is an error: a typo in a script must not look like success.
func Group(use, short string, commands ...*cobra.Command) *cobra.Command {
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
		return misused{fmt.Errorf("%s %s: use one of %s (%s --help)", c.CommandPath(), wrong, strings.Join(names, ", "), c.CommandPath())}
	}
	return c
}

func versionCommand(f *frame) *cobra.Command {
	c := f.command("version", "Print the version", func(c *cobra.Command, _ []string) error {
		return f.document(c, map[string]string{"version": f.Version}, func(p *printer) { p.line(f.Version) })
	})
	c.Example = "  godwit version"
	return c
}
