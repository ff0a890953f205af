package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestReachNamesRulesThatNothingMatches(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	for _, name := range []string{"order.paid", "order.sent"} {
		_, _, err := s.PutEventType(ctx, hook.EventType{Name: name, Group: "Orders", Description: "An order."})
		require.NoError(t, err)
	}
	w := s.webhook(t,
		hook.Rule{Events: []string{"*"}, Projects: []string{"p1", "p2"}},
		hook.Rule{Events: []string{"*"}, Companies: []string{"c2"}},
		hook.Rule{Events: []string{"order.paid"}},
		hook.Rule{Events: []string{"order.paid", "TODO_CREATED"}},
		hook.Rule{Combination: &hook.Combination{AllOf: []hook.Part{{Events: []string{"TODO_CREATED"}}, {Events: []string{"order.paid", "order.sent"}}}, Within: "1m"}},
		hook.Rule{Events: []string{"*"}},
		hook.Rule{Events: []string{"webhook.*"}},
	)
	reach := func() map[int][]string {
		got, err := s.Webhook(ctx, w.ID)
		require.NoError(t, err)
		require.NoError(t, s.Reach(ctx, &got))
		out := map[int][]string{}
		var positions []int
		for _, u := range got.Unreachable {
			positions = append(positions, u.Rule)
			for _, c := range u.Causes {
				out[u.Rule] = append(out[u.Rule], c.Pointer+" "+c.Detail)
			}
		}
		numbers, err := s.WebhookNumbers(ctx, []string{w.ID}, time.Now())
		require.NoError(t, err)
		require.Equal(t, positions, numbers[w.ID].Unreachable, "a list says the same")
		stuck, err := s.Webhooks(ctx, hook.WebhookFilter{Stuck: true}, anyPage)
		require.NoError(t, err)
		require.Len(t, stuck, min(len(positions), 1), "and finds it")
		return out
	}
	require.Empty(t, reach())
	require.NoError(t, s.DeleteMember(ctx, "p1", "u1"))
	require.Empty(t, reach(), "one project is left of the first rule")
	require.NoError(t, s.DeleteProject(ctx, "p2"))
	require.Equal(t, map[int][]string{0: {
		`/rules/0/projects/0 the owner "u1" is no longer a member of project "p1"`, `/rules/0/projects/1 the project "p2" was deleted`,
	}}, reach())
	require.NoError(t, s.DeleteEventType(ctx, "order.paid"))
	require.Equal(t, []string{`/rules/2/events/0 the event type "order.paid" was deleted`}, reach()[2])
	require.NotContains(t, reach(), 3)
	require.NotContains(t, reach(), 4, "order.sent can still fill the part")
	require.NoError(t, s.DeleteEventType(ctx, "order.sent"))
	require.Len(t, reach()[4], 2)
	require.NoError(t, s.DeleteMember(ctx, "p3", "u1"))
	require.Equal(t, []string{`/rules/1/companies/0 the owner "u1" is a member of no project of company "c2"`}, reach()[1])
	require.Equal(t, []string{`/rules/5 the owner "u1" is a member of no project`}, reach()[5])
	require.NotContains(t, reach(), 6, "what happens to webhooks is of no project")
	require.NoError(t, s.DeleteCompany(ctx, "c2"))
	require.Equal(t, []string{`/rules/1/companies/0 the company "c2" was deleted`}, reach()[1])
}

func TestArchivedTypeIsKeptByRulesThatHaveIt(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	put := func(archived bool) {
		et := hook.EventType{Name: "order.paid", Group: "Orders", Description: "An order."}
		if archived {
			et.ArchivedAt = time.Now()
		}
		_, _, err := s.PutEventType(ctx, et)
		require.NoError(t, err)
	}
	put(false)
	rule := hook.Rule{Events: []string{"order.paid"}}
	w := s.webhook(t, rule)
	put(true)
	require.Equal(t, 1, s.post(t, event("e1", "order.paid", "p1")).Matched)
	_, err := s.CreateWebhook(ctx, draft("u1", rule))
	var invalid *hook.Error
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "/rules/0/events/0", invalid.Fields[0].Pointer)
	require.Contains(t, invalid.Fields[0].Detail, "archived")
	_, err = s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error {
		w.Rules = append(w.Rules, hook.Rule{Events: []string{"TAG_CREATED"}})
		return nil
	})
	require.NoError(t, err, "the old rule stays as it is")
	_, err = s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error {
		w.Rules[1].Events = []string{"order.paid", "TAG_CREATED"}
		return nil
	})
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "/rules/1/events/0", invalid.Fields[0].Pointer)
	put(false)
	s.webhook(t, rule)
}
