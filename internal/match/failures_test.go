package match_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/match"
	"godwit/internal/store"
)

// failed writes down which filters have failed, and reads what w shows of it.
func (s stage) failed(t *testing.T, w hook.Webhook) hook.FilterFailures {
	t.Helper()
	ctx := context.Background()
	require.NoError(t, s.WriteFailures(ctx))
	w, err := s.Webhook(ctx, w.ID)
	require.NoError(t, err)
	require.NoError(t, s.Reach(ctx, &w))
	return w.FilterFailures
}

func TestFailures_AreShownOfEachLane(t *testing.T) {
	s := newStage(t)
	quick := s.webhook(t, hook.Rule{Events: []string{"TODO_*"}}, hook.Rule{Events: []string{"COMMENT_*"}, Filter: "current.secret.word == 'x'"})
	slow := s.webhook(t, filtered("current.list.exists(x, current.list.exists(y, x + y < 0))"))
	operational := s.webhook(t, hook.Rule{Events: []string{"webhook.*"}, Filter: "current.secret > 1"})
	require.Zero(t, s.failed(t, quick))
	for i := range 3 {
		s.post(t, fmt.Sprintf("c%d", i), "COMMENT_CREATED", "p1", `{"secret":{"text":"hush"}}`)
	}
	got := s.failed(t, quick)
	require.False(t, got.Last.At.IsZero())
	got.Last.At = s.Now() // whenever
	require.Equal(t, hook.FilterFailures{Count: 3, Rule: 1, Last: hook.FilterFailure{EventID: "c2", Kind: "missing_key", At: got.Last.At}}, got)

	s.post(t, "t1", "TODO_CREATED", "p1", `{"list":[`+strings.Repeat("1,", 2000)+`1]}`)
	_, _, err := s.Happen(context.Background(), quick.ID, hook.Cause{What: hook.ReceiverGone})
	require.NoError(t, err)
	require.Zero(t, s.failed(t, slow), "it is yet to be judged")
	require.Zero(t, s.failed(t, operational))
	s.judgeAll(t)
	got = s.failed(t, slow)
	require.EqualValues(t, 1, got.Count)
	require.Equal(t, "t1", got.Last.EventID)
	require.Equal(t, "cost", got.Last.Kind)
	require.EqualValues(t, 1, s.failed(t, operational).Count)
	require.EqualValues(t, 3, s.failed(t, quick).Count, "nothing is added twice")
}

// TestFailures_BeginAgainWithAChangedRule: neither what was written of the rule as it
// was before counts, nor what is yet to be written.
func TestFailures_BeginAgainWithAChangedRule(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, filtered("current.a.b == 1"), filtered("current.c.d == 1"))
	s.post(t, "e1", "TODO_CREATED", "p1", `{}`)
	require.EqualValues(t, 2, s.failed(t, w).Count)
	s.post(t, "e2", "TODO_CREATED", "p1", `{}`)
	_, err := s.UpdateWebhook(context.Background(), w.ID, 0, func(w *hook.Webhook) error {
		w.Rules = []hook.Rule{filtered("current.?a.b.orValue(0) == 1"), w.Rules[1]}
		return nil
	})
	require.NoError(t, err)
	got := s.failed(t, w)
	require.EqualValues(t, 2, got.Count, "of the rule that stayed")
	require.Equal(t, 1, got.Rule)
	s.post(t, "e3", "TODO_CREATED", "p1", `{}`)
	require.EqualValues(t, 3, s.failed(t, w).Count)
	_, err = s.UpdateWebhook(context.Background(), w.ID, 0, func(w *hook.Webhook) error {
		w.Rules = []hook.Rule{filtered("'a' in changed")}
		return nil
	})
	require.NoError(t, err)
	require.Zero(t, s.failed(t, w))
}

// statements counts what is written, and refuses it while it is broken.
type statements struct {
	store  *store.Store
	mu     sync.Mutex
	n      int
	broken bool
}

func (s *statements) count(ctx context.Context, failures []hook.CountedFailures) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return errors.New("away")
	}
	s.n++
	return s.store.CountFilterFailures(ctx, failures)
}

// TestFailures_CostNoStatementOfAnEvent has 1,200 rules fail on each of 40 events, in
// two processes, one of which can't write for a while.
func TestFailures_CostNoStatementOfAnEvent(t *testing.T) {
	ctx := context.Background()
	s := newStage(t)
	written := &statements{store: s.Store, broken: true}
	engine, err := match.New(match.Options{Store: s.Store, FilterFailed: s.observer.FilterFailed, CountFailures: written.count})
	require.NoError(t, err)
	other := newEngine(t, s.url)
	s.Engine = engine
	const rules, webhooks, events = 50, 24, 20
	var last hook.Webhook
	for range webhooks {
		var failing []hook.Rule
		for i := range rules {
			failing = append(failing, filtered(fmt.Sprintf("current.missing%d == 1", i)))
		}
		last = s.webhook(t, failing...)
	}
	for _, on := range []stage{s, other} {
		for i := range events {
			_, err := on.Ingest(ctx, []hook.Event{{ID: fmt.Sprintf("%p-%d", on.Engine, i), Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(`{}`)}})
			require.NoError(t, err)
		}
	}
	s.judgeAll(t)
	require.Error(t, s.WriteFailures(ctx))
	require.Zero(t, written.n)
	written.broken = false
	require.NoError(t, other.WriteFailures(ctx))
	require.EqualValues(t, 2*events*rules, s.failed(t, last).Count)
	require.Equal(t, 3, written.n, "1,200 rules by 500, whatever the events")
	require.NoError(t, s.WriteFailures(ctx))
	require.Equal(t, 3, written.n, "nothing is left")
}
