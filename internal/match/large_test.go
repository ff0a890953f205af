package match

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/store"
)

// TestJudge_LargeEventsWaitForAPlace: 32 events of 256 KB at once took 265 MiB to
// read for filters.
func TestJudge_LargeEventsWaitForAPlace(t *testing.T) {
	unused, err := store.Open("postgres://127.0.0.1:1/none", nil, store.Options{}) // it is never asked
	require.NoError(t, err)
	t.Cleanup(func() { _ = unused.Close() })
	e, err := New(Options{Store: unused})
	require.NoError(t, err)
	e.rules.Add(1, hook.StoredRule{ID: 1, Rule: hook.Rule{Filter: "current.n == 1"}})
	ask := func(ctx context.Context, state string, inTransaction bool) (hook.Choice, error) {
		event := &hook.Event{ID: "e1", Current: []byte(state)}
		return e.judge(ctx, hook.Offer{Candidates: []hook.Candidate{{Event: event, WebhookID: "w", RuleID: 1}}, InTransaction: inTransaction})
	}
	large := `{"n":1,"a":"` + strings.Repeat("x", largeSubject) + `"}`
	for range cap(e.large) {
		e.large <- struct{}{}
	}
	got, err := ask(context.Background(), `{"n":1}`, false)
	require.NoError(t, err)
	require.Len(t, got.Matches, 1, "a small one needs no place")
	got, err = ask(context.Background(), large, true)
	require.NoError(t, err)
	require.Empty(t, got.Matches)
	require.Len(t, got.Deferred, 1, "a transaction does not wait")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = ask(ctx, large, false)
	require.ErrorIs(t, err, context.Canceled)
	waits := make(chan hook.Choice)
	go func() { got, _ := ask(context.Background(), large, false); waits <- got }()
	<-e.large
	require.Len(t, (<-waits).Matches, 1)
	require.Len(t, e.large, cap(e.large)-1, "and gives it back")
}
