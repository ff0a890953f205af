package filter

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestCacheIsBounded(t *testing.T) {
	f, err := New(3)
	require.NoError(t, err)
	s := NewSubject(hook.Event{Type: "A"})
	for i := range 10 {
		require.NoError(t, f.Check(fmt.Sprintf("type == 'checked %d'", i)))
		_, _, err := f.Match(context.Background(), fmt.Sprintf("type == '%d'", i), s)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"type == '7'", "type == '8'", "type == '9'"}, f.cache.Keys())

	_, _, err = f.Match(context.Background(), "nonsense", s)
	require.Error(t, err)
	require.True(t, f.cache.Contains("nonsense"), "a bad source is compiled once, too")
	_, _, err = f.Match(context.Background(), strings.Repeat("x", MaxSource+1), s)
	require.Error(t, err)
	require.Equal(t, 3, f.cache.Len())
	require.True(t, f.cache.Contains("nonsense"), "what is too long is not kept")
}
