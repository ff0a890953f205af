package listen

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNewest_CountsWhatIsNewer(t *testing.T) {
	var n newest
	require.Equal(t, 2, n.note([]int64{7, 5}))
	require.Zero(t, n.note([]int64{7, 5, 0}))
	n.see(delivery{Headers: [][2]string{{"Godwit-Sequence", "9"}}})
	n.see(delivery{})
	require.Equal(t, 2, n.note([]int64{11, 10, 9, 7}))
	require.Zero(t, n.note(nil))
	require.Equal(t, "199", upTo(maxCounted-1))
	require.Equal(t, "200 or more", upTo(maxCounted))
}
