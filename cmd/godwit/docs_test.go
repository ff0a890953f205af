//go:build !client

package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"godwit/internal/cli/command"
)

var update = flag.Bool("update", false, "write docs/cli.md")

// commandsHead begins the part of docs/cli.md that is made from the commands.
const commandsHead = "## Commands\n"

// TestDocs_NameEveryCommand compares docs/cli.md with the commands; with -update it
// writes them.
func TestDocs_NameEveryCommand(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "cli.md")
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	byHand, _, found := bytes.Cut(page, []byte(commandsHead))
	require.True(t, found, "the page has the head %q", commandsHead)
	made := append(byHand, commandsHead+reference(command.Root(program()))...)
	if *update {
		require.NoError(t, os.WriteFile(file, made, 0o644))
		return
	}
	require.Equal(t, string(made), string(page), "docs/cli.md is not up to date: make cli")
}

// reference describes every command of the program.
func reference(root *cobra.Command) string {
	var out strings.Builder
	root.InitDefaultCompletionCmd()
	index(&out, root)
	for _, c := range root.Commands() {
		describe(&out, c)
	}
	return out.String()
}

// index lists the commands by their groups.
func index(out *strings.Builder, root *cobra.Command) {
	for _, group := range root.Groups() {
		fmt.Fprintf(out, "\n%s\n\n| command | does |\n|---|---|\n", group.Title)
		for _, c := range root.Commands() {
			if c.GroupID == group.ID && c.IsAvailableCommand() {
				fmt.Fprintf(out, "| `%s` | %s |\n", c.CommandPath(), c.Short)
			}
		}
	}
}

func describe(out *strings.Builder, c *cobra.Command) {
	if c.HasSubCommands() {
		if c.Name() != "completion" {
			fmt.Fprintf(out, "\n### %s\n\n%s.\n", c.Name(), c.Short)
		}
		if c.Example != "" { // it does something itself
			entry(out, c)
		}
		for _, sub := range c.Commands() {
			describe(out, sub)
		}
		return
	}
	if !c.IsAvailableCommand() || c.Name() == "help" || c.Parent().Name() == "completion" && c.Name() != "bash" {
		return
	}
	if c.Parent().Parent() == nil {
		fmt.Fprintf(out, "\n### %s\n", c.Name())
	}
	entry(out, c)
}

func entry(out *strings.Builder, c *cobra.Command) {
	about := c.Long
	if about == "" || c.Parent().Name() == "completion" || c.Name() == "serve" {
		about = c.Short + "."
	}
	fmt.Fprintf(out, "\n**%s**\n\n%s\n\n```\n%s\n```\n", c.CommandPath(), about, c.UseLine())
	if c.Example != "" {
		fmt.Fprintf(out, "\n```sh\n%s\n```\n", dedent(c.Example))
	}
	var flags strings.Builder
	c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Hidden {
			return
		}
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name += ", `-" + f.Shorthand + "`"
		}
		usage := strings.ReplaceAll(f.Usage, "|", `\|`)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.DefValue != "0" && f.DefValue != "0s" {
			usage += " (default `" + f.DefValue + "`)"
		}
		fmt.Fprintf(&flags, "| %s | %s |\n", name, usage)
	})
	if flags.Len() > 0 {
		fmt.Fprintf(out, "\n| flag | |\n|---|---|\n%s", flags.String())
	}
}

func dedent(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return strings.Join(lines, "\n")
}
