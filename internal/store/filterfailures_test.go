package store_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// TestFilterFailures_OfManyProcessesAddUp has processes write about the same rules at
// once, each in another order, the last failure not with the last write.
func TestFilterFailures_OfManyProcessesAddUp(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	var rules []hook.Rule
	for range hook.MaxRules {
		rules = append(rules, hook.Rule{Events: []string{"*"}, Filter: "current.a == 1"})
	}
	w := s.webhook(t, rules...)
	first := s.number(t, `SELECT min(id) FROM rules`)
	latest := s.Now().UTC().Truncate(time.Microsecond)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			var counted []hook.CountedFailures
			for r := range len(rules) {
				f := hook.FilterFailure{RuleID: int64(first + r), EventID: "old", Kind: "type", At: latest.Add(-time.Hour)}
				if i == 0 && r == 7 {
					f.EventID, f.Kind, f.At = "new", "cost", latest
				}
				counted = append(counted, hook.CountedFailures{FilterFailure: f, Count: 2})
			}
			if i%2 == 1 {
				slices.Reverse(counted)
			}
			for range 5 {
				if err := s.CountFilterFailures(ctx, counted); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	require.NoError(t, s.Reach(ctx, &w))
	require.Equal(t, hook.FilterFailures{Count: int64(8 * 5 * 2 * len(rules)), Rule: 7, Last: hook.FilterFailure{EventID: "new", Kind: "cost", At: latest}}, w.FilterFailures)

	require.NoError(t, s.CountFilterFailures(ctx, []hook.CountedFailures{{FilterFailure: hook.FilterFailure{RuleID: 1 << 40, EventID: "e", Kind: "type", At: latest}, Count: 1}}))
	require.Equal(t, len(rules), s.number(t, `SELECT count(*) FROM filter_failures`), "a rule that is gone is not counted")
	pgtest.Exec(t, s.url, `UPDATE filter_failures SET last_at = now() - interval '31 days' WHERE rule_id <> $1`, first)
	s.retain(t, len(rules))
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM filter_failures`))
}
