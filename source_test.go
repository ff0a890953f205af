package godwit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// source is one hand-written Go file of any module.
type source struct {
	path string // from the repository's root
	dir  string // "." for the root itself
	test bool
	set  *token.FileSet
	*ast.File
}

// at says where a node is, as path:line.
func (s source) at(n ast.Node) string {
	return strings.TrimSuffix(s.set.Position(n.Pos()).String(), ":1")
}

// sources reads every Go file but generated ones and what Go itself leaves out.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	set := token.NewFileSet()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); base == "node_modules" || base == "testdata" || base == "vendor" || base != "." && strings.HasPrefix(base, ".") {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if !ast.IsGenerated(file) {
			name = filepath.ToSlash(name)
			all = append(all, source{name, path.Dir(name), strings.HasSuffix(name, "_test.go"), set, file})
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}
