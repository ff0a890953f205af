package godwit_test

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// anything in a row of mayImport: the package puts the others together.
const anything = "*"

// mayImport says which packages of the project each package may import, tests
// apart. A row covers the packages below it that have no row of their own.
var mayImport = map[string][]string{
	".": nil,

	// Processes.
	"cmd/godwit":   {"api", "internal/app", "internal/cli/command", "internal/config", "schema", "workflows"},
	"internal/app": {anything},
	"standalone":   {anything},

	// What the processes are made of, from the outside in.
	"api":           {"docs", "internal/apikey", "internal/eventjson", "internal/eventschema", "internal/hook", "internal/id", "internal/match", "internal/ops", "internal/send", "internal/store", "internal/streams", "internal/tracing", "internal/verify", "schema", "web"},
	"api/access":    {"internal/hook"},
	"api/reference": {"api/access", "docs", "internal/eventjson", "internal/hook", "internal/match", "internal/verify"},
	"api/openapi":   {"api"},
	"worker":        {"activities", "internal/hook", "internal/inflight", "internal/mail", "internal/ops", "internal/store", "workflows"},
	"workflows":     {"activities", "internal/hook", "internal/retry"},
	"activities":    {"internal/hook", "internal/id", "internal/inflight", "internal/ops", "internal/retry", "internal/send", "internal/tracing"},

	// What they stand on.
	"internal/apikey":      {"internal/hook", "internal/id"},
	"internal/cli":         nil,
	"internal/cli/command": {"internal/cli", "internal/hook", "internal/verify"},
	"internal/cli/listen":  {"internal/cli"},
	"internal/config":      nil,
	"internal/contract":    nil,
	"internal/eventjson":   {"internal/hook"},
	"internal/eventschema": {"internal/eventjson", "internal/hook"},
	"internal/filter":      {"internal/eventjson", "internal/hook"},
	"internal/hook":        nil,
	"internal/id":          nil,
	"internal/inflight":    {"internal/hook"},
	"internal/localpg":     nil,
	"internal/mail":        {"internal/hook"},
	"internal/match":       {"internal/eventjson", "internal/eventschema", "internal/filter", "internal/hook", "internal/store"},
	"internal/ops":         {"internal/hook"},
	"internal/pgtest":      {"internal/id", "internal/localpg", "schema"},
	"internal/retry":       {"internal/hook"},
	"internal/seal":        nil,
	"internal/send":        {"internal/hook", "internal/retry"},
	"internal/store":       {"internal/hook", "internal/inflight", "internal/seal"}, // and its parts
	"internal/streams":     {"internal/hook", "internal/store"},
	"internal/tracing":     {"internal/hook"},
	"internal/verify":      {"internal/hook"},
	"schema":               {"internal/hook"},

	// The parts of the store, from the bottom up.
	"internal/store/core":         {"internal/hook", "internal/inflight", "internal/seal"},
	"internal/store/access":       {"internal/hook", "internal/id", "internal/store/core"},
	"internal/store/subscription": {"internal/hook", "internal/store/access", "internal/store/core"},
	"internal/store/ledger":       {"internal/hook", "internal/id", "internal/store/access", "internal/store/core", "internal/store/subscription"},
	"internal/store/health": {"internal/hook", "internal/id", "internal/store/access", "internal/store/core", "internal/store/ledger",
		"internal/store/subscription"},
	"internal/store/outcome": {"internal/hook", "internal/store/core", "internal/store/health", "internal/store/ledger"},
	"internal/store/intake": {"internal/hook", "internal/id", "internal/inflight", "internal/store/access", "internal/store/core",
		"internal/store/health", "internal/store/ledger", "internal/store/subscription"},
	"internal/store/directory": {"internal/hook", "internal/store/access", "internal/store/core", "internal/store/health",
		"internal/store/ledger", "internal/store/subscription"},

	// Beside the product.
	"client":   {"internal/verify"},
	"bench":    {"internal/config", "internal/hook", "internal/localpg", "internal/pgtest", "internal/send", "schema"},
	"docs":     nil,
	"e2e":      {"internal/hook"},
	"examples": nil,
	"web":      nil,
}

// stdOnly lists the packages that hold pure decisions.
var stdOnly = []string{"internal/hook", "internal/retry"}

const module = "godwit"

func TestImportsGoOneWay(t *testing.T) {
	for _, file := range sources(t) {
		if file.test {
			continue
		}
		row, known := rowOf(file.dir)
		if !known {
			t.Errorf("%s: package %s has no row in mayImport (imports_test.go): add one that names what it may import", file.path, file.dir)
			continue
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			target, own := strings.CutPrefix(imported, module+"/")
			switch {
			case own && !allowed(row, target):
				t.Errorf("%s: %s may not import %s; what it may is in mayImport (imports_test.go)", file.at(spec), file.dir, target)
			case !own && strings.Contains(imported, ".") && slices.Contains(stdOnly, file.dir):
				t.Errorf("%s: %s imports the standard library alone, not %s", file.at(spec), file.dir, imported)
			}
		}
	}
}

// TestImportTableHasNoCycle keeps the table from allowing what Go itself would
// refuse: then a row is wrong.
func TestImportTableHasNoCycle(t *testing.T) {
	var visit func(pkg string, above []string)
	visit = func(pkg string, above []string) {
		require.NotContains(t, above, pkg, "a cycle")
		for _, target := range mayImport[pkg] {
			if target != anything {
				require.Contains(t, mayImport, target, "%s may import a package without a row", pkg)
				visit(target, append(slices.Clone(above), pkg))
			}
		}
	}
	for pkg := range mayImport {
		visit(pkg, nil)
	}
}

// rowOf finds the row of a package: its own, or that of a folder above it. The
// root's row is for the root alone.
func rowOf(dir string) (row string, known bool) {
	for row := dir; ; row = path.Dir(row) {
		if _, ok := mayImport[row]; ok && (row != "." || dir == ".") {
			return row, true
		}
		if row == "." {
			return "", false
		}
	}
}

// allowed says whether the package of a row may import target. Packages under
// one row may import one another.
func allowed(row, target string) bool {
	if target == row || strings.HasPrefix(target, row+"/") {
		return true
	}
	for _, pkg := range mayImport[row] {
		if pkg == anything || pkg == target || strings.HasPrefix(target, pkg+"/") {
			return true
		}
	}
	return false
}
