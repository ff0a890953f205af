package eventschema_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hostile are schemas and states that once took a gigabyte or minutes.
func hostile() map[string][2]string {
	var names, patterns strings.Builder
	for i := range 500 {
		fmt.Fprintf(&patterns, `,"(a|b|ab|ba)*%dc":{}`, i)
	}
	for i := range 15_000 {
		fmt.Fprintf(&names, `,"abababab%d":1`, i)
	}
	return map[string][2]string{
		"recursive anyOf": {
			`{"$ref":"#/$defs/n","$defs":{"n":{"anyOf":[{"type":"null"},{"properties":{"n":{"$ref":"#/$defs/n"}},"required":["x"]},{"properties":{"n":{"$ref":"#/$defs/n"}},"required":["y"]}]}}}`,
			strings.Repeat(`{"n":`, 98) + `{"s":"` + strings.Repeat("s", 2_000) + `"}` + strings.Repeat(`}`, 98),
		},
		"wide anyOf": {
			`{"properties":{"a":{"items":{"anyOf":[` + strings.TrimSuffix(strings.Repeat(`{"type":"string"},`, 1_000), ",") + `]}}}}`,
			`{"a":[` + strings.TrimSuffix(strings.Repeat(`1,`, 1_500), ",") + `]}`,
		},
		"patternProperties":             {`{"patternProperties":{` + patterns.String()[1:] + `}}`, `{` + names.String()[1:] + `}`},
		"uniqueItems behind references": {twice(18, `{"uniqueItems":true}`), `{"a":[` + numbers(40_000) + `,[` + numbers(40_000) + `],[` + numbers(40_000) + `,1]]}`},
		"uniqueItems of few":            {twice(18, `{"uniqueItems":true}`), `{"a":[[` + numbers(40_000) + `],[` + numbers(40_000) + `,1]]}`},
		"const behind references":       {twice(18, `{"not":{"const":[`+numbers(10_000)+`]}}`), `{"a":[` + numbers(9_999) + `,-1]}`},
		"minLength behind references":   {twice(18, `{"minLength":1,"maxLength":1000000}`), `{"a":"` + strings.Repeat("é", 120_000) + `"}`},
		"format behind references":      {twice(18, `{"format":"json-pointer"}`), `{"a":"` + strings.Repeat("/a", 120_000) + `"}`},
		"multipleOf of long numbers":    {twice(18, `{"multipleOf":1e-400}`), `{"a":` + strings.Repeat("1234567890", 39) + `e-300}`},
		"oneOf and not":                 {twice(18, `{"oneOf":[{"not":{"type":"string"}},{"not":{"not":{"required":["b"]}}}]}`), `{"a":{"b":1}}`},
		"propertyNames":                 {`{"propertyNames":{"allOf":[` + strings.TrimSuffix(strings.Repeat(`{"pattern":"^(a|b|ab|ba)*$"},`, 500), ",") + `]}}`, `{` + names.String()[1:] + `}`},
		"dependentSchemas":              {dependents(400), `{` + names.String()[1:] + `}`},
		"contains":                      {`{"properties":{"a":{"allOf":[` + strings.TrimSuffix(strings.Repeat(`{"contains":{"const":-1},"minContains":0},`, 1_000), ",") + `]}},"required":["b"]}`, `{"a":[` + numbers(60_000) + `]}`},
		"unevaluated":                   {twice(17, `{"anyOf":[{"properties":{"b":true}},{"properties":{"c":true}}],"unevaluatedProperties":false}`), `{"a":{"b":1,"c":1}}`},
		"pattern":                       {`{"additionalProperties":{"pattern":"^(([a-z])+.)+[A-Z]([a-z]){0,900}$"}}`, `{"a":"` + strings.Repeat("ab", 100_000) + `"}`},
	}
}

// twice is a schema that holds a state's a to the leaf 2^depth times.
func twice(depth int, leaf string) string {
	defs := `"d0":` + leaf
	for i := range depth {
		defs += fmt.Sprintf(`,"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%[2]d"}]}`, i+1, i)
	}
	return fmt.Sprintf(`{"properties":{"a":{"$ref":"#/$defs/d%d"}},"required":["missing"],"$defs":{%s}}`, depth, defs)
}

func numbers(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, ",%d", i)
	}
	return out.String()[1:]
}

// dependents has each name ask for the same of all.
func dependents(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, `,"abababab%d":{"patternProperties":{"^(a|b|ab|ba)*%d$":{"type":"string"}}}`, i, i)
	}
	return `{"dependentSchemas":{` + out.String()[1:] + `}}`
}

// childOf names the case that the test's own program, started again, checks.
const childOf = "EVENTSCHEMA_HOSTILE"

// TestCheck_HostileSchemasTakeLittleMemoryAndTime holds eight states at once to
// a schema, in a process whose memory the kernel counts.
func TestCheck_HostileSchemasTakeLittleMemoryAndTime(t *testing.T) {
	if name := os.Getenv(childOf); name != "" {
		checkEightAtOnce(t, hostile()[name])
		return
	}
	for name := range hostile() {
		t.Run(name, func(t *testing.T) {
			child := exec.Command(os.Args[0], "-test.run=^TestCheck_HostileSchemasTakeLittleMemoryAndTime$", "-test.count=1")
			child.Env = append(os.Environ(), childOf+"="+name)
			out, err := child.CombinedOutput()
			require.NoError(t, err, "%s", out)
			usage := child.ProcessState.SysUsage().(*syscall.Rusage)
			const mib = 1 << 10 // Maxrss is in KiB
			t.Logf("%d MiB, %s of CPU", usage.Maxrss/mib, child.ProcessState.UserTime())
			require.Less(t, usage.Maxrss, int64(512*mib))
			require.Less(t, child.ProcessState.UserTime(), 30*time.Second)
		})
	}
}

func checkEightAtOnce(t *testing.T, c [2]string) {
	schema := compile(t, c[0])
	done := make(chan []string)
	for range 8 {
		go func() { done <- lines(schema.Check(context.Background(), "/current", []byte(c[1]))) }()
	}
	for range 8 {
		require.NotEmpty(t, <-done)
	}
}
