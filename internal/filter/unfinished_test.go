package filter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/filter"
)

// TestCheck_TellsUnfinishedFromWrong: while its author is writing, a filter is the
// beginning of one.
func TestCheck_TellsUnfinishedFromWrong(t *testing.T) {
	filters, err := filter.New(10)
	require.NoError(t, err)
	for source, unfinished := range map[string]bool{
		"current.": true, "current.id ==": true, "current.id == 'x": true, "has(current.id": true, "type in ['A',": true, "type == 'A' && ": true, "(type == 'A'\n": true, "type ==\n\t": true,
		"current.id = 1": false, "type == 'A')": false, "type == 'A' and type == 'B'": false, "type == 1": false, "nope == 'x'": false,
	} {
		var fault *filter.Error
		require.ErrorAs(t, filters.Check(source), &fault, source)
		require.Equal(t, unfinished, fault.Unfinished, "%s: %s", source, fault)
		require.Positive(t, fault.Line)
		require.Positive(t, fault.Column)
	}
}
