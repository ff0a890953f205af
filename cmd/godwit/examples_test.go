//go:build !client

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/cli/command"
)

var (
	shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```")
	ofGodwit   = regexp.MustCompile(`(?m)(?:^|[\s(;&|"])(?:bin/)?godwit +([^\n]+)`)
)

// TestDocs_ShowCommandsThatExist parses each godwit command of the guides, those of its
// own page included: the command, its flags and the number of its arguments.
func TestDocs_ShowCommandsThatExist(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	seen := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
			script := strings.ReplaceAll(block[1], "\\\n", " ")
			for _, m := range ofGodwit.FindAllStringSubmatch(script, -1) {
				if strings.HasPrefix(m[1], "#") {
					continue
				}
				seen++
				root := command.Root(program())
				root.InitDefaultCompletionCmd()
				args := words(m[1])
				c, rest, err := root.Find(args)
				require.NoError(t, err, "%s: godwit %s", page, m[1])
				require.NoError(t, c.ParseFlags(rest), "%s: godwit %s", page, m[1])
				require.NoError(t, c.ValidateArgs(c.Flags().Args()), "%s: godwit %s", page, m[1])
				require.True(t, c.Runnable(), "%s: godwit %s", page, m[1])
			}
		}
	}
	require.Greater(t, seen, 80)
}

var inlineOfGodwit = regexp.MustCompile("`godwit ([^`\n|]+)`")

// TestDocs_NameCommandsThatExist is about commands that a sentence names, which may leave
// out what they are about.
func TestDocs_NameCommandsThatExist(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	seen := 0
	for _, page := range append(pages, "../../README.md", "../../CHANGELOG.md") {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range inlineOfGodwit.FindAllStringSubmatch(string(text), -1) {
			seen++
			root := command.Root(program())
			root.InitDefaultCompletionCmd()
			c, rest, err := root.Find(words(m[1]))
			require.NoError(t, err, "%s: godwit %s", page, m[1])
			require.NotEqual(t, root, c, "%s: godwit %s", page, m[1])
			require.NoError(t, c.ParseFlags(rest), "%s: godwit %s", page, m[1])
			if c.HasSubCommands() && !c.Runnable() {
				require.Empty(t, c.Flags().Args(), "%s: godwit %s", page, m[1])
			}
		}
	}
	require.Greater(t, seen, 40)
}

// words splits the beginning of a line as a shell does, up to the end of the command.
func words(line string) (out []string) {
	var word strings.Builder
	quote, begun, depth := rune(0), false, 0
	end := func() {
		if begun {
			out = append(out, word.String())
		}
		word.Reset()
		begun = false
	}
	for i, r := range line {
		switch {
		case quote != 0 && r == quote && depth == 0:
			quote = 0
		case r == '$' && strings.HasPrefix(line[i:], "$("):
			depth++
			word.WriteRune(r)
			begun = true
		case depth > 0:
			if r == ')' {
				depth--
			}
			word.WriteRune(r)
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ':
			end()
		case strings.ContainsRune("|;&)<>", r), r == '#' && !begun:
			end()
			return out
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	end()
	return out
}
