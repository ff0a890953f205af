//go:build !client

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReplay_SaysWhatToDoWithoutAHistory gives it files that can't be replayed.
func TestReplay_SaysWhatToDoWithoutAHistory(t *testing.T) {
	const started = `{"eventId":"1","eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED","workflowExecutionStartedEventAttributes":{"workflowType":{"name":"Other"},"taskQueue":{"name":"q"}}}`
	const task = `{"eventId":"2","eventType":"EVENT_TYPE_WORKFLOW_TASK_SCHEDULED"}`
	const begun = `{"eventId":"3","eventType":"EVENT_TYPE_WORKFLOW_TASK_STARTED"}`
	const export = "temporal workflow show --output json"
	for name, file := range map[string]struct{ name, text, remedy string }{
		"empty":             {"h.json", ``, export},
		"no JSON":           {"h.json", `hello`, export},
		"another list":      {"h.json", `[]`, export},
		"another object":    {"h.json", `{}`, export},
		"without its start": {"h.json", `{"events":[` + task + `]}`, export},
		"cut off":           {"h.json", `{"events":[` + started + `,`, export},
		"not run":           {"h.json", `{"events":[` + started + `,` + task + `]}`, "export it again when it has"},
		"of others":         {"h.json", `{"events":[` + started + `,` + task + `,` + begun + `]}`, `a workflow "Other", which Godwit does not have`},
		"no gzip":           {"h.json.gz", `hello`, "without .gz at its end"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), file.name)
			require.NoError(t, os.WriteFile(path, []byte(file.text), 0o600))
			out, err := godwit("replay", "--history", path)
			require.ErrorContains(t, err, file.remedy)
			require.NotContains(t, err.Error(), "proto")
			require.Empty(t, out)
		})
	}
}
