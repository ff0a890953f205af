package main

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/filter"
	"godwit/internal/hook"
)

// TestOneFilterIsTrue asks the filters of each case what the section asks them.
func TestOneFilterIsTrue(t *testing.T) {
	filters, err := filter.New(manyFilters)
	require.NoError(t, err)
	for _, c := range filterCases() {
		subject := filter.NewSubject(hook.Event{Type: c.Type, ProjectID: "p", OccurredAt: time.Unix(1, 0), Previous: state("open"), Current: state("done")})
		rules, asked, matches := 0, map[string]bool{}, 0
		for _, w := range c.subscriptions("p", "http://127.0.0.1") {
			require.False(t, w.Enabled, "what matches is held")
			rules += len(w.Rules)
			for _, r := range w.Rules {
				require.Equal(t, []string{c.Type}, r.Events)
				if r.Filter == "" {
					matches++
					continue
				}
				asked[r.Filter] = true
				ok, _, err := filters.Match(context.Background(), r.Filter, subject)
				require.NoError(t, err)
				if ok {
					matches++
				}
			}
		}
		require.Equal(t, c.Webhooks*c.Rules, rules)
		require.Len(t, asked, c.Filters, "each filter is another one")
		require.Equal(t, c.Matches, matches, c.Type)
	}
}

func TestFalseFiltersFailInTheirLastCondition(t *testing.T) {
	filters, err := filter.New(1)
	require.NoError(t, err)
	e := hook.Event{Previous: state("open"), Current: state("done")}
	for _, condition := range []string{"'status' in changed", "current.amount > 100 * 1000", "current.priority == 'p1000'"} {
		ok, _, err := filters.Match(context.Background(), condition, filter.NewSubject(e))
		require.NoError(t, err)
		require.True(t, ok, condition)
	}
}

func TestFiltersAreComparedWithNone(t *testing.T) {
	none := filtersResult{ingestCost: ingestCost{Accepted: spread{P50: 1.5}, Blocks: 10}}
	r := filtersResult{filterCase: filterCase{Filters: 1_000}, ingestCost: ingestCost{Accepted: spread{P50: 4.5}, Blocks: 25}}
	r.compare(none)
	require.Equal(t, 3.0, r.Over)
	require.Equal(t, 3.0, r.PerFilter, "microseconds")
	require.Equal(t, 3.0, r.Ratio)
	require.Equal(t, 2.5, r.BlocksRatio)
	plain := filtersResult{ingestCost: ingestCost{Accepted: spread{P50: 2}}}
	plain.compare(none)
	require.Zero(t, plain.PerFilter)
}

// TestFiltersAreFlatInTheJSON keeps the figures beside what they are of.
func TestFiltersAreFlatInTheJSON(t *testing.T) {
	text, err := json.Marshal(filtersResult{filterCase: filterCase{Webhooks: 20}, ingestCost: ingestCost{Statements: 3}, Over: 2})
	require.NoError(t, err)
	var kept map[string]any
	require.NoError(t, json.Unmarshal(text, &kept))
	for name, want := range map[string]float64{"webhooks": 20, "statements": 3, "over_none_ms": 2} {
		require.Equal(t, want, kept[name], name)
	}
}
