package workflows_test

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/workflows"
)

// recorded are the histories that may never vanish: each is a way in which a
// delivery or window that is under way now may go on under the next build.
// Those "before quiet" are of starts without DeliverInput.QuietSuccess, which no
// build makes any more.
var recorded = []string{"batch-partly-failed", "batch-succeeded", "cancelled-by-deletion", "combination-expired", "combination-fired", "combination-handed-over", "exhausted-and-deactivated", "gone", "redelivery-cancelled", "redelivery-completed", "redelivery-handed-over", "recovered", "recovery-gave-up", "retention-completed", "success-at-once", "success-at-third-attempt",
	"success-at-third-attempt-before-quiet", "success-before-quiet"}

func TestRecordedHistoriesReplay(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*.json.gz")
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".json.gz"))
	}
	require.Subset(t, names, recorded)
	for i, file := range files {
		t.Run(names[i], func(t *testing.T) {
			f, err := os.Open(file)
			require.NoError(t, err)
			defer f.Close()
			z, err := gzip.NewReader(f)
			require.NoError(t, err)
			h, err := workflows.ReadHistory(z)
			require.NoError(t, err)
			require.NoError(t, workflows.Replay(h))

			// A history that another code would have made must be refused.
			for _, e := range h.Events {
				switch e.EventType {
				case enums.EVENT_TYPE_MARKER_RECORDED:
					e.GetMarkerRecordedEventAttributes().MarkerName = "Version"
				case enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
					e.GetActivityTaskScheduledEventAttributes().ActivityType.Name = "Another"
				}
			}
			require.Error(t, workflows.Replay(h), "the replay takes anything")
		})
	}
}

func TestRegisteredNamesAreData(t *testing.T) {
	require.Equal(t, "godwit", workflows.TaskQueue)
	require.Equal(t, "Deliver", workflows.DeliverName)
	require.Equal(t, "DeliverBatch", workflows.DeliverBatchName)
	require.Equal(t, "CheckHealth", workflows.CheckHealthName)
	require.Equal(t, "Combine", workflows.CombineName)
	require.Equal(t, "Advance", workflows.AdvanceName)
	require.Equal(t, "Redeliver", workflows.RedeliverName)
	require.Equal(t, "RedeliverStep", workflows.RedeliverStepName)
	require.Equal(t, "Retain", workflows.RetainName)
	require.Equal(t, "retention", workflows.RetentionSchedule)
	require.Equal(t, "Happened", workflows.HappenedSignal)
	var attributes []string
	for _, a := range workflows.SearchAttributes() {
		attributes = append(attributes, a.Name+" "+a.Type.String())
	}
	require.Equal(t, []string{"WebhookId Keyword", "EventId Keyword", "EventType Keyword", "CompanyId Keyword", "Outcome Keyword", "DeliveryIds KeywordList"}, attributes)
	require.Equal(t, "dlv/dlv_1", workflows.DeliverID("dlv_1", 1))
	require.Equal(t, "dlv/dlv_1/2", workflows.DeliverID("dlv_1", 2))
	require.Equal(t, "dlvs/dlv_1-e04e0f9c", workflows.BatchWorkflowID(workflows.BatchID([]string{"dlv_1", "dlv_2"})))
	require.NotEqual(t, workflows.BatchID([]string{"dlv_1", "dlv_2"}), workflows.BatchID([]string{"dlv_1", "dlv_3"}))
	require.Equal(t, "dlvs/b", workflows.WorkflowID(hook.Delivery{ID: "dlv_1", Generation: 1, Batch: "b"}))
	require.Equal(t, "dlv/dlv_1/2", workflows.WorkflowID(hook.Delivery{ID: "dlv_1", Generation: 2, Batch: "b"}))
	require.Equal(t, "dlv/dlv_1", workflows.WorkflowID(hook.Delivery{ID: "dlv_1", Generation: 1}))
	require.Equal(t, "Recover", workflows.RecoverName)
	require.Equal(t, "rcv/wh_1/2", workflows.RecoverID("wh_1", 2))
	require.Equal(t, "cmb/7/ab12", workflows.CombineID(7, "ab12"))
	require.Equal(t, "rdl/rdl_1", workflows.RedeliverID("rdl_1"))
	require.Equal(t, "AttemptFailed", activities.AttemptFailed)
	require.Equal(t, "AttemptsExhausted", activities.AttemptsExhausted)
	require.Equal(t, "AttemptUnderWay", activities.AttemptUnderWay)
}
