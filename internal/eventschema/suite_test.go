package eventschema_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/eventschema"
)

// The official test suite of JSON Schema, as this module carries it. Its tests
// are data; nothing of the module is compiled.
const (
	suiteModule = "github.com/kaptinlin/jsonschema@v0.9.3"
	suiteSum    = "h1:uDVd3w4aXwO0tbycblKYvFofhl3hVuE31vOl5JkDXI0="
)

// suite gives the folder of the suite's tests, fetched once into Go's cache.
func suite(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "mod", "download", "-json", suiteModule).Output()
	require.NoError(t, err, "fetch the suite: %s", out)
	var module struct{ Dir, Sum string }
	require.NoError(t, json.Unmarshal(out, &module))
	require.Equal(t, suiteSum, module.Sum)
	return filepath.Join(module.Dir, "testdata", "JSON-Schema-Test-Suite", "tests", "draft2020-12")
}

// group is a schema of the suite and values that fit it or don't.
type group struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

// refusals are schemas of the suite that Godwit does not take, by the words of
// the refusal.
var refusals = regexp.MustCompile(`must be an object that holds a JSON Schema` + // true and false are no objects
	`|is not part of this schema and is not loaded|the only draft that is taken|regular expression in RE2 syntax`)

// lenient are parts of the suite in which Godwit takes more than JSON Schema
// allows, each with the reason. Apart from fewerSpaces it takes
// less nowhere.
var lenient = map[string]string{
	"optional/format/idn-email.json":    "not asserted",
	"optional/format/idn-hostname.json": "not asserted",
	"optional/format/regex.json":        "not asserted: Godwit's own patterns are RE2, the format means ECMA-262",
	"optional/ecmascript-regex.json":    "patterns are RE2",
	"optional/format/hostname.json":     "labels in Punycode are not decoded",
}

// fewerSpaces is the group of the suite in which a pattern of RE2 matches less
// than the same one of ECMA-262.
const fewerSpaces = `ECMA 262 \s matches whitespace`

func TestSuite_EveryTestOfDraft2020_12(t *testing.T) {
	root := suite(t)
	names := map[string]int{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Ext(path) == ".json" {
			name, _ := filepath.Rel(root, path)
			t.Run(name, func(t *testing.T) { names[filepath.Dir(name)] += requireSuite(t, path, name) })
		}
		return err
	}))
	require.Greater(t, names["."], 1000)
	require.Greater(t, names["optional"], 100)
	require.Greater(t, names["optional/format"], 450)
}

// requireSuite runs one file of the suite and gives the number of its tests.
func requireSuite(t *testing.T, path, name string) (ran int) {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var groups []group
	require.NoError(t, json.Unmarshal(raw, &groups))
	for _, g := range groups {
		schema, err := eventschema.Compile(g.Schema)
		if err != nil {
			require.Regexp(t, refusals, err.Error(), g.Description)
			continue
		}
		for _, c := range g.Tests {
			ran++
			faults := schema.Check(context.Background(), "/current", c.Data)
			switch {
			case name == "format.json" && strings.Contains(c.Description, "only an annotation by default"):
				// The suite's default is not to assert formats; here they are.
			case c.Valid && g.Description != fewerSpaces:
				require.Empty(t, faults, "%s: %s: %s is valid", g.Description, c.Description, c.Data)
			case !c.Valid && lenient[name] == "":
				require.NotEmpty(t, faults, "%s: %s: %s is not valid", g.Description, c.Description, c.Data)
			}
		}
	}
	return ran
}
