package command

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"godwit/internal/cli"
)

// frame is what the commands share: the flags that each takes.
type frame struct {
	Program
	flags                cli.Flags
	json, quiet, noColor bool
}

// shared are the names of the flags of every command that calls an installation.
var shared = []string{"url", "profile", "json", "quiet", "no-color"}

func (f *frame) addShared(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVar(&f.flags.URL, "url", "", "where Godwit is (default GODWIT_URL, else the profile's, else "+cli.DefaultURL+")")
	flags.StringVar(&f.flags.Profile, "profile", "", "profile of ~/.config/godwit/config.toml, which godwit login writes")
	flags.BoolVar(&f.json, "json", false, "write JSON: one document, or one a line for lists and streams")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "write data and errors alone")
	flags.BoolVar(&f.noColor, "no-color", false, "write without colors, as the variable NO_COLOR does")
}

// given names a shared flag that was given; "" = none was.
func (f *frame) given(c *cobra.Command) (name string) {
	c.Flags().Visit(func(flag *pflag.Flag) {
		for _, one := range shared {
			if flag.Name == one && c.LocalNonPersistentFlags().Lookup(one) == nil {
				name = one
			}
		}
	})
	return name
}

// hide leaves the shared flags out of the help.
func (f *frame) hide(root *cobra.Command) {
	for _, name := range shared {
		_ = root.PersistentFlags().MarkHidden(name) // which is there
	}
}

// command is one that calls an installation.
func (f *frame) command(use, short string, run func(*cobra.Command, []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: argsOf(use), RunE: run, DisableFlagsInUseLine: true}
}

// argsOf reads from a command's usage how many arguments it takes: NAME is required,
// [NAME] is not, and NAME... stands for one or more.
func argsOf(use string) cobra.PositionalArgs {
	words := strings.Fields(use)[1:]
	return func(_ *cobra.Command, args []string) error {
		least, most := 0, len(words)
		for _, word := range words {
			if !strings.HasPrefix(word, "[") {
				least++
			}
			if strings.HasSuffix(word, "...") {
				most = len(args)
			}
		}
		switch {
		case len(args) < least:
			return fmt.Errorf("it needs %s", strings.Join(words[len(args):], " "))
		case len(args) > most:
			return fmt.Errorf("%q is more than it takes", args[most])
		}
		for i, arg := range args { // such as of a variable that is not set
			if arg == "" || arg == "." || arg == ".." {
				return fmt.Errorf("%q can't be %s", arg, words[min(i, len(words)-1)])
			}
		}
		return nil
	}
}

// waits is how often a call that came too early comes again; the API's rates begin anew
// each second.
const waits = 10

// client gives the client of the installation, or what is missing to call it.
func (f *frame) client(c *cobra.Command) (*cli.Client, error) {
	client, err := f.open(c)
	if err != nil {
		return nil, err
	}
	return client, client.Check()
}

// open gives the client of the installation, which may lack a key.
func (f *frame) open(c *cobra.Command) (*cli.Client, error) {
	s, err := cli.Resolve(f.flags, os.Getenv)
	if err != nil {
		return nil, err
	}
	for _, warning := range s.Warnings {
		f.note(c, "warning: "+warning)
	}
	return &cli.Client{URL: s.URL, Key: s.Key, Waits: waits}, nil
}

// note says something to a person that is no data.
func (f *frame) note(c *cobra.Command, text string) {
	switch {
	case f.quiet:
	case f.json:
		_ = writeJSON(c.ErrOrStderr(), map[string]any{"note": text}) // as with text, nothing is lost that is data
	default:
		fmt.Fprintln(c.ErrOrStderr(), text)
	}
}

// done tells programs that something was carried out which has no answer; people see it
// by the exit code.
func (f *frame) done(c *cobra.Command, id, what string) error {
	if !f.json {
		return nil
	}
	return writeJSON(c.OutOrStdout(), map[string]any{"id": id, what: true})
}

// yes is the flag of commands that destroy something.
func yes(c *cobra.Command) { c.Flags().BoolP("yes", "y", false, "don't ask") }

// confirmed asks a person on a terminal; elsewhere it needs --yes.
func (f *frame) confirmed(c *cobra.Command, question string) error {
	if said, _ := c.Flags().GetBool("yes"); said {
		return nil
	}
	if !isTerminal(c.InOrStdin()) {
		return misused{errors.New("this can't be undone and there is no terminal to ask on: give --yes")}
	}
	fmt.Fprintf(c.ErrOrStderr(), "%s [y/N] ", question)
	answer, _ := bufio.NewReader(c.InOrStdin()).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return refused{errors.New("not confirmed")}
}

// isTerminal says whether a stream is one on which a person reads or writes.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
