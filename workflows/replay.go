package workflows

import (
	"context"
	"fmt"
	"io"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
)

// Replay runs a recorded history against this build's workflows. The error
// says where they first differ; nil means that they don't.
func Replay(h *history.History) error {
	replayer := worker.NewWorkflowReplayer()
	RegisterWorkflows(replayer)
	return replayer.ReplayWorkflowHistory(nil, h)
}

// ReadHistory reads a history in the JSON that Temporal's tools and Web UI export.
func ReadHistory(r io.Reader) (*history.History, error) {
	h, err := client.HistoryFromJSON(r, client.HistoryJSONOptions{})
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
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
