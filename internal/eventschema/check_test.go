package eventschema_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/eventschema"
)

func TestFaultsOfStates(t *testing.T) {
	for _, tc := range []struct {
		name, schema, state string
		want                []string
	}{
		{"anything", `{}`, `{"a":[1,null,{}]}`, nil},
		{"type", `{"properties":{"a":{"type":"string"}}}`, `{"a":7}`, []string{"/a must be string, not number"}},
		{"types", `{"properties":{"a":{"type":["string","null"]}}}`, `{"a":[]}`, []string{"/a must be null or string, not array"}},
		{"integer", `{"properties":{"a":{"type":"integer"}}}`, `{"a":1.5}`, []string{"/a must be integer, not number"}},
		{"whole number", `{"properties":{"a":{"type":"integer"}}}`, `{"a":1.0}`, nil},
		{"required", `{"required":["a","b/c"]}`, `{}`, []string{"/a is required", "/b~1c is required"}},
		{"dependentRequired", `{"dependentRequired":{"a":["b"]}}`, `{"a":1}`, []string{`/b is required where "a" is given`}},
		{"dependencies", `{"dependencies":{"a":["b"]}}`, `{"a":1}`, []string{`/b is required where "a" is given`}},
		{"additional", `{"properties":{"a":{}},"additionalProperties":false}`, `{"a":1,"b":2,"c":3}`,
			[]string{"/b is not allowed by the schema; leave it out", "/c is not allowed by the schema; leave it out"}},
		{"unevaluated", `{"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false}`, `{"a":1,"b":2}`, []string{"/b is not allowed by the schema; leave it out"}},
		{"const", `{"properties":{"a":{"const":{"b":[1,"<"]}}}}`, `{"a":1}`, []string{`/a must be {"b":[1,"<"]}`}},
		{"enum", `{"properties":{"a":{"enum":["x",1,null]}}}`, `{"a":"y"}`, []string{`/a must be one of "x", 1, null`}},
		{"enum of one", `{"properties":{"a":{"enum":["x"]}}}`, `{"a":"y"}`, []string{`/a must be "x"`}},
		{"length", `{"properties":{"a":{"minLength":2},"b":{"maxLength":1}}}`, `{"a":"é","b":"éé"}`,
			[]string{"/a must have at least 2 characters, not 1", "/b must have at most 1 characters, not 2"}},
		{"pattern", `{"properties":{"a":{"pattern":"^x+$"}}}`, `{"a":"y"}`, []string{"/a must match the pattern ^x+$"}},
		{"items", `{"properties":{"a":{"minItems":2},"b":{"maxItems":0},"c":{"uniqueItems":true},"d":{"items":{"type":"null"}}}}`,
			`{"a":[1],"b":[1],"c":[1,1.0],"d":[null,0]}`,
			[]string{"/a must hold at least 2 items, not 1", "/b must hold at most 0 items, not 1",
				"/c must not hold an item twice, but items 0 and 1 are equal", "/d/1 must be null, not number"}},
		{"contains", `{"properties":{"a":{"contains":{"const":1}},"b":{"contains":{"const":1},"minContains":2},"c":{"contains":{"const":1},"maxContains":1}}}`,
			`{"a":[],"b":[1],"c":[1,1]}`,
			[]string{"/a must hold an item of the kind that the schema asks for (contains)",
				"/b must hold at least 2 items of the kind that the schema asks for (contains), not 1",
				"/c must hold at most 1 items of the kind that the schema names (contains), not 2"}},
		{"properties", `{"minProperties":2,"properties":{"a":{"maxProperties":0}}}`, `{"a":{"b":1}}`,
			[]string{" must have at least 2 properties, not 1", "/a must have at most 0 properties, not 1"}},
		{"numbers", `{"properties":{"a":{"minimum":1.50},"b":{"maximum":-2},"c":{"exclusiveMinimum":0},"d":{"exclusiveMaximum":0},"e":{"multipleOf":0.01}}}`,
			`{"a":1,"b":0,"c":0,"d":0,"e":0.001}`,
			[]string{"/a must be at least 1.5", "/b must be at most -2", "/c must be more than 0", "/d must be less than 0", "/e must be a multiple of 0.01"}},
		{"not", `{"properties":{"a":{"not":{"type":"string"}}}}`, `{"a":"x"}`, []string{"/a must not be what the schema excludes (not)"}},
		{"if", `{"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}`, `{"a":1}`, []string{"/b is required"}},
		{"ref", `{"$defs":{"m":{"type":"object","required":["x"]}},"properties":{"a":{"$ref":"#/$defs/m"}}}`, `{"a":{}}`, []string{"/a/x is required"}},
		{"said once", `{"allOf":[{"required":["a"]},{"required":["a"]}]}`, `{}`, []string{"/a is required"}},
		{"root", `{"type":"array"}`, `{}`, []string{" must be array, not object"}},
	} {
		t.Run(tc.name, func(t *testing.T) { requireFaults(t, tc.schema, tc.state, tc.want) })
	}
}

// requireFaults checks a state; pointers in want begin below "/current".
func requireFaults(t *testing.T, schema, state string, want []string) {
	t.Helper()
	var whole []string
	for _, line := range want {
		whole = append(whole, "/current"+line)
	}
	require.Equal(t, whole, lines(compile(t, schema).Check(context.Background(), "/current", []byte(state))))
}

func TestAlternatives(t *testing.T) {
	const shapes = `{"properties":{"a":{"oneOf":[
		{"properties":{"kind":{"const":"card"},"number":{"type":"string"}},"required":["kind"]},
		{"properties":{"kind":{"const":"bank"},"iban":{"type":"string"}},"required":["kind"]}]}}}`
	for _, tc := range []struct {
		name, schema, state string
		want                []string
	}{
		{"none by type", `{"properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}}}`, `{"a":7}`, []string{"/a must be string or null, not number"}},
		{"one is near", `{"properties":{"a":{"anyOf":[{"type":"null"},{"type":"object","required":["x"]}]}}}`, `{"a":{}}`, []string{"/a/x is required"}},
		{"one is near behind a reference", `{"$defs":{"n":{"type":"null"}},"properties":{"a":{"oneOf":[{"$ref":"#/$defs/n"},{"minLength":2}]}}}`, `{"a":""}`,
			[]string{"/a must have at least 2 characters, not 0"}},
		{"told apart by const", shapes, `{"a":{"kind":"card","number":7}}`, []string{"/a/number must be string, not number"}},
		{"no such const", shapes, `{"a":{"kind":"cash"}}`, []string{"/a must fit one of the schema's 2 alternatives (oneOf), but fits none"}},
		{"two at once", `{"properties":{"a":{"oneOf":[{"minimum":1},{"type":"string"},{"minimum":2}]}}}`, `{"a":3}`,
			[]string{"/a must fit exactly one of the schema's alternatives (oneOf), but fits those at 0 and 2"}},
	} {
		t.Run(tc.name, func(t *testing.T) { requireFaults(t, tc.schema, tc.state, tc.want) })
	}
}

func TestNamesOfPropertiesArePointedAt(t *testing.T) {
	const schema = `{"additionalProperties":{"propertyNames":{"pattern":"^[a-z]+$"}}}`
	for range 20 { // the library walks objects in random order and mixes neighbours up
		requireFaults(t, schema, `{"p":{"BAD":1},"q":{"fine":1},"r":{"x":{"BAD":1}}}`,
			[]string{"/p/BAD has a name that the schema does not allow: it must match the pattern ^[a-z]+$"})
	}
}

func TestFormatsAreAsserted(t *testing.T) {
	for format, bad := range map[string]string{
		"date-time": "2026-05-04 09:30", "date": "2026-02-30", "time": "9:30", "duration": "15m", "email": "una", "hostname": "-a", "ipv4": "1.2.3",
		"ipv6": "::g", "uri": "/path", "uri-reference": `\`, "uuid": "1", "json-pointer": "a", "semver": "1",
	} {
		got := compile(t, fmt.Sprintf(`{"properties":{"a":{"format":%q}}}`, format)).Check(context.Background(), "/previous", fmt.Appendf(nil, `{"a":%q}`, bad))
		require.Len(t, got, 1, format)
		require.Equal(t, "/previous/a", got[0].Pointer)
	}
	requireFaults(t, `{"properties":{"a":{"format":"date-time"}}}`, `{"a":"now"}`, []string{"/a must be of the format date-time, such as 2026-05-04T09:30:00Z"})
	requireFaults(t, `{"properties":{"a":{"format":"colour"}}}`, `{"a":"now"}`, nil)
	for _, format := range []string{"regex", "period", "idn-email", "idn-hostname"} { // documented as not asserted
		requireFaults(t, fmt.Sprintf(`{"properties":{"a":{"format":%q}}}`, format), `{"a":"^(?=x)[a"}`, nil)
	}
}

func TestNumbersAreExact(t *testing.T) {
	const tooLong = "must be a number of at most 400 characters with an exponent from -400 to 400; send a longer one as a string"
	for _, tc := range []struct {
		schema, number string
		want           []string
	}{
		{`{"const":9007199254740993}`, `9007199254740993`, nil},
		{`{"const":9007199254740993}`, `9007199254740992`, []string{"/a must be 9007199254740993"}},
		{`{"const":1}`, `1.00`, nil},
		{`{"enum":[9007199254740993]}`, `9007199254740994`, []string{"/a must be 9007199254740993"}},
		{`{"maximum":9007199254740992}`, `9007199254740993`, []string{"/a must be at most 9007199254740992"}},
		{`{"minimum":0.1}`, `0.09999999999999999999999`, []string{"/a must be at least 0.1"}},
		{`{"multipleOf":0.01}`, `123456789012345678.99`, nil},
		{`{"type":"integer"}`, `1e400`, nil},
		{`{"maximum":1}`, nines(400), []string{"/a must be at most 1"}},
		{`{}`, `1e401`, []string{"/a " + tooLong}},
		{`{}`, `1E-401`, []string{"/a " + tooLong}},
		{`{"maximum":1}`, `1e9999999`, []string{"/a " + tooLong}},
		{`{}`, `1e99999999999999999999`, []string{"/a " + tooLong}},
		{`{}`, nines(401), []string{"/a " + tooLong}},
	} {
		requireFaults(t, `{"properties":{"a":`+tc.schema+`}}`, `{"a":`+tc.number+`}`, tc.want)
	}
	requireFaults(t, `{"uniqueItems":true}`, `{"b":[{"c":1e1000000000}]}`, []string{"/b/0/c " + tooLong})
}

func TestAnswersAreBounded(t *testing.T) {
	var state strings.Builder
	for i := range 100 {
		fmt.Fprintf(&state, `,"%03d":1`, i)
	}
	got := lines(compile(t, `{"additionalProperties":false}`).Check(context.Background(), "/current", []byte("{"+state.String()[1:]+"}")))
	require.Len(t, got, eventschema.MaxFaults)
	require.Equal(t, "/current/000 is not allowed by the schema; leave it out", got[0])
	require.Equal(t, "/current has 81 more faults; mend the others first", got[eventschema.MaxFaults-1])

	long := strings.Repeat("k", 10_000)
	requireFaults(t, `{"additionalProperties":false}`, `{"`+long+`":1}`, []string{" holds, further down, a value that is not allowed by the schema; leave it out"})
	requireFaults(t, `{"properties":{"a":{"additionalProperties":{"type":"null"}}}}`, `{"a":{"`+long+`":1}}`, []string{"/a holds, further down, a value that must be null, not number"})
	const secret = "hush-hush"
	for _, part := range []string{`{"pattern":"^x"}`, `{"format":"date"}`, `{"const":"x"}`, `{"enum":["x","y"]}`, `{"maxLength":1}`, `{"type":"null"}`, `{"not":{}}`, `{"format":"uri","pattern":"x"}`} {
		got := lines(compile(t, `{"properties":{"a":`+part+`}}`).Check(context.Background(), "/current", []byte(`{"a":"`+secret+`"}`)))
		require.Len(t, got, 1)
		require.NotContains(t, got[0], secret, part)
	}
	wide := compile(t, `{"properties":{"a":{"enum":["`+strings.Repeat(`value","`, 500)+`"]},"b":{"const":"`+long+`"}}}`).Check(context.Background(), "/current", []byte(`{"a":1,"b":1}`))
	require.Len(t, wide, 2)
	for _, f := range wide {
		require.Less(t, len(f.Detail), 500)
	}
	require.Contains(t, wide[0].Detail, "one of the 501 values")
}

// TestChecksEnd holds states to schemas that would take forever.
func TestChecksEnd(t *testing.T) {
	doubling := `{"$defs":{"d0":{}`
	for i := range 60 {
		doubling += fmt.Sprintf(`,"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]}`, i+1, i, i)
	}
	doubling += `},"$ref":"#/$defs/d60"}`
	const tree = `{"allOf":[{"properties":{"n":{"$ref":"#"}}},{"properties":{"n":{"$ref":"#"}}}]}`
	deep := strings.Repeat(`{"n":`, 900) + `{}` + strings.Repeat(`}`, 900)
	numbers := `{"a":[` + strings.TrimSuffix(strings.Repeat("1,", 100_000), ",") + `]}`
	enum := `{"properties":{"a":{"items":{"enum":[` + strings.TrimSuffix(strings.Repeat("2,", 10_000), ",") + `]}}}}`
	for _, tc := range [][2]string{{doubling, `{}`}, {tree, deep}, {enum, numbers}} {
		s := compile(t, tc[0])
		got := lines(s.Check(context.Background(), "/current", []byte(tc[1])))
		require.Equal(t, []string{"/current takes more than 1000000 steps to check against the schema of its type; send less in one event, or make the schema simpler"}, got)
	}
	s := compile(t, tree)
	require.NotEmpty(t, s.Check(context.Background(), "/current", []byte(deep)))
	require.Empty(t, s.Check(context.Background(), "/current", []byte(`{"n":{"n":{}}}`)), "the next check has all its steps")
	require.Empty(t, compile(t, `{"additionalProperties":{"items":{"type":"integer"}}}`).Check(context.Background(), "/current", []byte(numbers)))
}

func TestNothingToCheck(t *testing.T) {
	require.Empty(t, compile(t, `{"type":"array"}`).Check(context.Background(), "/current", nil))
	var none *eventschema.Schema
	require.Empty(t, none.Check(context.Background(), "/current", []byte(`{}`)))
	require.Equal(t, []string{"/current must be one JSON value"}, lines(compile(t, `{}`).Check(context.Background(), "/current", []byte(`{`))))
}

func TestOneSchemaServesManyAtOnce(t *testing.T) {
	s := compile(t, `{"properties":{"n":{"maximum":50}}}`)
	var group sync.WaitGroup
	got := make([][]string, 100)
	for i := range got {
		group.Go(func() { got[i] = lines(s.Check(context.Background(), "/current", fmt.Appendf(nil, `{"n":%d}`, i))) })
	}
	group.Wait()
	for i, faults := range got {
		require.Equal(t, i > 50, len(faults) == 1, "%d: %v", i, faults)
	}
}

func BenchmarkCheck(b *testing.B) {
	s := compile(b, `{"type":"object","required":["id","title"],"properties":{"id":{"type":"string"},"title":{"type":"string","maxLength":200},"due":{"type":["string","null"],"format":"date"},"tags":{"type":"array","items":{"type":"string"}}}}`)
	state := []byte(`{"id":"todo-1","title":"See a webhook arrive","due":"2026-05-04","tags":["a","b","c"]}`)
	for b.Loop() {
		if len(s.Check(context.Background(), "/current", state)) > 0 {
			b.Fatal("does not fit")
		}
	}
}
