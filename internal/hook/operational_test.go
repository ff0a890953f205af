package hook_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestOperationalOf(t *testing.T) {
	well := hook.Health{Enabled: true, Status: hook.Healthy}
	shaky := hook.Health{Enabled: true, Status: hook.Healthy, FailuresInRow: hook.DegradedAfter - 1}
	degraded := shaky.After(hook.AttemptFailed)
	off := degraded.After(hook.ProbeFailed)
	for _, c := range []struct {
		before hook.Health
		what   hook.Happened
		want   string
	}{
		{well, hook.AttemptFailed, ""},
		{shaky, hook.AttemptFailed, hook.TypeDegraded},
		{shaky, hook.AttemptSucceeded, ""},
		{well, hook.ReceiverGone, hook.TypeDeactivated},
		{well, hook.AttemptSucceeded, ""},
		{well, hook.OwnerDisabled, ""},
		{degraded, hook.AttemptFailed, ""},
		{degraded, hook.AttemptSucceeded, hook.TypeRecovered},
		{degraded, hook.ProbeFailed, hook.TypeDeactivated},
		{degraded, hook.OwnerDisabled, ""},
		{off, hook.Recovered, hook.TypeRecovered},
		{off, hook.OwnerEnabled, hook.TypeRecovered},
		{off, hook.GaveUp, ""},
		{off, hook.ProbeFailed, ""},
	} {
		require.Equal(t, c.want, hook.OperationalOf(c.before, c.before.After(c.what)), "%s of %v", c.what, c.before)
	}
}

func TestOperationalPatternsAreWhatCovers(t *testing.T) {
	require.Contains(t, hook.OperationalPatterns(hook.TypeDegraded), "webhook.*")
	for _, p := range hook.OperationalPatterns(hook.TypeDegraded) {
		require.True(t, hook.Covers([]string{p}, hook.TypeDegraded), p)
	}
	for _, p := range []string{"*", "delivery.*", "webhook.degraded.*", "webhook", "*.degraded"} {
		require.NotContains(t, hook.OperationalPatterns(hook.TypeDegraded), p)
		require.False(t, hook.Covers([]string{p}, hook.TypeDegraded), p)
	}
	require.True(t, hook.Covers([]string{"*"}, "webhook.of_somebody"))
}

func TestRulesSayWhereOperationalEventsNeverCome(t *testing.T) {
	for _, c := range []struct {
		rule hook.Rule
		bad  []string
	}{
		{hook.Rule{Events: []string{"TODO_*", hook.TypeDegraded}, Filter: "true"}, nil},
		{hook.Rule{Events: []string{"webhook.*"}, Projects: []string{"p"}}, nil}, // may be of types of one's own
		{hook.Rule{Events: []string{"TODO_*", hook.TypeDegraded}, Projects: []string{"p"}}, []string{"/rules/0/events/1"}},
		{hook.Rule{Events: []string{hook.TypeDeliveryFailed}, Companies: []string{"c"}}, []string{"/rules/0/events/0"}},
		{hook.Rule{Combination: &hook.Combination{Within: "1m", AllOf: []hook.Part{{Events: []string{"A"}}, {Events: []string{hook.TypeRecovered}}},
			NoneOf: []hook.Part{{Events: []string{hook.TypeDegraded}}}}}, []string{"/rules/0/all_of/1/events/0", "/rules/0/none_of/0/events/0"}},
	} {
		var at []string
		for _, f := range hook.CheckRules([]hook.Rule{c.rule}) {
			at = append(at, f.Pointer)
		}
		require.Equal(t, c.bad, at)
	}
}

func TestAboutWebhook(t *testing.T) {
	require.Equal(t, "wh_1", hook.AboutWebhook(hook.Event{Type: hook.TypeDegraded, Current: []byte(`{"webhook":{"id":"wh_1"}}`)}))
	require.Equal(t, "wh_2", hook.AboutWebhook(hook.Event{Type: hook.TypeDeliveryFailed, Current: []byte(`{"delivery":{"webhook_id":"wh_2"}}`)}))
	require.Empty(t, hook.AboutWebhook(hook.Event{Type: "TODO_CREATED", Current: []byte(`{"webhook":{"id":"wh_1"}}`)}))
}
