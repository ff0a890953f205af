package hook_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// TestReasonsOf_GivesEachReasonToOneStatus: lists and counts find what failed, is
// held or was cancelled by its reason, so one without a status would be missed.
func TestReasonsOf_GivesEachReasonToOneStatus(t *testing.T) {
	var known []hook.Reason
	for _, status := range hook.DeliveryStatuses {
		known = append(known, hook.ReasonsOf(status)...)
	}
	require.ElementsMatch(t, hook.Reasons, known)
	require.Subset(t, hook.ReasonsOf(hook.Failed), []hook.Reason{hook.ReasonExhausted, hook.ReasonGone, hook.ReasonInternal})
	require.Empty(t, hook.ReasonsOf(hook.Succeeded))
}
