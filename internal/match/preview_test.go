package match_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/match"
	"godwit/internal/pgtest"
)

func TestPreviewCountsWhatWouldHaveMatched(t *testing.T) {
	s := newStage(t)
	for i := range 30 {
		s.post(t, fmt.Sprintf("e%02d", i), []string{"TODO_CREATED", "TODO_DELETED", "TAG_CREATED"}[i%3], []string{"p1", "p2", "p3"}[i/10], fmt.Sprintf(`{"n":%d}`, i))
	}
	q := match.Question{OwnerID: "u1", Rules: []hook.Rule{
		{Events: []string{"TODO_*"}, Companies: []string{"c1"}, Filter: "current.n >= 5"},
		{Events: []string{"TAG_CREATED"}, Projects: []string{"p3"}},
	}}
	p := s.preview(t, q)
	require.Equal(t, 30, p.Examined)
	require.False(t, p.Sampled)
	require.WithinDuration(t, p.Until.Add(-24*time.Hour), p.Since, 0)
	require.Equal(t, p.Since, p.ExaminedSince)
	require.Equal(t, 14, p.Matched)
	require.Equal(t, []match.Count{{Name: "TODO_CREATED", N: 5}, {Name: "TODO_DELETED", N: 5}, {Name: "TAG_CREATED", N: 4}}, p.ByType)
	require.Equal(t, []match.Count{{Name: "p2", N: 7}, {Name: "p3", N: 4}, {Name: "p1", N: 3}}, p.ByProject)
	require.Len(t, p.Examples, match.MaxExamples)
	require.Equal(t, "e29", p.Examples[0].Event.ID)
	require.Equal(t, 1, p.Examples[0].Rule)
	require.Nil(t, p.Examples[0].Event.Current)

	q.OwnerID = "u2" // a member of p3 alone
	_, err := s.Preview(context.Background(), q)
	require.NoError(t, err, "p3 may be named by u2")
	require.Equal(t, 4, s.preview(t, q).Matched)
	q.OwnerID = ""
	require.Equal(t, 14, s.preview(t, q).Matched)
	q.OwnerID = "u1"
	pgtest.Exec(t, s.url, `UPDATE events SET accepted_at = now() - interval '2 days' WHERE id < 'e10'`)
	require.Equal(t, 11, s.preview(t, q).Matched)
	q.Since = time.Now().Add(-72 * time.Hour)
	require.Equal(t, 14, s.preview(t, q).Matched)
}

func TestPreviewLetsCombinationsFire(t *testing.T) {
	s := newStage(t)
	rule := hook.Rule{Combination: &hook.Combination{
		AllOf:  []hook.Part{{Events: []string{"TODO_CREATED"}}, {Events: []string{"TODO_ASSIGNEE_ADDED"}}},
		Within: "10m", Same: "current.id", NoneOf: []hook.Part{{Events: []string{"TODO_DELETED"}}},
	}}
	for _, e := range [][2]string{
		{"TODO_CREATED", "1"}, {"TODO_CREATED", "2"}, {"TODO_ASSIGNEE_ADDED", "1"}, {"TODO_DELETED", "2"}, {"TODO_ASSIGNEE_ADDED", "2"}, {"TODO_ASSIGNEE_ADDED", "1"},
	} {
		s.post(t, e[0]+e[1]+fmt.Sprint(time.Now().UnixNano()), e[0], "p1", `{"id":`+e[1]+`}`)
	}
	p := s.preview(t, match.Question{OwnerID: "u1", Rules: []hook.Rule{rule, {Events: []string{"TODO_DELETED"}}}})
	require.Equal(t, 2, p.Matched)
	require.Equal(t, []match.Count{{Name: "TODO_DELETED", N: 1}, {Name: "combination", N: 1}}, p.ByType)
	require.Equal(t, "TODO_DELETED", p.Examples[0].Event.Type)
	require.Equal(t, "TODO_ASSIGNEE_ADDED", p.Examples[1].Event.Type)
	require.Len(t, p.Examples[1].Parts, 2)
}

func TestPreviewIsBoundedAndSaysSo(t *testing.T) {
	s := newStage(t)
	pgtest.Exec(t, s.url, `
		INSERT INTO events (id, type, project_id, company_id, occurred_at, accepted_at, current, fingerprint)
		SELECT 'b' || n, 'TODO_CREATED', 'p' || 1 + n % 2, 'c1', now(), now() - n * interval '1 second', '{}', '' FROM generate_series(1, $1::int) n`, match.MaxPreviewEvents+500)
	p := s.preview(t, match.Question{OwnerID: "u1", Rules: []hook.Rule{{Events: []string{"*"}, Projects: []string{"p1"}}}})
	require.True(t, p.Sampled)
	require.Equal(t, match.MaxPreviewEvents, p.Examined)
	require.Equal(t, match.MaxPreviewEvents/2, p.Matched)
	require.True(t, p.ExaminedSince.After(p.Since))
}

func TestPreviewChecksWhatTheRulesName(t *testing.T) {
	s := newStage(t)
	for pointer, q := range map[string]match.Question{
		"/owner_id":           {OwnerID: "nobody", Rules: []hook.Rule{{Events: []string{"*"}}}},
		"/rules/0/events/0":   {OwnerID: "u1", Rules: []hook.Rule{{Events: []string{"NOTHING"}}}},
		"/rules/0/projects/0": {OwnerID: "u2", Rules: []hook.Rule{{Events: []string{"*"}, Projects: []string{"p1"}}}},
	} {
		_, err := s.Preview(context.Background(), q)
		var invalid *hook.Error
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, pointer, invalid.Fields[0].Pointer)
	}
}

func (s stage) preview(t *testing.T, q match.Question) match.Preview {
	t.Helper()
	p, err := s.Preview(context.Background(), q)
	require.NoError(t, err)
	return p
}

// TestPreview_CountsFailuresOfFilters: a filter that is well formed and never
// matches must not pass for one that nothing matches.
func TestPreview_CountsFailuresOfFilters(t *testing.T) {
	s := newStage(t)
	for i, current := range []string{`{"total_price":"149.99"}`, `{"total_price":"15"}`, `{}`, `{"total_price":null}`} {
		s.post(t, fmt.Sprintf("order-%d", i), "TODO_CREATED", "p1", current)
	}
	p, err := s.Preview(context.Background(), match.Question{OwnerID: "u1", Rules: []hook.Rule{filtered("current.other == 1"), filtered("current.total_price > 100")}})
	require.NoError(t, err)
	require.Zero(t, p.Matched)
	require.Len(t, p.Failures, 3)
	require.Equal(t, match.Failure{Rule: 0, Message: `there is no key "other"; ask first, with has(…), or read it with .? and orValue(…)`, Count: 4, EventID: "order-3"}, p.Failures[0])
	require.Equal(t, 3, p.Failures[1].Count)
	require.Contains(t, p.Failures[1].Message, "of a type that the filter does not expect, or null")
	require.Equal(t, "order-2", p.Failures[2].EventID)
}

// TestPreview_SaysWhichClauseLetNothingThrough: whoever sees "nothing" learns why.
func TestPreview_SaysWhichClauseLetNothingThrough(t *testing.T) {
	s := newStage(t)
	s.post(t, "e1", "TODO_CREATED", "p1", `{"status":"Open"}`)
	s.post(t, "e2", "TODO_CREATED", "p1", `{"status":"Open"}`)
	s.post(t, "e3", "TODO_CREATED", "p2", `{"status":"Done"}`)
	s.post(t, "e4", "TAG_CREATED", "p2", `{"status":"Done"}`)
	together := &hook.Combination{AllOf: []hook.Part{{Events: []string{"TODO_CREATED"}}, {Events: []string{"COMMENT_CREATED"}}}, Within: "10m", Same: "project_id"}
	p := s.preview(t, match.Question{OwnerID: "u1", Rules: []hook.Rule{
		{Events: []string{"TODO_CREATED"}, Projects: []string{"p1"}, Filter: "current.status == 'Done'"},
		{Events: []string{"COMMENT_CREATED"}},
		{Events: []string{"TODO_CREATED"}, Projects: []string{"p3"}},
		{Events: []string{"TODO_CREATED"}, Projects: []string{"p2"}},
		{Combination: together},
	}})
	require.Equal(t, 1, p.Matched)
	require.Len(t, p.ByRule, 5)
	at := func(rule int) string {
		o := p.ByRule[rule]
		if o.Stopped == nil {
			return fmt.Sprint(o.Matched)
		}
		require.Nil(t, o.Stopped.Event.Current, "states stay where they are")
		return fmt.Sprintf("%d: %s x%d, %s", o.Matched, o.Stopped.Reason, o.Stopped.Count, o.Stopped.Event.ID)
	}
	require.Equal(t, "0: filter: false x2, e2", at(0))
	require.Equal(t, "0: event_type x4, e4", at(1))
	require.Equal(t, "0: project x3, e3", at(2))
	require.Equal(t, "1", at(3))
	require.Equal(t, "0: "+match.ReasonWindowClosed+" x3, e3", at(4))
	require.Nil(t, s.preview(t, match.Question{OwnerID: "u1", Rules: []hook.Rule{{Events: []string{"*"}, Projects: []string{"p1"}}}}).ByRule[0].Stopped)
}
