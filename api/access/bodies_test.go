package access

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// TestBodies_AreBoundedForAllAndForOne: a body beyond the bound waits, and its
// request is then refused with Retry-After.
func TestBodies_AreBoundedForAllAndForOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := NewBodies()
		ctx := context.Background()
		first := &Body{bodies: all, who: "a"}
		require.NoError(t, first.grow(ctx, 2*bodyRoom), "one that is alone gets on")
		first.End()
		first.n = 0
		require.NoError(t, first.grow(ctx, bodyShare))
		same, other := &Body{bodies: all, who: "a"}, &Body{bodies: all, who: "b"}
		require.ErrorIs(t, same.grow(ctx, 1), ErrNoRoom)
		require.NoError(t, other.grow(ctx, bodyShare))
		last := &Body{bodies: all, who: "c"}
		require.NoError(t, last.grow(ctx, bodyShare-1))
		waits := make(chan error)
		go func() { waits <- (&Body{bodies: all, who: "d"}).grow(ctx, 2) }()
		synctest.Wait()
		last.End()
		require.NoError(t, <-waits)
		require.Equal(t, 2*bodyShare+2, all.all)
	})
}

// TestBody_WaitsOnceInAll: a body asks for room each time that it doubles, and waited
// anew each time, so that one of 8 MiB had its answer after 8 s.
func TestBody_WaitsOnceInAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := NewBodies()
		slow, beside := &Body{bodies: all, who: "a"}, &Body{bodies: all, who: "a"}
		require.NoError(t, beside.grow(t.Context(), bodyShare))
		began := time.Now()
		time.AfterFunc(bodyPatience-time.Millisecond, func() {
			beside.End()
			beside.n = 0
			if err := beside.grow(t.Context(), bodyShare-1); err != nil {
				t.Error(err)
			}
		})
		require.NoError(t, slow.grow(t.Context(), 1))
		require.ErrorIs(t, slow.grow(t.Context(), 1), ErrNoRoom)
		require.ErrorIs(t, slow.grow(t.Context(), 1), ErrNoRoom)
		require.Equal(t, bodyPatience, time.Since(began))
	})
}

// TestBody_GrowsWithWhatArrives reads bodies in pieces.
func TestBody_GrowsWithWhatArrives(t *testing.T) {
	for _, size := range []int{0, 1, 4 << 10, 4<<10 + 1, freeBody, freeBody + 1, 1 << 20} {
		want := bytes.Repeat([]byte("x"), size)
		for _, announced := range []int64{-1, 0, int64(size)} {
			one := &Body{bodies: NewBodies(), who: "a"}
			got, err := one.read(context.Background(), iotest.HalfReader(bytes.NewReader(want)), announced)
			require.NoError(t, err)
			require.Equal(t, len(want), len(got))
			if announced > 0 {
				require.LessOrEqual(t, cap(got), max(4<<10, size+1))
			}
			require.Equal(t, max(0, cap(got)-freeBody), one.n)
		}
	}
	one := &Body{bodies: NewBodies(), who: "a"}
	got, err := one.read(context.Background(), iotest.DataErrReader(strings.NewReader("{}")), 8<<20)
	require.NoError(t, err)
	require.Equal(t, 4<<10, cap(got), "what was announced costs nothing")
}

// TestBody_ThatIsCompressedIsCounted: a few bytes become many.
func TestBody_ThatIsCompressedIsCounted(t *testing.T) {
	var small bytes.Buffer
	z := gzip.NewWriter(&small)
	_, err := z.Write(bytes.Repeat([]byte(" "), 4<<20))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	one := &Body{bodies: NewBodies(), who: "a"}
	got, err := unzip(&small, 8<<20, func(r io.Reader) ([]byte, error) { return one.read(context.Background(), r, 0) })
	require.NoError(t, err)
	require.Len(t, got, 4<<20)
	require.GreaterOrEqual(t, one.n, 4<<20-freeBody)
}

// TestBodies_KeptAnswersAreCharged: a small request may have a large answer, and with an
// idempotency key that is kept for a day.
func TestBodies_KeptAnswersAreCharged(t *testing.T) {
	all := NewBodies()
	ctx := hook.WithPrincipal(context.Background(), hook.Principal{UserID: "u1"})
	require.Nil(t, all.spent(ctx))
	all.charge(ctx, 2*userBytes.Burst) // no more than there can be
	all.charge(ctx, 1<<20)
	var refused *hook.Error
	require.ErrorAs(t, all.spent(ctx), &refused)
	require.Equal(t, hook.CodeRateLimited, refused.Code)
	require.Positive(t, refused.Wait)
	require.Nil(t, all.spent(hook.WithPrincipal(context.Background(), hook.Principal{UserID: "u2"})))
	operator := hook.WithPrincipal(context.Background(), hook.Principal{KeyID: "k"})
	all.charge(operator, userBytes.Burst)
	all.charge(operator, userBytes.Burst)
	require.Nil(t, all.spent(operator))
}
