package e2e_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"godwit/workflows"
)

// replayed replays a history that must hold no secret, and keeps it under its
// name where histories are being recorded.
func replayed(t *testing.T, p *process, name string, text []byte) {
	t.Helper()
	require.NotContains(t, string(text), "canary", "a payload, URL or secret is in Temporal")
	file := filepath.Join(t.TempDir(), "history.json")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	out, code := runCommand(t, p.env, "replay", "--history", file)
	require.Zero(t, code, out)
	require.Contains(t, out, "deterministic")
	if *record {
		save(t, name, text)
	}
}

// workflowRun is one run of a workflow.
type workflowRun struct {
	temporal client.Client
	id, run  string
}

// handOver has a run look at what it follows until a new run takes over, which is
// hundreds of looks: what is waited for is the next of them.
func handOver(t testing.TB, w workflowRun) {
	t.Helper()
	var signals, answered int64
	for over := false; !over; {
		eventually(t, func() (bool, string) {
			// Temporal takes 10,000 signals of a run, which bounds this.
			require.NoError(t, w.temporal.SignalWorkflow(context.Background(), w.id, "", workflows.HappenedSignal, nil))
			signals++
			newest, err := w.temporal.DescribeWorkflowExecution(context.Background(), w.id, "")
			require.NoError(t, err)
			over = newest.WorkflowExecutionInfo.Execution.RunId != w.run
			before := answered
			answered = newest.WorkflowExecutionInfo.HistoryLength - signals
			return over || answered > before, "the first run does nothing more"
		})
	}
}

// reaches waits until the run has come to an event of the given type, and gives
// its history.
func (w workflowRun) reaches(t testing.TB, want enums.EventType) []byte {
	t.Helper()
	var text bytes.Buffer
	eventually(t, func() (bool, string) {
		h, err := workflows.FetchHistoryOfRun(context.Background(), w.temporal, w.id, w.run)
		require.NoError(t, err)
		if last := h.Events[len(h.Events)-1].EventType; last != want {
			return false, last.String()
		}
		require.NoError(t, workflows.WriteHistory(&text, h))
		return true, ""
	})
	return text.Bytes()
}
