package hook_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestReasonsAreAll(t *testing.T) { require.ElementsMatch(t, reasons(t), hook.Reasons) }

func TestHappeningsAreAll(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "health.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var all []hook.Happened
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Happened" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			all = append(all, hook.Happened(text))
		}
		return true
	})
	require.ElementsMatch(t, all, hook.Happenings)
}

func TestHappenedOf_KnowsTheWordsOfEarlierVersions(t *testing.T) {
	require.Equal(t, hook.OwnerEnabled, hook.HappenedOf("owner_resumed"))
	for _, what := range hook.Happenings {
		require.Equal(t, what, hook.HappenedOf(string(what)))
	}
}
