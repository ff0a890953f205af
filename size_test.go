package godwit_test

import (
	"go/ast"
	"go/parser"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The house style's sizes; each is far above what most of the code needs.
const (
	maxFileLines     = 400
	maxFuncLines     = 60
	maxParameters    = 4
	maxMethods       = 12 // of an interface
	maxInterfaces    = 15 // of the product
	packageDocPrefix = `^(Package \S+|Command \S+) `
)

var (
	vaguePackages = []string{"util", "utils", "common", "models", "helpers", "services"}
	vagueTypes    = regexp.MustCompile(`(Impl|Manager)$`)
	getters       = regexp.MustCompile(`^Get([A-Z]|$)`)

	// foreign names are asked for by interfaces that are not ours.
	foreign = map[string]bool{
		"GetStatus": true, // huma.StatusError
		"GetValue":  true, // dynamicconfig.Client
	}
)

func TestSizes(t *testing.T) {
	for _, file := range sources(t) {
		if n := file.line(file.FileEnd); n > maxFileLines {
			t.Errorf("%s has %d lines, at most %d are allowed: split it by what it is about", file.path, n, maxFileLines)
		}
		ast.Inspect(file.File, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if lines := file.line(n.End()) - file.line(n.Pos()) + 1; lines > maxFuncLines {
					t.Errorf("%s: %s has %d lines, at most %d are allowed", file.at(n), n.Name, lines, maxFuncLines)
				}
			case *ast.FuncType:
				if count := parameters(n); count > maxParameters {
					t.Errorf("%s: %d parameters, at most %d after the context are allowed: make a struct of them", file.at(n), count, maxParameters)
				}
			case *ast.InterfaceType:
				if count := n.Methods.NumFields(); count > maxMethods {
					t.Errorf("%s: an interface of %d methods, at most %d are allowed: take the concrete type", file.at(n), count, maxMethods)
				}
			}
			return true
		})
	}
}

// TestInterfaces_AreFew: an interface belongs where something else than the product's
// own part is put in, such as Temporal, a mailer, or a ledger that a test has fail. What
// one struct fills is that struct.
func TestInterfaces_AreFew(t *testing.T) {
	var all []string
	for _, file := range sources(t) {
		ast.Inspect(file.File, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && !file.test {
				if _, ok := spec.Type.(*ast.InterfaceType); ok {
					all = append(all, file.at(spec)+" "+spec.Name.Name)
				}
			}
			return true
		})
	}
	require.NotEmpty(t, all)
	require.LessOrEqual(t, len(all), maxInterfaces, strings.Join(all, "\n"))
}

// TestTransactions_AreCarriedForWholeRequestsAlone: within the store a transaction is a
// value that is passed. A context carries one only where a handler of the API runs inside
// of it.
func TestTransactions_AreCarriedForWholeRequestsAlone(t *testing.T) {
	var found []string
	for _, file := range sources(t) {
		ast.Inspect(file.File, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || file.test || !strings.HasPrefix(file.dir, "internal/store") {
				return !file.test
			}
			name, _ := call.Fun.(*ast.Ident)
			if of, ok := call.Fun.(*ast.SelectorExpr); ok {
				name = of.Sel
			}
			if name != nil && name.Name == "Carry" {
				found = append(found, file.path)
			}
			return true
		})
	}
	require.Equal(t, []string{"internal/store/access/idempotency.go", "internal/store/core/reads.go"}, found)
}

func TestNames(t *testing.T) {
	for _, file := range sources(t) {
		if slices.Contains(vaguePackages, strings.TrimSuffix(file.Name.Name, "_test")) {
			t.Errorf("%s: package %s says nothing about what is in it", file.path, file.Name.Name)
		}
		ast.Inspect(file.File, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				checkFuncName(t, file, n)
			case *ast.Field:
				if _, method := n.Type.(*ast.FuncType); method && len(n.Names) == 1 && getters.MatchString(n.Names[0].Name) {
					t.Errorf("%s: %s: leave the Get out", file.at(n), n.Names[0])
				}
			case *ast.TypeSpec:
				if vagueTypes.MatchString(n.Name.Name) {
					t.Errorf("%s: %s: name the type after what it is or does", file.at(n), n.Name)
				}
			}
			return true
		})
	}
}

func checkFuncName(t *testing.T, file source, f *ast.FuncDecl) {
	if getters.MatchString(f.Name.Name) && !foreign[f.Name.Name] {
		t.Errorf("%s: %s: leave the Get out", file.at(f), f.Name)
	}
	if f.Name.Name == "init" && f.Recv == nil {
		t.Errorf("%s: init runs unasked; call a function from where it is needed", file.at(f))
	}
}

func TestPackagesAreDescribed(t *testing.T) {
	described := map[string]bool{}
	for _, file := range sources(t) {
		doc := regexp.MustCompile(packageDocPrefix).MatchString(file.Doc.Text())
		described[file.dir] = described[file.dir] || doc
	}
	for dir, ok := range described {
		if !ok {
			t.Errorf("%s: no file begins with a comment \"Package …\" or \"Command …\"", dir)
		}
	}
}

func TestTestsNeitherSleepNorSkip(t *testing.T) {
	for _, file := range sources(t) {
		if !file.test {
			continue
		}
		ast.Inspect(file.File, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			on, _ := f.X.(*ast.Ident)
			switch {
			case on != nil && on.Name == "time" && f.Sel.Name == "Sleep":
				t.Errorf("%s: a test that sleeps is slow or flaky: wait for what is to happen, or use testing/synctest", file.at(n))
			case slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, f.Sel.Name) && isTestHandle(on):
				t.Errorf("%s: a test that is skipped checks nothing", file.at(n))
			}
			return true
		})
	}
}

// TestSizeRulesSeeWhatTheyShould counts parameters of signatures as they are
// written here.
func TestSizeRulesSeeWhatTheyShould(t *testing.T) {
	for signature, want := range map[string]int{
		"func()": 0,
		"func(ctx context.Context, a, b int, c string)":            3,
		"func(t *testing.T, a int)":                                1,
		"func(t testing.TB, ctx context.Context, a int, b ...int)": 2,
		"func(int, string, bool, ...int)":                          4,
		"func(a int, ctx context.Context)":                         2,
		"func(f *os.File, t *testing.M)":                           2,
	} {
		require.Equal(t, want, parameters(parseFunc(t, signature)), signature)
	}
}

func isTestHandle(on *ast.Ident) bool {
	return on != nil && slices.Contains([]string{"t", "b", "f", "tb"}, on.Name)
}

// parameters counts what a caller has to give: a test's handle and a context
// come first and are free.
func parameters(f *ast.FuncType) int {
	list := f.Params.List
	for _, free := range []string{`^(\*testing\.[TBF]|testing\.TB)$`, `^context\.Context$`} {
		if len(list) > 0 && len(list[0].Names) < 2 && regexp.MustCompile(free).MatchString(typeName(list[0].Type)) {
			list = list[1:]
		}
	}
	return (&ast.FieldList{List: list}).NumFields()
}

// typeName spells pkg.Name and *pkg.Name; other types are "".
func typeName(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		return "*" + typeName(star.X)
	}
	if sel, ok := e.(*ast.SelectorExpr); ok {
		if pkg, ok := sel.X.(*ast.Ident); ok {
			return pkg.Name + "." + sel.Sel.Name
		}
	}
	return ""
}

func parseFunc(t *testing.T, signature string) *ast.FuncType {
	t.Helper()
	expr, err := parser.ParseExpr(signature)
	require.NoError(t, err)
	f, ok := expr.(*ast.FuncType)
	require.True(t, ok)
	return f
}
