package worker_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"godwit/internal/hook"
	"godwit/worker"
)

// books is a ledger of several steps that is checked.
type books struct {
	mu    sync.Mutex
	began []time.Time
	steps int
	ended []hook.LedgerCheck
	// differ is found in the second step of each check; fail ends it there.
	differ bool
	fail   error
}

func (b *books) BeginCheck(_ context.Context, age time.Duration) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.began); n > 0 && time.Since(b.began[n-1]) < age {
		return false, nil
	}
	b.began = append(b.began, time.Now())
	return true, nil
}

func (b *books) CheckStep(_ context.Context, c *hook.LedgerCheck, after hook.Cursor, until time.Time, limit int) (hook.Cursor, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.steps++
	c.Checked += limit
	if b.steps%3 == 2 {
		if b.differ {
			c.Found(hook.DifferenceDeliveries, "e1")
		}
		return after, false, b.fail
	}
	after.Time = after.Time.Add(time.Hour)
	return after, b.steps%3 == 0, nil
}

func (b *books) EndCheck(_ context.Context, c hook.LedgerCheck) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = append(b.ended, c)
	return nil
}

func TestTheLedgerIsCheckedSoonAndThenEveryHourByOneOfSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &books{}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour+30*time.Minute)
		defer cancel()
		start := time.Now()
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() { (&worker.LedgerCheck{Ledger: b, Log: zap.NewNop()}).Run(ctx) })
		}
		group.Wait()
		var at []time.Duration
		for _, began := range b.began {
			at = append(at, began.Sub(start).Round(5*time.Minute))
		}
		require.Equal(t, []time.Duration{0, time.Hour, 2 * time.Hour, 3 * time.Hour}, at)
		require.Equal(t, slices.Repeat([]hook.LedgerCheck{{Checked: 3000}}, 4), b.ended)
	})
}

func TestDifferencesAreLoggedWithIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &books{differ: true}
		core, logs := observer.New(zap.DebugLevel)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		(&worker.LedgerCheck{Ledger: b, Log: zap.New(core)}).Run(ctx)
		entries := logs.All()
		require.Len(t, entries, 1)
		require.Equal(t, zap.ErrorLevel, entries[0].Level)
		require.Equal(t, map[string]any{"checked": int64(3000), "deliveries": int64(1), "deliveries_ids": []any{"e1"}}, entries[0].ContextMap())
	})
}

func TestACheckThatBreaksOffKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &books{fail: errors.New("the database is away")}
		core, logs := observer.New(zap.WarnLevel)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
		defer cancel()
		(&worker.LedgerCheck{Ledger: b, Log: zap.New(core)}).Run(ctx)
		require.Empty(t, b.ended)
		require.Len(t, logs.All(), 1)
	})
}
