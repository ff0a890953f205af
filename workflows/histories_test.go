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
	"godwit/workflows"
)

// recorded are the histories that may never vanish: each is a way in which a
// delivery or window that is under way now may go on under the next build.
var recorded = []string{"cancelled-by-deletion", "combination-expired", "combination-fired", "combination-handed-over", "exhausted-and-deactivated", "gone", "redelivery-cancelled", "redelivery-completed", "redelivery-handed-over", "recovered", "recovery-gave-up", "success-at-once", "success-at-third-attempt"}

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
	require.Equal(t, "CheckHealth", workflows.CheckHealthName)
	require.Equal(t, "Combine", workflows.CombineName)
	require.Equal(t, "Advance", workflows.AdvanceName)
	require.Equal(t, "Redeliver", workflows.RedeliverName)
	require.Equal(t, "RedeliverStep", workflows.RedeliverStepName)
	require.Equal(t, "Happened", workflows.HappenedSignal)
	require.Equal(t, []string{"WebhookId", "EventId", "EventType", "CompanyId", "Outcome"}, workflows.SearchAttributes())
	require.Equal(t, "dlv/dlv_1", workflows.DeliverID("dlv_1", 1))
	require.Equal(t, "dlv/dlv_1/2", workflows.DeliverID("dlv_1", 2))
	require.Equal(t, "Recover", workflows.RecoverName)
	require.Equal(t, "rcv/wh_1/2", workflows.RecoverID("wh_1", 2))
	require.Equal(t, "cmb/7/ab12", workflows.CombineID(7, "ab12"))
	require.Equal(t, "rdl/rec_1", workflows.RedeliverID("rec_1"))
	require.Equal(t, "AttemptFailed", activities.AttemptFailed)
	require.Equal(t, "AttemptsExhausted", activities.AttemptsExhausted)
}
