package eventschema_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/eventschema"
	"godwit/internal/hook"
)

func compile(t testing.TB, schema string) *eventschema.Schema {
	t.Helper()
	s, err := eventschema.Compile([]byte(schema))
	require.NoError(t, err, "%v", fieldsOf(err))
	return s
}

// fieldsOf gives the fields of a refusal as "pointer detail".
func fieldsOf(err error) []string {
	var e *hook.Error
	if !errors.As(err, &e) || e.Code != hook.CodeInvalid {
		return nil
	}
	return lines(e.Fields)
}

func lines(fields []hook.Field) []string {
	var out []string
	for _, f := range fields {
		out = append(out, f.Pointer+" "+f.Detail)
	}
	return out
}

func TestSchemasThatAreTaken(t *testing.T) {
	for _, schema := range []string{
		`{}`,
		`{"$schema":"https://json-schema.org/draft/2020-12/schema"}`,
		`{"$schema":"https://json-schema.org/draft/2020-12/schema#","type":"object"}`,
		`{"$id":"https://example.com/invoice","$defs":{"line":{"$id":"line","type":"object"}},"properties":{"l":{"$ref":"line"},"m":{"$ref":"https://example.com/line"}}}`,
		`{"$defs":{"a":{"$anchor":"money"}},"properties":{"a":{"$ref":"#money"}}}`,
		`{"$ref":"https://json-schema.org/draft/2020-12/schema"}`,
		`{"properties":{"next":{"$ref":"#"}}}`,
		`{"$dynamicAnchor":"node","properties":{"children":{"items":{"$dynamicRef":"#node"}}}}`,
		`{"properties":{"$schema":{"type":"string"},"enum":{"type":"array"},"$ref":{"type":"string"}}}`,
		`{"format":"no-such-format","x-note":1,"maxLength":2147483647,"minimum":1e400}`,
		nested(eventschema.MaxSchemaDepth),
		padded(eventschema.MaxSchema),
	} {
		_, err := eventschema.Compile([]byte(schema))
		require.NoError(t, err, "%.200s: %v", schema, fieldsOf(err))
	}
}

// nested is a schema of n levels: an object inside of an object.
func nested(n int) string {
	return strings.Repeat(`{"not":`, n-1) + `{}` + strings.Repeat(`}`, n-1)
}

// padded is a schema of n bytes.
func padded(n int) string {
	const frame = `{"description":""}`
	return `{"description":"` + strings.Repeat("x", n-len(frame)) + `"}`
}

func TestSchemasThatAreRefused(t *testing.T) {
	const number = "must be a number of at most 400 characters with an exponent from -400 to 400; send a longer one as a string"
	for schema, want := range map[string]string{
		``:               "/schema is not acceptable JSON: no JSON value at byte 0",
		`{"a":1,"a":2}`:  "/schema is not acceptable JSON: a name that its object already holds at byte 7",
		`true`:           "/schema must be an object that holds a JSON Schema 2020-12",
		`[]`:             "/schema must be an object that holds a JSON Schema 2020-12",
		`{"type":"txt"}`: `/schema/type must be one of "array", "boolean", "integer", "null", "number", "object", "string"`,
		`{"properties":{"a/b":{"minLength":-1}}}`: "/schema/properties/a~1b/minLength must be at least 0",
		`{"items":[{}]}`:      "/schema/items must be boolean or object, not array",
		`{"required":"a"}`:    "/schema/required must be array, not string",
		`{"multipleOf":0}`:    "/schema/multipleOf must be more than 0",
		`{"allOf":[]}`:        "/schema/allOf must hold at least 1 items, not 0",
		`{"pattern":"("}`:     "/schema/pattern must be a regular expression in RE2 syntax: missing closing )",
		`{"pattern":"(?=a)"}`: "/schema/pattern must be a regular expression in RE2 syntax: invalid or unsupported Perl syntax",
		`{"properties":{"a":{"patternProperties":{"(":{}}}}}`: "/schema/properties/a/patternProperties/( has a name that the schema does not allow: it must be a regular expression in RE2 syntax: missing closing )",
		`{"minimum":1e401}`:                  "/schema/minimum " + number,
		`{"const":-1e-401}`:                  "/schema/const " + number,
		`{"enum":[1e99999999]}`:              "/schema/enum/0 " + number,
		`{"maximum":` + nines(401) + `}`:     "/schema/maximum " + number,
		`{"maxLength":2147483648}`:           "/schema/maxLength must be at most 2147483647",
		`{"$ref":"#/$defs/none"}`:            "/schema/$ref leads to a place that the schema does not have; add it there or mend the reference",
		`{"properties":{"a":{"$ref":"#x"}}}`: "/schema/properties/a/$ref leads to a place that the schema does not have; add it there or mend the reference",
		`{"$ref":"#"}`:                       endless(""),
		`{"properties":{"a":{"anyOf":[{"$ref":"#/properties/a"}]}}}`:       endless("/properties/a"),
		`{"dependentSchemas":{"a":{"$ref":"#"}}}`:                          endless(""),
		`{"$schema":"http://json-schema.org/draft-07/schema#"}`:            foreignDraft("/$schema"),
		`{"$defs":{"a":{"$id":"x","$schema":"https://example.com/meta"}}}`: foreignDraft("/$defs/a/$schema"),
		nested(eventschema.MaxSchemaDepth + 1):                             "/schema" + strings.Repeat("/not", eventschema.MaxSchemaDepth) + " is nested more than 64 levels deep; move inner parts into $defs",
		padded(eventschema.MaxSchema + 1):                                  "/schema must have at most 65536 bytes, not 65537; leave out what only describes",
	} {
		_, err := eventschema.Compile([]byte(schema))
		require.Equal(t, []string{want}, fieldsOf(err), "%.200s", schema)
	}
}

func nines(n int) string { return strings.Repeat("9", n) }

func endless(at string) string {
	return "/schema" + at + " leads back to itself without going into the value, so that a check would never end; remove one of the references"
}

func foreignDraft(at string) string {
	return "/schema" + at + ` must be "https://json-schema.org/draft/2020-12/schema", the only draft that is taken; translate the schema or leave $schema out`
}

// TestNothingIsLoaded offers a schema by HTTP that nobody may fetch.
func TestNothingIsLoaded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was fetched", r.URL)
		_, _ = w.Write([]byte(`{}`))
	}))
	defer server.Close()
	for ref, address := range map[string]string{
		server.URL + "/a.json":              server.URL + "/a.json",
		server.URL + "/a.json#/$defs/b":     server.URL + "/a.json",
		"file:///etc/hostname":              "file:///etc/hostname",
		"other.json":                        "godwit:///other.json",
		"/etc/hostname":                     "godwit:///etc/hostname",
		"https://json-schema.org/none/such": "https://json-schema.org/none/such",
	} {
		_, err := eventschema.Compile(fmt.Appendf(nil, `{"properties":{"a":{"$ref":%q},"b":{"$ref":"#/properties/a"}}}`, ref))
		want := fmt.Sprintf("/schema/properties/a/$ref refers to %q, which is not part of this schema and is not loaded; put it into $defs and refer to it as #/$defs/<name>", address)
		require.Equal(t, []string{want}, fieldsOf(err), ref)
	}
}

func TestCompileNamesEveryFaultUpToTwenty(t *testing.T) {
	_, err := eventschema.Compile([]byte(`{"type":7,"minLength":"a","properties":{"b":{"maxItems":-1}}}`))
	require.Len(t, fieldsOf(err), 3)
	require.Contains(t, err.Error(), "3 places of the schema are not acceptable")
	many := `{"type":7`
	for i := range 30 {
		many += fmt.Sprintf(`,"minLength%d":1,"x%d":{}`, i, i)
	}
	many += `,"prefixItems":[` + strings.TrimSuffix(strings.Repeat(`7,`, 30), ",") + `]}`
	_, err = eventschema.Compile([]byte(many))
	require.Len(t, fieldsOf(err), eventschema.MaxFaults)
	require.Equal(t, "/schema has 12 more faults; mend the others first", fieldsOf(err)[eventschema.MaxFaults-1])
}

func TestLongNamesOfASchemaAreCut(t *testing.T) {
	_, err := eventschema.Compile([]byte(`{"$ref":"https://example.com/` + strings.Repeat("é", 5000) + `"}`))
	require.Len(t, fieldsOf(err), 1)
	require.Less(t, len(fieldsOf(err)[0]), 300)
}
