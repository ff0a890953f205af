package match

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestFailures_AreBounded(t *testing.T) {
	f := failures{ofRule: map[int64]hook.CountedFailures{}}
	for rule := range int64(2 * maxFailingRules) {
		f.add(hook.FilterFailure{RuleID: rule}, 1)
	}
	f.add(hook.FilterFailure{RuleID: 1, Kind: "type"}, 2)
	require.Len(t, f.ofRule, maxFailingRules)
	require.Equal(t, hook.CountedFailures{FilterFailure: hook.FilterFailure{RuleID: 1, Kind: "type"}, Count: 3}, f.ofRule[1])
}

func TestFailures_KeepTheLast(t *testing.T) {
	f := failures{ofRule: map[int64]hook.CountedFailures{}}
	now := time.Now()
	f.add(hook.FilterFailure{RuleID: 1, EventID: "later", At: now}, 1)
	f.add(hook.FilterFailure{RuleID: 1, EventID: "sooner", At: now.Add(-time.Second)}, 5)
	require.Equal(t, []hook.CountedFailures{{FilterFailure: hook.FilterFailure{RuleID: 1, EventID: "later", At: now}, Count: 6}}, f.take(10))
	require.Empty(t, f.take(10))
}
