package hook_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestRetentionPace_LeavesHalfOfTheTimeToOthers(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		limit int
		busy  bool
		took  time.Duration
		want  hook.RetentionPace
	}{
		{"a quick step grows", 500, false, 20 * ms, hook.RetentionPace{Limit: 1000, Pause: 20 * ms}},
		{"it does not grow without bound", 2000, false, 20 * ms, hook.RetentionPace{Limit: 2000, Pause: 20 * ms}},
		{"one that took as long as it should stays", 500, false, 100 * ms, hook.RetentionPace{Limit: 500, Pause: 100 * ms}},
		{"a long one is halved", 500, false, 300 * ms, hook.RetentionPace{Limit: 250, Pause: 300 * ms}},
		{"it does not shrink to nothing", 100, false, 5 * time.Second, hook.RetentionPace{Limit: 100, Pause: 5 * time.Second}},
		{"there is always a pause", 500, false, 0, hook.RetentionPace{Limit: 1000, Pause: 10 * ms}},
		{"under load it goes on slowly", 2000, true, 20 * ms, hook.RetentionPace{Limit: 100, Pause: time.Second}},
		{"and more slowly", 2000, true, 3 * time.Second, hook.RetentionPace{Limit: 100, Pause: 3 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := hook.RetentionPace{Limit: c.limit}.After(hook.RetentionStep{Busy: c.busy}, c.took)
			require.Equal(t, c.want, got)
		})
	}
	require.Positive(t, hook.FirstRetentionPace().Limit)
}
