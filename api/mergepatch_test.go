package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMergePatch_OfManyMembersEnds: a patch of 256 KiB took a second while the webhook
// was locked, and one of this size an hour.
func TestMergePatch_OfManyMembersEnds(t *testing.T) {
	const n = 500_000
	var patch strings.Builder
	for i := range n {
		fmt.Fprintf(&patch, `,"f%d":0`, i)
	}
	merged := make(chan []byte, 1)
	go func() { merged <- mergePatch([]byte(`{"f7":1,"kept":2}`), []byte(`{`+patch.String()[1:]+`}`)) }()
	select {
	case got := <-merged:
		require.True(t, strings.HasPrefix(string(got), `{"f7":0,"kept":2,"f0":0,`))
		require.Equal(t, n+1, strings.Count(string(got), ":"))
	case <-time.After(time.Minute):
		t.Fatal("it takes longer than its size explains")
	}
}

// TestPatch_UnknownFieldsAreNotMerged: they are named, each once, before the webhook is
// locked.
func TestPatch_UnknownFieldsAreNotMerged(t *testing.T) {
	s := &server{}
	patch, bad, err := s.checkPatch(t.Context(), []byte(`{"a":1,"name":"W","b":null,"metadata":null}`))
	require.NoError(t, err)
	require.Equal(t, `{"name":"W","metadata":null}`, string(patch))
	require.Len(t, bad, 2)
}

// TestPatch_ThatIsNotAcceptableLocksNothing: 32 patches of 256 KiB were merged and judged
// one after another while the webhook was locked.
func TestPatch_ThatIsNotAcceptableLocksNothing(t *testing.T) {
	c := staged(t)
	made := c.made(`{"owner_id":"u1","name":"W","url":"https://a.example","rules":[{"events":["A"]}]}`)
	other := c.holding(`SELECT FROM webhooks FOR UPDATE`)
	for _, patch := range []string{`{"rules":{"f":0}}`, `{"f":0}`, `{"name":null}`, `{"name":7}`, `{"metadata":[]}`, `{"headers":{"Host":"a"}}`, `{"owner_id":"u2"}`} {
		c.call("PATCH", made, patch).problem(422, "invalid") // or it would wait
	}
	require.NoError(t, other.Rollback())
	c.call("PATCH", made, `{"name":"V"}`).is(200)
}
