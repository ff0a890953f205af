package listen

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestReport_PrintsWhatTheDocumentShows holds the example of docs/local.md to what is
// printed: a listener that loses its connection, and has it again.
func TestReport_PrintsWhatTheDocumentShows(t *testing.T) {
	text, err := os.ReadFile("../../../docs/local.md")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(text), "```text\nListening")
	example, _, found := strings.Cut(rest, "```")
	require.True(t, found)
	want := strings.Replace("Listening"+example, "^C\n", "", 1)

	synctest.Test(t, func(t *testing.T) {
		from := time.Now()
		day := time.Date(from.Year(), from.Month(), from.Day()+1, 9, 30, 0, 118_000_000, time.Local)
		<-time.After(day.Sub(from)) // of the test's own clock
		var out bytes.Buffer
		r := &Report{Out: &out}
		deliver := func(event, id string, got result) {
			r.delivered(delivery{Headers: [][2]string{{"Godwit-Event", event}, {"webhook-id", id}}}, got)
		}
		r.begins(Options{Name: "laptop", What: "TODO_*", Target: target(t, "http://localhost:3000/hook")}, "whsec_…")
		r.ready(time.Time{}, -1)
		deliver("TODO_CREATED", "todo-1-created", result{StatusCode: 200, DurationMS: 12})
		<-time.After(3902 * time.Millisecond)
		deliver("TODO_MOVED", "todo-1-moved", result{StatusCode: 500, DurationMS: 31, Body: []byte("TypeError: x is undefined\n    at hook.js:3")})
		r.lost()
		r.lost() // each try that fails says so
		lost := time.Now()
		<-time.After(41 * time.Second)
		r.ready(lost, 3)
		r.ready(lost, 3) // nothing was lost since
		r.ends(true)
		require.Equal(t, want, out.String())
	})
}
