package send

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// TestKeeper_BoundsWhatOneOwnerStores has an owner's receivers answer with the largest
// bodies and headers for a day, as fast as one may.
func TestKeeper_BoundsWhatOneOwnerStores(t *testing.T) {
	now := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	k := newKeeper(func() time.Time { return now })
	largest := hook.Result{StatusCode: 500, Outcome: hook.Failure, ResponseBody: bytes.Repeat([]byte("b"), maxBodyBytes)}
	for range 10 {
		largest.ResponseHeaders = append(largest.ResponseHeaders, hook.Header{Name: "X", Value: strings.Repeat("v", maxValueBytes)})
	}
	size := func(r hook.Result) (n int) {
		for _, h := range r.ResponseHeaders {
			n += len(h.Name) + len(h.Value)
		}
		return n + len(r.ResponseBody)
	}
	const attempts = 24 * 3600
	stored := 0
	for i := range attempts {
		now = now.Add(time.Second)
		got := k.cut("u1", largest)
		stored += size(got)
		if i < 250 {
			require.Equal(t, largest, got)
		}
	}
	require.Less(t, stored, 3<<29+attempts*2*keptAlways)
	require.Equal(t, largest, k.cut("u2", largest), "another owner has its own")

	left := k.limiter(keeping{"u1", false})
	left.AllowN(now, int(left.TokensAt(now)))
	success := largest
	success.Outcome = hook.Success
	require.Equal(t, success, k.cut("u1", success), "failures leave room for successes")
	cut := k.cut("u1", largest)
	require.Equal(t, 500, cut.StatusCode)
	require.Len(t, cut.ResponseBody, keptAlways)
	require.True(t, cut.Truncated)
	require.Empty(t, cut.ResponseHeaders, "none of these fits")
	small := hook.Result{ResponseBody: []byte("ok"), ResponseHeaders: []hook.Header{{Name: "Content-Type", Value: "text/plain"}}}
	require.Equal(t, small, k.cut("u1", small), "a small answer is kept whole")
}

// TestSend_CutsAnswersOfAnOwnerWhoHasStoredMuch goes through a real receiver.
func TestSend_CutsAnswersOfAnOwnerWhoHasStoredMuch(t *testing.T) {
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte("b"), 10<<10))
	}))
	defer receiver.Close()
	s := newSender(t, Options{})
	m := message(receiver.URL)
	m.Webhook.OwnerID = "u1"
	result, err := s.Send(t.Context(), m)
	require.NoError(t, err)
	require.Len(t, result.ResponseBody, 10<<10)
	require.False(t, result.Truncated)
	left := s.keeper.limiter(keeping{"u1", true})
	left.AllowN(time.Now(), int(left.Tokens()))
	result, err = s.Send(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, hook.Success, result.Outcome)
	require.Len(t, result.ResponseBody, keptAlways)
	require.True(t, result.Truncated)
}
