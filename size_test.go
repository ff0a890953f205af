package godwit_test

import (
	"go/ast"
	"go/parser"
	"go/types"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What .golangci.yml can't say: linters count a context and a test's handle as
// parameters, and interfaces one by one.
const (
	maxParameters = 4
	maxInterfaces = 15 // of the product
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

func TestParameters_AreFew(t *testing.T) {
	for _, file := range sources(t) {
		ast.Inspect(file.File, func(n ast.Node) bool {
			if f, ok := n.(*ast.FuncType); ok && parameters(f) > maxParameters && !intercepts(f) {
				t.Errorf("%s: %d parameters, at most %d after the context are allowed: make a struct of them", file.at(f), parameters(f), maxParameters)
			}
			return true
		})
	}
}

// intercepts says whether a function is an interceptor, whose parameters gRPC lays down.
func intercepts(f *ast.FuncType) bool {
	return slices.ContainsFunc(f.Params.List, func(p *ast.Field) bool { return types.ExprString(p.Type) == "grpc.UnaryInvoker" })
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

// TestNames: no linter knows of names of declarations that say nothing.
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
}

// TestParameters_AreCounted counts parameters of signatures as they are
// written here.
func TestParameters_AreCounted(t *testing.T) {
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
