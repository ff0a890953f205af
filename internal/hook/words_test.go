package hook_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// reasons reads every constant of type Reason, so that a new one can't be
// forgotten.
func reasons(t *testing.T) []hook.Reason {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var all []hook.Reason
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Reason" {
			for _, value := range spec.Values {
				text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
				require.NoError(t, err)
				all = append(all, hook.Reason(text))
			}
		}
		return true
	})
	require.Contains(t, all, hook.ReasonDNS)
	require.Contains(t, all, hook.ReasonMembershipLost)
	return all
}

func TestEveryReasonHasWords(t *testing.T) {
	sentences := regexp.MustCompile(`^[A-Z][a-zA-Z', ]+\.( [A-Z][a-zA-Z', ]+\.)?$`)
	jargon := regexp.MustCompile(`(?i)\b(dns|tls|ssl|http|https|tcp|status|timeout|header|handshake|server error|retry)\b`)
	unknown := hook.Words("no such reason")
	require.NotEmpty(t, unknown)
	seen := map[string]hook.Reason{}
	for _, r := range reasons(t) {
		words := hook.Words(r)
		require.NotEqual(t, unknown, words, r)
		require.Regexp(t, sentences, words, r)
		require.NotRegexp(t, jargon, words, r)
		require.NotContains(t, seen, words, "%s has the words of %s", r, seen[words])
		seen[words] = r
	}
}
