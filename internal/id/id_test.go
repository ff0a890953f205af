package id_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/id"
)

func TestIDsGrowWithTimeAndNeverRepeat(t *testing.T) {
	ids := make([]string, 10_000)
	for i := range ids {
		ids[i] = id.New(id.Delivery)
		require.Regexp(t, form, ids[i])
	}
	require.True(t, slices.IsSorted(ids))
	require.Len(t, slices.Compact(ids), len(ids))
}

var form = regexp.MustCompile(`^dlv_[0-9a-v]{26}$`)
