package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestMatching(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	_, _, err := s.PutUser(ctx, hook.User{ID: "u2", Name: "Two", Email: "two@example.com"})
	require.NoError(t, err)
	_, err = s.PutMember(ctx, "p1", "u2")
	require.NoError(t, err)

	for _, c := range []struct {
		name  string
		owner string
		rules []hook.Rule
		want  map[string]bool // "TYPE project"
	}{
		{"exact type, named project", "u1", []hook.Rule{{Events: []string{"TODO_CREATED"}, Projects: []string{"p1"}}},
			map[string]bool{"TODO_CREATED p1": true}},
		{"prefix", "u1", []hook.Rule{{Events: []string{"TODO_*"}, Projects: []string{"p1"}}},
			map[string]bool{"TODO_CREATED p1": true, "TODO_DELETED p1": true}},
		{"prefix within a word", "u1", []hook.Rule{{Events: []string{"TODO_CRE*"}, Projects: []string{"p1"}}},
			map[string]bool{"TODO_CREATED p1": true}},
		{"all types of a company", "u1", []hook.Rule{{Events: []string{"*"}, Companies: []string{"c1"}}},
			map[string]bool{"TODO_CREATED p1": true, "TODO_DELETED p1": true, "COMMENT_CREATED p1": true,
				"TODO_CREATED p2": true, "TODO_DELETED p2": true, "COMMENT_CREATED p2": true}},
		{"project or company", "u1", []hook.Rule{{Events: []string{"COMMENT_CREATED"}, Projects: []string{"p1"}, Companies: []string{"c2"}}},
			map[string]bool{"COMMENT_CREATED p1": true, "COMMENT_CREATED p3": true}},
		{"true combinations", "u1", []hook.Rule{
			{Events: []string{"TODO_CREATED"}, Projects: []string{"p1"}}, {Events: []string{"COMMENT_*"}, Projects: []string{"p3"}}},
			map[string]bool{"TODO_CREATED p1": true, "COMMENT_CREATED p3": true}},
		{"every project of a member", "u2", []hook.Rule{{Events: []string{"*"}}},
			map[string]bool{"TODO_CREATED p1": true, "TODO_DELETED p1": true, "COMMENT_CREATED p1": true}},
		{"a company reaches only projects of a member", "u2", []hook.Rule{{Events: []string{"TODO_CREATED"}, Companies: []string{"c1", "c2"}}},
			map[string]bool{"TODO_CREATED p1": true}},
		{"overlapping rules give one delivery", "u1", []hook.Rule{
			{Events: []string{"*", "TODO_*", "TODO_CREATED"}, Projects: []string{"p1"}, Companies: []string{"c1"}}, {Events: []string{"TODO_CREATED"}}},
			map[string]bool{"TODO_CREATED p1": true, "TODO_DELETED p1": true, "COMMENT_CREATED p1": true,
				"TODO_CREATED p2": true, "TODO_DELETED p2": true, "COMMENT_CREATED p2": true, "TODO_CREATED p3": true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := s.CreateWebhook(ctx, draft(c.owner, c.rules...))
			require.NoError(t, err)
			for _, eventType := range []string{"TODO_CREATED", "TODO_DELETED", "COMMENT_CREATED"} {
				for _, project := range []string{"p1", "p2", "p3"} {
					got := s.post(t, event(fmt.Sprintf("%s.%s.%s", w.ID, eventType, project), eventType, project))
					require.Equal(t, c.want[eventType+" "+project], got.Matched == 1, "%s in %s", eventType, project)
				}
			}
			require.NoError(t, s.DeleteWebhook(ctx, w.ID))
		})
	}
}

func TestMembershipCountsWhenTheEventHappens(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}, Projects: []string{"p1"}})
	require.Equal(t, 1, s.post(t, event("e1", "TODO_CREATED", "p1")).Matched)
	require.NoError(t, s.DeleteMember(context.Background(), "p1", "u1"))
	require.Equal(t, 0, s.post(t, event("e2", "TODO_CREATED", "p1")).Matched)
}

func TestDisabledWebhookHoldsWhatMatches(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	_, err := s.UpdateWebhook(ctx, w.ID, 0, disable)
	require.NoError(t, err)
	s.post(t, event("e2", "TODO_CREATED", "p1"))

	held, err := s.Deliveries(ctx, hook.DeliveryFilter{WebhookID: w.ID, Statuses: []hook.DeliveryStatus{hook.Held}}, anyPage)
	require.NoError(t, err)
	require.Len(t, held, 2)
	require.Equal(t, hook.ReasonWebhookDisabled, held[0].Reason)

	_, err = s.UpdateWebhook(ctx, w.ID, 0, enable)
	require.NoError(t, err)
	first := s.released(t)
	require.Len(t, first, 1, "enabling releases what was held, one at first")
	require.Equal(t, "e1", first[0].EventID)
	s.attempt(t, first[0].DeliveryID, success())
	require.Len(t, s.released(t), 1)
}

func disable(w *hook.Webhook) error {
	w.Enabled, w.DisabledReason = false, hook.DisabledByOwner
	return nil
}

func enable(w *hook.Webhook) error {
	w.Enabled, w.DisabledReason, w.Status = true, "", hook.Healthy
	return nil
}

func TestSameEventFiftyTimesAtOnce(t *testing.T) {
	s := newStage(t)
	for range 3 {
		s.webhook(t, hook.Rule{Events: []string{"*"}})
	}
	answers := make([]hook.Accepted, 50)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() { answers[i] = s.post(t, event("once", "TODO_CREATED", "p1")) })
	}
	group.Wait()
	first := 0
	for _, a := range answers {
		require.Nil(t, a.Err)
		require.Equal(t, 3, a.Matched)
		if !a.Duplicate {
			first++
		}
	}
	require.Equal(t, 1, first)
	all, err := s.Deliveries(context.Background(), hook.DeliveryFilter{EventID: "once"}, anyPage)
	require.NoError(t, err)
	require.Len(t, all, 3)
}

func TestBatchAnswersEachEventByItself(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	other := event("a", "TODO_CREATED", "p1")
	other.Current = []byte(`{"id":"r2"}`)
	got, err := s.Ingest(context.Background(), []hook.Event{
		event("a", "TODO_CREATED", "p1"), event("b", "TODO_CREATED", "nowhere"), event("c", "NO_SUCH_TYPE", "p1"),
		event("a", "TODO_CREATED", "p1"), other, event("d", "TODO_DELETED", "p2"),
	})
	require.NoError(t, err)
	require.Equal(t, hook.Accepted{CompanyID: "c1", Matched: 1, Due: true}, got[0])
	require.Equal(t, "/project_id", got[1].Err.Fields[0].Pointer)
	require.Equal(t, "/type", got[2].Err.Fields[0].Pointer)
	require.Equal(t, hook.Accepted{Matched: 1, Duplicate: true}, got[3])
	require.Equal(t, hook.CodeConflict, got[4].Err.Code)
	require.Equal(t, hook.Accepted{CompanyID: "c1", Matched: 1, Due: true}, got[5])
	_, err = s.Event(context.Background(), "b")
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
}

func TestOverlappingBatchesDoNotDeadlock(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	var forward, backward []hook.Event
	for i := range 100 {
		forward = append(forward, event(fmt.Sprintf("e%03d", i), "TODO_CREATED", "p1"))
	}
	for i := range forward {
		backward = append(backward, forward[len(forward)-1-i])
	}
	var group sync.WaitGroup
	for range 4 {
		for _, batch := range [][]hook.Event{forward, backward} {
			group.Go(func() {
				got, err := s.Ingest(context.Background(), batch)
				require.NoError(t, err)
				for _, a := range got {
					require.Nil(t, a.Err)
					require.Equal(t, 1, a.Matched)
				}
			})
		}
	}
	group.Wait()
}

func TestEventKeepsItsBytes(t *testing.T) {
	s := newStage(t)
	e := event("bytes", "TODO_CREATED", "p1")
	e.Previous, e.Current = []byte(`{ "b":1.10,"a":1e400 , "n":"\u0000" }`), []byte("{\"é\":\"<\\u003c\"}")
	require.Nil(t, s.post(t, e).Err)
	got, err := s.Event(context.Background(), "bytes")
	require.NoError(t, err)
	require.Equal(t, string(e.Previous), string(got.Previous))
	require.Equal(t, string(e.Current), string(got.Current))
	require.Equal(t, "c1", got.CompanyID)
}

func TestDeliveriesOfABatchAreInItsOrder(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	for _, filter := range []string{"", "current.id == 'r1'"} { // one statement, and two
		w := s.webhook(t, hook.Rule{Events: []string{"*"}, Filter: filter})
		var batch []hook.Event
		for i := range 60 {
			batch = append(batch, event(fmt.Sprintf("%s-%d", w.ID, 99-i), "TODO_CREATED", []string{"p1", "p2", "p3"}[i%3]))
		}
		_, err := s.Ingest(ctx, batch)
		require.NoError(t, err)
		stored, err := s.Deliveries(ctx, hook.DeliveryFilter{WebhookID: w.ID}, hook.Page{Limit: 200})
		require.NoError(t, err)
		slices.SortFunc(stored, func(a, b hook.Delivery) int { return strings.Compare(a.ID, b.ID) })
		for i, d := range stored {
			require.Equal(t, batch[i].ID, d.EventID)
		}
		require.Len(t, stored, len(batch))
	}
}
