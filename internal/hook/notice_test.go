package hook_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestNoticeOfTellsTheOwnerWhatTheOwnerDidNotDo(t *testing.T) {
	on := hook.Health{Enabled: true, Status: hook.Degraded, ExhaustedInRow: hook.MaxExhaustedInRow}
	off := on.After(hook.ProbeFailed)
	for _, c := range []struct {
		before hook.Health
		what   hook.Happened
		want   hook.NoticeKind
	}{
		{on, hook.ProbeFailed, hook.NoticeDeactivated},
		{on, hook.ProbePassed, hook.NoticeDeactivated}, // too many in a row
		{on, hook.ReceiverGone, hook.NoticeGone},
		{on, hook.AttemptFailed, ""},
		{on, hook.AttemptSucceeded, ""},
		{on, hook.OwnerDisabled, ""},
		{off, hook.Recovered, hook.NoticeRecovered},
		{off, hook.GaveUp, hook.NoticeGaveUp},
		{off, hook.ReceiverGone, hook.NoticeGone}, // the mail before said that it is tested again
		{off, hook.ProbeFailed, ""},
		{off, hook.OwnerEnabled, ""},
		{off, hook.OwnerDisabled, ""},
		{off.After(hook.OwnerDisabled), hook.Recovered, ""},
		{off.After(hook.OwnerDisabled), hook.GaveUp, ""},
		{on, hook.Recovered, ""},
	} {
		require.Equal(t, c.want, hook.NoticeOf(c.before, c.before.After(c.what), c.what), "%s of %v", c.what, c.before)
	}
}
