package match_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// dear is a filter that is true of events whose list is long, after some work
// that grows with the square of its length. n makes it another filter.
func dear(n int) hook.Rule {
	return filtered(fmt.Sprintf("current.list.exists(x, current.list.exists(y, x + y < 0)) || current.n == %d", n))
}

// list is an event's state with a list of n numbers.
func list(n, value int) string {
	state := `{"n":` + fmt.Sprint(value) + `,"list":[0`
	for i := range n {
		state += fmt.Sprintf(",%d", i)
	}
	return state + `]}`
}

func TestFiltersOfOneWebhookShareABudget(t *testing.T) {
	s := newStage(t)
	var rules []hook.Rule
	for i := range 50 {
		rules = append(rules, dear(i))
	}
	s.webhook(t, rules...)
	other := s.webhook(t, filtered("current.n == 49"))
	// One of them takes about 100,000 units, so not all of them fit.
	require.Equal(t, 1, s.post(t, "e1", "TODO_CREATED", "p1", list(150, 49)).Matched, "the webhook's last filter was not asked")
	require.Positive(t, s.observer.kinds["budget"])
	require.Less(t, s.observer.kinds["budget"], 50)
	found, err := s.Deliveries(context.Background(), hook.DeliveryFilter{WebhookID: other.ID}, hook.Page{Limit: 2})
	require.NoError(t, err)
	require.Len(t, found, 1, "it is nobody else's budget")
	require.Equal(t, 2, s.post(t, "e2", "TODO_CREATED", "p1", list(1, 49)).Matched, "the next event has its own")
}

func TestABatchHasABudgetToo(t *testing.T) {
	s := newStage(t)
	var rules []hook.Rule
	for i := range 2 {
		rules = append(rules, dear(i))
	}
	s.webhook(t, rules...)
	var events []hook.Event
	for i := range 100 {
		events = append(events, hook.Event{ID: fmt.Sprintf("e%d", i), Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(list(150, 1))})
	}
	got, err := s.Ingest(context.Background(), events)
	require.NoError(t, err)
	require.Equal(t, 1, got[0].Matched)
	require.Nil(t, got[0].Err)
	require.Equal(t, hook.CodeUnavailable, got[99].Err.Code)
}

// TestBatch_EqualEventsMatchAlike sends 60 equal events together, and what was
// not judged again, until all are accepted: whether an event matches must not
// depend on what it is sent together with.
func TestBatch_EqualEventsMatchAlike(t *testing.T) {
	s := newStage(t)
	s.webhook(t, dear(1))
	other := s.webhook(t, hook.Rule{Events: []string{"TODO_CREATED"}})
	var rest []hook.Event
	for i := range 60 {
		rest = append(rest, hook.Event{ID: fmt.Sprintf("e%d", i), Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(list(350, 1))})
	}
	rounds := 0
	for ; len(rest) > 0; rounds++ {
		require.Less(t, rounds, 10)
		got, err := s.Ingest(context.Background(), rest)
		require.NoError(t, err)
		var again []hook.Event
		for i, a := range got {
			if a.Err != nil {
				require.Equal(t, hook.CodeUnavailable, a.Err.Code, "%v", a.Err)
				again = append(again, rest[i])
				continue
			}
			require.False(t, a.Duplicate)
			require.Equal(t, 2, a.Matched, rest[i].ID)
		}
		require.Less(t, len(again), len(rest))
		rest = again
	}
	require.Greater(t, rounds, 1, "one batch was not enough")
	found, err := s.Deliveries(context.Background(), hook.DeliveryFilter{WebhookID: other.ID}, hook.Page{Limit: 100})
	require.NoError(t, err)
	require.Len(t, found, 60, "each event once")
}

// TestExplain_TellsOfTheBudget asks why the 50th filter did not match.
func TestExplain_TellsOfTheBudget(t *testing.T) {
	s := newStage(t)
	var rules []hook.Rule
	for i := range 50 {
		rules = append(rules, dear(i))
	}
	w := s.webhook(t, rules...)
	require.Equal(t, 0, s.post(t, "e1", "TODO_CREATED", "p1", list(150, 49)).Matched)
	x, err := s.Explain(context.Background(), w.ID, "e1")
	require.NoError(t, err)
	require.False(t, x.Matched)
	require.Equal(t, "filter error: budget: the filters of this webhook need more than 1000000 steps on this event together", x.Rules[49].Reason)
}
