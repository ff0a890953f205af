package hook_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestStatusCodes_AreACodeOrAClass(t *testing.T) {
	for codes, want := range map[hook.StatusCodes][2]int{
		"500": {500, 500}, "5xx": {500, 599}, "2xx": {200, 299}, "204": {204, 204}, "100": {100, 100}, "999": {999, 999}, "9xx": {900, 999}, "1xx": {100, 199},
	} {
		first, last, ok := codes.Range()
		require.True(t, ok, codes)
		require.Equal(t, want, [2]int{first, last}, codes)
		require.Equal(t, codes == "2xx" || codes == "204", codes.Succeed(), codes)
	}
	for _, codes := range []hook.StatusCodes{"", "5", "50", "5000", "0xx", "099", "5XX", "5x0", "50x", "xxx", "+50", "-50", "5.0", "5 0", "５00"} {
		_, _, ok := codes.Range()
		require.False(t, ok, codes)
		require.False(t, codes.Succeed(), codes)
	}
}

func TestReason_OfAttempt(t *testing.T) {
	for _, r := range []hook.Reason{hook.ReasonStatus5xx, hook.ReasonGone, hook.ReasonWorkerLost, hook.ReasonDNS} {
		require.True(t, r.OfAttempt(), r)
	}
	for _, r := range []hook.Reason{hook.ReasonExhausted, hook.ReasonWebhookDisabled, hook.ReasonExpired, "", "lost"} {
		require.False(t, r.OfAttempt(), r)
	}
}
