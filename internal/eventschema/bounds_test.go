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
		"patternProperties": {`{"patternProperties":{` + patterns.String()[1:] + `}}`, `{` + names.String()[1:] + `}`},
		"pattern":           {`{"additionalProperties":{"pattern":"^(([a-z])+.)+[A-Z]([a-z]){0,900}$"}}`, `{"a":"` + strings.Repeat("ab", 100_000) + `"}`},
	}
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
