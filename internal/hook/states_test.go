package hook_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// healthLine is a row of the last table of STATES.md.
var healthLine = regexp.MustCompile(`(?m)^\| ([a-z_]+) \| ([a-z ]+) \| ([a-z, ]+) \|$`)

// stateOf names the state of a webhook; "" = there is no such one.
func stateOf(h hook.Health) string {
	switch {
	case h.Enabled && h.DisabledReason == "" && h.Status == hook.Healthy:
		return "healthy"
	case h.Enabled && h.DisabledReason == "" && h.Status == hook.Degraded:
		return "degraded"
	case !h.Enabled && h.DisabledReason == hook.DisabledByHealth && h.Status == hook.Unhealthy:
		return "off by health"
	case !h.Enabled && h.DisabledReason == hook.DisabledAsGone && h.Status == hook.Unhealthy:
		return "off as gone"
	case !h.Enabled && h.DisabledReason == hook.DisabledByOwner:
		return "off by owner"
	}
	return ""
}

// reached follows every cause from each health until nothing new comes, the counts
// bounded by what they are compared with.
func reached(from hook.Health, each func(from hook.Health, what hook.Happened, to hook.Health)) {
	seen := map[hook.Health]bool{from: true}
	for next := []hook.Health{from}; len(next) > 0; next = next[1:] {
		for _, what := range hook.Happenings {
			to := next[0].After(what)
			each(next[0], what, to)
			to.FailuresInRow, to.ExhaustedInRow, to.Drain = min(to.FailuresInRow, hook.DegradedAfter), min(to.ExhaustedInRow, hook.MaxExhaustedInRow), min(to.Drain, 2)
			if !seen[to] {
				seen[to] = true
				next = append(next, to)
			}
		}
	}
}

func TestHealth_GoesOnlyWhereThePageSays(t *testing.T) {
	page, err := os.ReadFile("STATES.md")
	require.NoError(t, err)
	stated := map[string]string{}
	for _, m := range healthLine.FindAllStringSubmatch(string(page), -1) {
		if m[1] != "cause" { // the head of the table
			stated[m[1]+": "+m[2]] = m[3]
		}
	}
	found := map[string]map[string]bool{}
	reached(hook.Health{Enabled: true, Status: hook.Healthy}, func(from hook.Health, what hook.Happened, to hook.Health) {
		require.NotEmpty(t, stateOf(to), "after %s in %+v", what, from)
		if step := string(what) + ": " + stateOf(from); stateOf(from) != stateOf(to) {
			if found[step] == nil {
				found[step] = map[string]bool{}
			}
			found[step][stateOf(to)] = true
		}
	})
	made := map[string]string{}
	for step, to := range found {
		made[step] = strings.Join(slices.Sorted(maps.Keys(to)), ", ")
	}
	require.Equal(t, stated, made)
}
