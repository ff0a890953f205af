package match_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/match"
)

func TestExplainNamesTheFirstClauseThatFailed(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t,
		hook.Rule{Events: []string{"TAG_*"}},
		hook.Rule{Events: []string{"TODO_*"}, Projects: []string{"p2"}},
		hook.Rule{Events: []string{"TODO_*"}, Companies: []string{"c1"}, Filter: "current.n > 1"},
		hook.Rule{Events: []string{"TODO_*"}, Projects: []string{"p1"}, Filter: "current.priority == 'high'"},
	)
	s.post(t, "no", "TODO_CREATED", "p1", `{"n":1}`)
	x := s.explain(t, w, "no")
	require.False(t, x.Matched)
	require.Nil(t, x.Delivery)
	require.Equal(t, -1, x.Rule)
	require.Equal(t, match.ReasonFilterFalse, x.Reason)
	require.Equal(t, []string{
		match.ReasonEventType, match.ReasonProject, match.ReasonFilterFalse,
		match.ReasonFilterError + `there is no key "priority"; ask first, with has(…), or read it with .? and orValue(…)`,
	}, reasons(x))

	s.post(t, "yes", "TODO_CREATED", "p1", `{"n":2}`)
	x = s.explain(t, w, "yes")
	require.True(t, x.Matched)
	require.Equal(t, 2, x.Rule)
	require.Equal(t, match.ReasonMatched, x.Reason)
	require.Equal(t, hook.Pending, x.Delivery.Status)

	require.NoError(t, s.DeleteMember(ctx, "p1", "u1"))
	s.post(t, "left", "TODO_CREATED", "p1", `{"n":2}`)
	require.Equal(t, match.ReasonMembership, s.explain(t, w, "left").Reason)
	s.join(t, "p1", "u1")
	require.Equal(t, match.ReasonMembership, s.explain(t, w, "left").Reason, "who joins later has no part in what was before")
}

func TestExplain_NamesWhatARuleLeavesOut(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t,
		hook.Rule{Events: []string{"*"}, NotEvents: []string{"*_CREATED"}, Projects: []string{"p1"}},
		hook.Rule{Events: []string{"*_CREATED"}, NotEvents: []string{"TODO_CREATED"}, Filter: "true"},
		hook.Rule{Combination: &hook.Combination{Within: "1h", AllOf: []hook.Part{
			{Events: []string{"TODO_*"}, NotEvents: []string{"*_CREATED"}}, {Events: []string{"TODO_CREATED"}}}}},
	)
	require.Zero(t, s.post(t, "created", "TODO_CREATED", "p1", `{}`).Matched)
	x := s.explain(t, w, "created")
	require.Equal(t, []string{match.ReasonExcluded, match.ReasonExcluded, match.ReasonWindowOpen}, reasons(x))
	require.Equal(t, []int{2}, x.Rules[2].Parts, "it does not fill the part that leaves it out")
	require.Equal(t, 1, s.post(t, "tag", "TAG_CREATED", "p1", `{}`).Matched)
	require.Equal(t, []string{match.ReasonExcluded, match.ReasonMatched, match.ReasonEventType}, reasons(s.explain(t, w, "tag")))
	require.Equal(t, 1, s.post(t, "deleted", "TODO_DELETED", "p1", `{}`).Matched)

	p := s.preview(t, match.Question{OwnerID: "u1", Rules: []hook.Rule{{Events: []string{"*"}, NotEvents: []string{"TAG_*"}}}})
	require.Equal(t, []match.Count{{Name: "TODO_CREATED", N: 1}, {Name: "TODO_DELETED", N: 1}}, p.ByType)
}

func TestExplainOfWhatIsHeldOrOlder(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.post(t, "before", "TODO_CREATED", "p1", `{}`)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	require.Equal(t, match.ReasonNotCreated, s.explain(t, w, "before").Reason)
	_, err := s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error {
		w.Enabled, w.DisabledReason = false, hook.DisabledByOwner
		return nil
	})
	require.NoError(t, err)
	s.post(t, "held", "TODO_CREATED", "p1", `{}`)
	x := s.explain(t, w, "held")
	require.True(t, x.Matched)
	require.Equal(t, match.ReasonDisabled, x.Reason)
	require.Equal(t, hook.Held, x.Delivery.Status)

	_, err = s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error {
		w.Rules = []hook.Rule{{Events: []string{"TAG_*"}}, {Events: []string{"TODO_*"}, Filter: "true"}}
		return nil
	})
	require.NoError(t, err)
	x = s.explain(t, w, "held")
	require.True(t, x.Matched)
	require.Equal(t, match.ReasonDisabled, x.Reason)
	s.post(t, "new", "TODO_CREATED", "p1", `{}`)
	require.Equal(t, []string{match.ReasonEventType, match.ReasonMatched}, reasons(s.explain(t, w, "new")))
	_, err = s.Explain(ctx, w.ID, "nothing")
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	_, err = s.Explain(ctx, "wh_nothing", "new")
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
}

func TestExplainOfACombination(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Combination: &hook.Combination{
		AllOf:  []hook.Part{{Events: []string{"TODO_CREATED"}}, {Events: []string{"TODO_ASSIGNEE_ADDED", "TODO_CREATED"}, Filter: "current.urgent"}},
		Within: "10m", Same: "current.id", NoneOf: []hook.Part{{Events: []string{"TODO_DELETED"}}},
	}})
	for _, tc := range []struct {
		id, eventType, current string
		reason                 string
		parts                  []int
	}{
		{"other", "TAG_CREATED", `{"id":1}`, match.ReasonEventType, nil},
		{"false", "TODO_ASSIGNEE_ADDED", `{"id":1,"urgent":false}`, match.ReasonFilterFalse, nil},
		{"no-key", "TODO_CREATED", `{"urgent":false}`, match.ReasonNoKey + "current.id", nil},
		{"early", "TODO_DELETED", `{"id":1}`, match.ReasonNoneOf, nil},
		{"first", "TODO_CREATED", `{"id":1,"urgent":false}`, match.ReasonWindowOpen, []int{1}},
		{"both", "TODO_CREATED", `{"id":2,"urgent":true}`, match.ReasonWindowOpen, []int{1, 2}},
	} {
		s.post(t, tc.id, tc.eventType, "p1", tc.current)
		x := s.explain(t, w, tc.id)
		require.False(t, x.Matched, tc.id)
		require.Equal(t, tc.reason, x.Reason, tc.id)
		require.Equal(t, tc.parts, x.Rules[0].Parts, tc.id)
	}
}

// TestExplain_OfAnExpungedEvent: no filter can be asked about it any more.
func TestExplain_OfAnExpungedEvent(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"TODO_*"}, Filter: "current.urgent"})
	for id, current := range map[string]string{"matched": `{"urgent":true}`, "not": `{"urgent":false}`} {
		s.post(t, id, "TODO_CREATED", "p1", current)
		require.NoError(t, s.ExpungeEvent(context.Background(), id))
	}
	x := s.explain(t, w, "matched")
	require.True(t, x.Matched)
	require.Equal(t, match.ReasonMatched, x.Reason)
	x = s.explain(t, w, "not")
	require.False(t, x.Matched)
	require.Equal(t, match.ReasonExpunged, x.Reason)
}

func (s stage) explain(t *testing.T, w hook.Webhook, eventID string) match.Explanation {
	t.Helper()
	x, err := s.Explain(context.Background(), w.ID, eventID)
	require.NoError(t, err)
	return x
}

func reasons(x match.Explanation) (out []string) {
	for _, v := range x.Rules {
		out = append(out, v.Reason)
	}
	return out
}
