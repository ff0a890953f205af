package godwit_test

import (
	"cmp"
	"go/ast"
	"go/types"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// noPackage is an importer for which every package is empty: what a file takes from
// another file of its package is known without them.
type noPackage struct{}

func (noPackage) Import(name string) (*types.Package, error) {
	p := types.NewPackage(name, path.Base(name))
	p.MarkComplete()
	return p, nil
}

// tiesOf gives the files of a package that each of its files takes something from.
func tiesOf(files []source) map[string][]string {
	uses := map[*ast.Ident]types.Object{}
	config := types.Config{Importer: noPackage{}, Error: func(error) {}}
	syntax := make([]*ast.File, len(files))
	for i, file := range files {
		syntax[i] = file.File
	}
	pkg, _ := config.Check(files[0].dir, files[0].set, syntax, &types.Info{Uses: uses}) // what others define is missing
	ties := map[string][]string{}
	for id, object := range uses {
		method := false
		if f, ok := object.(*types.Func); ok {
			method = f.Signature().Recv() != nil
		}
		if object.Pkg() != pkg || object.Parent() != pkg.Scope() && !method {
			continue
		}
		from, to := files[0].set.Position(id.Pos()).Filename, files[0].set.Position(object.Pos()).Filename
		if from != to && !slices.Contains(ties[from], to) {
			ties[from] = append(ties[from], to)
		}
	}
	return ties
}

// circle gives the files that take something from each other in a circle; nil = none do.
func circle(ties map[string][]string) []string {
	left := map[string][]string{}
	for from, to := range ties {
		left[from] = to
	}
	for changed := true; changed; {
		changed = false
		for from, to := range left {
			if !slices.ContainsFunc(to, func(file string) bool { return left[file] != nil }) {
				delete(left, from)
				changed = true
			}
		}
	}
	var files []string
	for from := range left {
		files = append(files, from)
	}
	slices.Sort(files)
	return files
}

// TestFiles_HaveAnOrder: in each part of the store and of the API a file takes from files
// below it alone, so that they can be read from the bottom up.
func TestFiles_HaveAnOrder(t *testing.T) {
	ordered := []string{"api", "api/access", "api/view"}
	parts := map[string][]source{}
	for _, file := range sources(t) {
		if !file.test && (strings.HasPrefix(file.dir, "internal/store/") || slices.Contains(ordered, file.dir)) && !strings.HasSuffix(file.path, "_other.go") {
			parts[file.dir] = append(parts[file.dir], file)
		}
	}
	require.Len(t, parts, 8+len(ordered))
	for part, files := range parts {
		slices.SortFunc(files, func(a, b source) int { return cmp.Compare(a.path, b.path) })
		ties := tiesOf(files)
		require.NotEmpty(t, ties, part)
		require.Empty(t, circle(ties), "%s: move what these files share to a file below them", part)
	}
}

func TestCircle_IsFound(t *testing.T) {
	require.Nil(t, circle(map[string][]string{"a": {"b", "c"}, "b": {"c"}}))
	require.Equal(t, []string{"a", "b", "d"}, circle(map[string][]string{"a": {"b"}, "b": {"a", "c"}, "d": {"a"}}), "with what stands on it")
}
