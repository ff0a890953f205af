package filter_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/filter"
)

// TestQuick_EndsWhereSomebodyWaits: what takes longer is not false but unknown.
func TestQuick_EndsWhereSomebodyWaits(t *testing.T) {
	f, s := newFilters(t), longEvent()
	for source, want := range map[string]struct {
		plain bool
		err   error
	}{
		"current.a == 'b'":                           {plain: true},
		"current.a.startsWith('b')":                  {},
		"current.items.exists(i, i.x == -1)":         {err: filter.ErrSlow},
		"current.items.exists(i, i.x == -1) || true": {err: filter.ErrSlow},
		"current.a.matches('(a|aa)*(b|c){300}$')":    {err: filter.ErrSlow},
		"current.items == previous.items":            {err: filter.ErrSlow},
	} {
		quick := f.Quick(source)
		require.Equal(t, want.plain, quick.Plain(), source)
		_, cost, err := quick.Match(context.Background(), s)
		require.ErrorIs(t, err, want.err, source)
		require.LessOrEqual(t, cost, uint64(filter.QuickCost+1000), source)
	}
	_, _, err := f.Quick("current.no.such == 1").Match(context.Background(), s)
	require.NotErrorIs(t, err, filter.ErrSlow)
	require.Error(t, err)
	_, _, err = f.Quick("nonsense(").Match(context.Background(), s)
	require.Error(t, err)
}
