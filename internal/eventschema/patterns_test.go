package eventschema_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/eventschema"
)

// patternsOf is a schema of n properties with a pattern each.
func patternsOf(n int, pattern string) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, `,"p%d":{"pattern":%q}`, i, pattern)
	}
	return `{"properties":{` + out.String()[1:] + `}}`
}

// TestPatterns_AreBoundedBeforeTheyAreCompiled: 64 KiB of patterns that repeat much took
// 1.6 s and more than 300 MiB.
func TestPatterns_AreBoundedBeforeTheyAreCompiled(t *testing.T) {
	const together = "and the patterns before it have more than 100000 instructions together; repeat less in them, as {0,900} does, or leave some out"
	const repeats, classes = `^(([a-z])+.)+[A-Z]([a-z]){0,900}$`, `\pL`
	for _, tc := range []struct {
		name, schema string
		want         []string
	}{
		{"many that repeat", patternsOf(1_000, repeats), []string{"/schema/properties/p122/pattern " + together}},
		{"as many as may be", patternsOf(25, repeats), nil},
		{"many plain ones", patternsOf(1_000, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}$`), nil},
		{"names of properties", `{"patternProperties":{"^a{900}$":{},"(ab|cd){900}":{},"((ab|cd|ef)){1,1000}":{},"(([a-z]|[0-9]|[A-Z]){9}){100}(a|b){900}":{},` +
			`"(abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz){1000}":{}}}`,
			[]string{"/schema/patternProperties/(abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz){1000} " + together}},
		{"classes of letters", patternsOf(1, strings.Repeat(classes, 1_300)), nil},
		{"too long", patternsOf(1, strings.Repeat(classes, 1_400)), []string{"/schema/properties/p0/pattern must be a pattern of at most 4096 bytes, not 4200; make several of it, below allOf or anyOf"}},
		{"a property of that name", `{"properties":{"pattern":{"type":"string"}}}`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := eventschema.Compile([]byte(tc.schema))
			runtime.ReadMemStats(&after)
			require.Equal(t, tc.want, fieldsOf(err))
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20))
		})
	}
}
