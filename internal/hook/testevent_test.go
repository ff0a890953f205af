package hook_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestTestTypeIsOfTheFirstRule(t *testing.T) {
	names := []string{"COMMENT_CREATED", "COMMENT_DELETED", "TODO_CREATED", "TODO_DELETED"}
	for _, c := range []struct {
		events []string
		want   string
	}{
		{[]string{"TODO_DELETED", "COMMENT_CREATED"}, "TODO_DELETED"},
		{[]string{"*"}, "TODO_CREATED"},
		{[]string{"TODO_*"}, "TODO_CREATED"},
		{[]string{"TODO_D*"}, "TODO_DELETED"},
		{[]string{"COMMENT_*"}, "COMMENT_CREATED"},
		{[]string{"*_CREATED"}, "TODO_CREATED"},
		{[]string{"*T_DELETED"}, "COMMENT_DELETED"},
		{[]string{"DELETED_TYPE", "OTHER_*", "COMMENT_DELETED"}, "COMMENT_DELETED"},
		{[]string{"DELETED_TYPE"}, "TODO_CREATED"},
	} {
		rules := []hook.Rule{{Events: c.events}, {Events: []string{"COMMENT_CREATED"}}}
		require.Equal(t, c.want, hook.TestType(rules, names), c.events)
		parts := []hook.Part{{Events: c.events}, {Events: []string{"COMMENT_CREATED"}}}
		require.Equal(t, c.want, hook.TestType([]hook.Rule{{Combination: &hook.Combination{AllOf: parts}}}, names), c.events)
	}
	require.Equal(t, "TODO_CREATED", hook.TestType(nil, names))
	require.Equal(t, "COMMENT_CREATED", hook.TestType([]hook.Rule{{Events: []string{"*"}, NotEvents: []string{"TODO_*"}}}, names))
}
