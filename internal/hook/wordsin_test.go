package hook_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// TestWords_AreThoseOfTheWebApp: mail and app say the same of a reason, in every
// language. In English mail says more of what happened, and the same of what to do.
func TestWords_AreThoseOfTheWebApp(t *testing.T) {
	text := regexp.MustCompile(`'reason\.([a-z0-9_]+)(\.next)?': '((?:[^'\\]|\\.)*)'`)
	for _, language := range hook.Languages {
		raw, err := os.ReadFile("../../web/src/i18n/" + language + "/admin.ts")
		require.NoError(t, err)
		seen := map[hook.Reason]bool{}
		for _, m := range text.FindAllStringSubmatch(string(raw), -1) {
			r, words := hook.Reason(m[1]), m[3]
			switch {
			case m[2] != "":
				require.Equal(t, strings.ReplaceAll(words, "’", "'"), strings.ReplaceAll(hook.Advice(language, r), "’", "'"), "%s in %s", r, language)
			case language != hook.English:
				require.Equal(t, words, hook.WordsIn(language, r), "%s in %s", r, language)
			}
			seen[r] = true
		}
		for _, r := range reasons(t) {
			require.True(t, seen[r], "%s in %s", r, language)
			require.NotEqual(t, hook.WordsIn(language, "no such reason"), hook.WordsIn(language, r), "%s in %s", r, language)
		}
	}
	require.Equal(t, hook.Words(hook.ReasonDNS), hook.WordsIn("xx", hook.ReasonDNS))
	require.Empty(t, hook.Advice("xx", hook.ReasonDNS))
}
