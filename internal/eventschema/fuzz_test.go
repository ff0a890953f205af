package eventschema_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/eventjson/strict"
	"godwit/internal/eventschema"
	"godwit/internal/hook"
)

// FuzzAnyInput looks for schemas and states that break the library: what is
// refused has words and pointers within their bounds, and nothing panics.
func FuzzAnyInput(f *testing.F) {
	for _, schema := range []string{
		`{"$ref":"#/$defs/a","$defs":{"a":{"$anchor":"x","$dynamicRef":"#x"}}}`,
		`{"propertyNames":{"pattern":"("},"patternProperties":{"a":false}}`,
		`{"contains":{"const":1e400},"minContains":0,"unevaluatedItems":false,"uniqueItems":true}`,
		`{"if":{"type":"object"},"then":{"dependentSchemas":{"a":{"not":{}}}},"unevaluatedProperties":{"oneOf":[{},{}]}}`,
		`{"$id":"a#b","properties":{"a":{"$id":"%","format":"uri-template"}},"enum":[[],{}]}`,
		`{"$schema":"https://json-schema.org/draft/2020-12/schema","$vocabulary":{"x":true},"$recursiveRef":"#"}`,
	} {
		for _, state := range []string{`{"a":{"a":[1,1.0,"x"]}}`, `{"":1e401}`} {
			f.Add(schema, state)
		}
	}
	f.Fuzz(func(t *testing.T, schema, state string) {
		s, err := eventschema.Compile([]byte(schema))
		if err != nil {
			require.Equal(t, hook.CodeInvalid, hook.CodeOf(err))
			require.NotEmpty(t, fieldsOf(err))
			for _, line := range fieldsOf(err) {
				require.True(t, strings.HasPrefix(line, "/schema"), line)
			}
			return
		}
		if strict.Check([]byte(state)) != nil {
			return
		}
		got := s.Check(context.Background(), "/current", []byte(state))
		require.LessOrEqual(t, len(got), eventschema.MaxFaults)
		for _, f := range got {
			require.True(t, strings.HasPrefix(f.Pointer, "/current"), f.Pointer)
			require.Less(t, len(f.Pointer)+len(f.Detail), 1500)
		}
	})
}
