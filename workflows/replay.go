package workflows

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
)

// Replay runs a recorded history against this build's workflows. The error
// says where they first differ; nil means that they don't.
func Replay(h *history.History) error {
	if len(h.GetEvents()) < leastEvents {
		return ErrNotRun
	}
	name := h.Events[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName()
	if !slices.ContainsFunc(registered, func(w registeredWorkflow) bool { return w.name == name }) {
		return fmt.Errorf("the history is of a workflow %q, which Godwit does not have; choose the history of a workflow that Godwit has started", name)
	}
	replayer := worker.NewWorkflowReplayer()
	RegisterWorkflows(replayer)
	if err := replayer.ReplayWorkflowHistory(nil, h); err != nil {
		return fmt.Errorf("the history does not fit this build: %w", err)
	}
	return nil
}

// ErrNotRun is that of a history in which there is nothing to replay yet.
var ErrNotRun = errors.New("the history ends before the workflow has run, so there is nothing to replay; export it again when it has")

// leastEvents is how many events a history has when the workflow has run: it was
// started, and its first task was scheduled and started.
const leastEvents = 3

// errNoHistory is for a file that holds something else.
var errNoHistory = errors.New(`it holds no workflow history, or only the beginning of one; ` +
	`export a history with "temporal workflow show --output json" or with Download in the Temporal Web UI`)

// ReadHistory reads a history in the JSON that Temporal's tools and Web UI export.
// The error says what to do where r holds none.
func ReadHistory(r io.Reader) (*history.History, error) {
	h, err := client.HistoryFromJSON(r, client.HistoryJSONOptions{})
	if err != nil || len(h.GetEvents()) == 0 || h.Events[0].GetWorkflowExecutionStartedEventAttributes() == nil {
		return nil, errNoHistory
	}
	return h, nil
}

// WriteHistory writes a history in the form that ReadHistory reads.
func WriteHistory(w io.Writer, h *history.History) error {
	data, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode the history: %w", err)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	return nil
}

// FetchHistory reads the history of the newest run of a workflow from Temporal.
func FetchHistory(ctx context.Context, c client.Client, workflowID string) (*history.History, error) {
	return FetchHistoryOfRun(ctx, c, workflowID, "")
}

// FetchHistoryOfRun reads the history of one run of a workflow from Temporal.
func FetchHistoryOfRun(ctx context.Context, c client.Client, workflowID, runID string) (*history.History, error) {
	var h history.History
	events := c.GetWorkflowHistory(ctx, workflowID, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return nil, fmt.Errorf("fetch the history of %s: %w", workflowID, err)
		}
		h.Events = append(h.Events, e)
	}
	return &h, nil
}
