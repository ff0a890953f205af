package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// pair is a combination of two parts for the same record.
func pair(change func(*hook.Combination)) hook.Rule {
	c := &hook.Combination{
		AllOf:  []hook.Part{{Events: []string{"TODO_CREATED"}}, {Events: []string{"TODO_ASSIGNEE_ADDED"}}},
		Within: "10m", Same: "current.id", NoneOf: []hook.Part{{Events: []string{"TODO_DELETED"}}},
	}
	if change != nil {
		change(c)
	}
	return hook.Rule{Combination: c}
}

// windows counts the open windows and what stands in them.
func (s stage) windows(t *testing.T, w hook.Webhook) (open, events int) {
	t.Helper()
	open = s.number(t, `SELECT count(*) FROM windows WHERE webhook_id = $1`, w.ID)
	events = s.number(t, `SELECT count(*) FROM window_events e JOIN windows w USING (rule_id, key) WHERE w.webhook_id = $1`, w.ID)
	return open, events
}

func TestWhatOpensAWindow(t *testing.T) {
	for name, tc := range map[string]struct {
		rule         hook.Rule
		events       []string // "type id"
		open, inside int
	}{
		"the first part":             {pair(nil), []string{"TODO_CREATED 1"}, 1, 1},
		"any part":                   {pair(nil), []string{"TODO_ASSIGNEE_ADDED 1"}, 1, 1},
		"not what must not happen":   {pair(nil), []string{"TODO_DELETED 1"}, 0, 0},
		"which counts inside of one": {pair(nil), []string{"TODO_CREATED 1", "TODO_DELETED 1", "TODO_DELETED 2"}, 1, 2},
		"one for each value":         {pair(nil), []string{"TODO_CREATED 1", "TODO_CREATED 2", "TODO_ASSIGNEE_ADDED 2"}, 2, 3},
		"not without the value":      {pair(nil), []string{"TODO_CREATED null"}, 0, 0},
		"one for the project":        {pair(func(c *hook.Combination) { c.Same = "" }), []string{"TODO_CREATED 1", "TODO_CREATED 2"}, 1, 2},
		"in order the first alone":   {pair(func(c *hook.Combination) { c.InOrder = true }), []string{"TODO_ASSIGNEE_ADDED 1", "TODO_CREATED 2", "TODO_ASSIGNEE_ADDED 2"}, 1, 2},
		"not where a filter is false": {pair(func(c *hook.Combination) { c.AllOf[0].Filter = "current.id == 2" }),
			[]string{"TODO_CREATED 1", "TODO_CREATED 2"}, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			w := s.webhook(t, tc.rule)
			// Once event by event, and once all in one batch.
			for i, e := range tc.events {
				got := s.post(t, happening(fmt.Sprintf("e%d", i), e))
				require.Zero(t, got.Matched)
			}
			open, inside := s.windows(t, w)
			require.Equal(t, []int{tc.open, tc.inside}, []int{open, inside})
			pgtest.Exec(t, s.url, `DELETE FROM windows`)
			var batch []hook.Event
			for i, e := range tc.events {
				batch = append(batch, happening(fmt.Sprintf("b%d", i), e))
			}
			_, err := s.Ingest(context.Background(), batch)
			require.NoError(t, err)
			open, inside = s.windows(t, w)
			require.Equal(t, []int{tc.open, tc.inside}, []int{open, inside}, "in one batch")
		})
	}
}

// happening makes an event in p1 of "type id".
func happening(eventID, of string) hook.Event {
	var eventType, record string
	if _, err := fmt.Sscan(of, &eventType, &record); err != nil {
		panic(err)
	}
	e := event(eventID, eventType, "p1")
	e.Current = []byte(`{"id":` + record + `}`)
	return e
}

func TestHappeningsNeedAMembershipAndARule(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, pair(nil))
	require.NoError(t, s.DeleteMember(ctx, "p1", "u1"))
	require.False(t, s.post(t, happening("e1", "TODO_CREATED 1")).Happened)
	_, err := s.PutMember(ctx, "p1", "u1")
	require.NoError(t, err)
	require.True(t, s.post(t, happening("e2", "TODO_CREATED 1")).Happened)
	require.NoError(t, s.DeleteWebhook(ctx, w.ID))
	open, _ := s.windows(t, w)
	require.Zero(t, open, "windows go with their rule")
	require.False(t, s.post(t, happening("e3", "TODO_CREATED 1")).Happened)
}

func TestOpenWindowsAreLimited(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w, other := s.webhook(t, pair(nil)), s.webhook(t, pair(nil))
	require.True(t, s.post(t, happening("first", "TODO_CREATED 1")).Happened)
	pgtest.Exec(t, s.url, `
		INSERT INTO windows (rule_id, key, webhook_id, dispatch_at)
		SELECT r.id, 'k' || n, r.webhook_id, now() FROM rules r, generate_series(1, $1::int) n WHERE r.webhook_id = $2`, hook.MaxOpenWindows-2, w.ID)
	batch := []hook.Event{happening("e2", "TODO_CREATED 2"), happening("e3", "TODO_CREATED 3"), happening("e4", "TODO_CREATED 4"), happening("e1", "TODO_ASSIGNEE_ADDED 1")}
	_, err := s.Ingest(ctx, batch)
	require.NoError(t, err)
	open, inside := s.windows(t, w)
	require.Equal(t, hook.MaxOpenWindows, open)
	require.Equal(t, 3, inside, "two of record 1, whose window was open, and one more")
	open, _ = s.windows(t, other)
	require.Equal(t, 4, open, "each webhook has its own limit")

	require.NoError(t, s.Reach(ctx, &w))
	require.Equal(t, hook.MaxOpenWindows, w.OpenWindows)
	require.EqualValues(t, 2, w.WindowsRefused)
}

func TestEditKeepsTheWindowsOfRulesThatStay(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	plain := hook.Rule{Events: []string{"TAG_CREATED"}}
	w := s.webhook(t, plain, pair(nil), pair(func(c *hook.Combination) { c.Within = "1h" }))
	s.post(t, happening("e1", "TODO_CREATED 1"))
	open, _ := s.windows(t, w)
	require.Equal(t, 2, open)
	for _, rules := range [][]hook.Rule{
		{pair(nil), plain, plain}, // moved to the front; the other combination is gone
		{plain, {Events: []string{"*"}, Filter: "true"}, pair(nil)},
	} {
		updated, err := s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error {
			w.Rules = rules
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, rules, updated.Rules)
		open, inside := s.windows(t, w)
		require.Equal(t, []int{1, 1}, []int{open, inside})
	}
	require.Equal(t, 1, s.post(t, happening("e2", "TAG_CREATED 1")).Matched)
}

func TestHappenings_AnEventThatAnotherRequestAcceptsFirstCountsOnce(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, pair(nil))
	e := happening("e1", "TODO_CREATED 1")
	got, err := s.Store.Ingest(context.Background(), []hook.Event{e}, []int64{0}, func(ctx context.Context, offer hook.Offer) (hook.Choice, error) {
		require.False(t, s.post(t, e).Duplicate, "the other one comes between the look-up and the insert")
		return s.matching.JudgeDeferred(ctx, offer)
	})
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.True(t, got[0].Duplicate)
	open, inside := s.windows(t, w)
	require.Equal(t, []int{1, 1}, []int{open, inside})
}
