package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPacedLoadDoesNotWaitForAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex
		sent := map[string]time.Duration{}
		shots := load{prefix: "e", n: 4}.paced(t.Context(), 10, func(ctx context.Context, id string) error {
			mu.Lock()
			sent[id] = time.Since(began)
			mu.Unlock()
			pause(ctx, time.Minute) // an answer that is far slower than the rate
			return nil
		})
		require.Equal(t, map[string]time.Duration{
			"e-0": 0, "e-1": 100 * time.Millisecond, "e-2": 200 * time.Millisecond, "e-3": 300 * time.Millisecond,
		}, sent)
		for _, s := range shots {
			require.Equal(t, time.Minute, s.took)
			require.Zero(t, s.late)
		}
	})
}

func TestFlatOutSendsAllWithSoManyAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		shots := load{prefix: "e", n: 100}.flatOut(t.Context(), 8, func(ctx context.Context, _ string) error {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			pause(ctx, time.Second)
			now.Add(-1)
			return nil
		})
		require.EqualValues(t, 8, most.Load())
		seen := map[string]bool{}
		for _, s := range shots {
			seen[s.id] = true
		}
		require.Len(t, seen, 100)
		require.NoError(t, firstError(shots))
	})
}

func TestFirstErrorCountsAll(t *testing.T) {
	refused := errors.New("refused")
	err := firstError([]shot{{}, {err: refused}, {err: errors.New("another")}})
	require.ErrorIs(t, err, refused)
	require.ErrorContains(t, err, "2 of 3 requests failed")
}
