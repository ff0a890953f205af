package filter_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// The web app writes comparisons that ask for null first: a field that is there and
// holds nothing must not make a filter fail, nor what is looked for inside of it.
func TestMatch_ComparisonsThatAskForNullFirst(t *testing.T) {
	f, s := newFilters(t), subject(`{"none":null,"list":null}`, `{"none":null,"list":null,"total":12,"inner":{"size":3}}`)
	for source, want := range map[string]bool{
		`has(current.total) && current.total != null && current.total > 10`:                                                                     true,
		`has(current.none) && current.none != null && current.none > 10`:                                                                        false,
		`has(current.none) && current.none != null && current.none <= 10`:                                                                       false,
		`has(current.absent) && current.absent != null && current.absent == 1`:                                                                  false,
		`has(current.inner) && current.inner != null && has(current.inner.size) && current.inner.size != null && current.inner.size == 3`:       true,
		`has(current.list) && current.list != null && has(current.list.size) && current.list.size != null && current.list.size > 1`:             false,
		`!(has(current.list) && current.list != null && has(current.list.title) && current.list.title != null) || current.list.title == ''`:     true,
		`!(has(current.total) && current.total != null) || current.total == ''`:                                                                 false,
		`has(previous.none) && previous.none != null && has(current.none) && current.none != null && current.none > previous.none`:              false,
		`has(previous.total) && previous.total != null && has(current.total) && current.total != null && current.total >= previous.total * 1.2`: false,
	} {
		got, _, err := f.Match(context.Background(), source, s)
		require.NoError(t, err, source)
		require.Equal(t, want, got, source)
	}
	_, _, err := f.Match(context.Background(), `has(current.none) && current.none > 10`, s)
	require.Error(t, err)
}
