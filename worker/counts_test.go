package worker_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"godwit/worker"
)

// counters are how much there is to count and to fold, and when it was done.
type counters struct {
	start           time.Time
	stretches, fold int
	away            bool
	counted, folded []time.Duration
}

func (c *counters) Count(context.Context) (bool, error) {
	if c.away {
		c.away = false
		return false, errors.New("the database is away")
	}
	if c.stretches == 0 {
		return false, nil
	}
	c.stretches--
	c.counted = append(c.counted, time.Since(c.start))
	return true, nil
}

func (c *counters) FoldHealth(_ context.Context, limit int) (int, error) {
	n := min(limit, c.fold)
	if c.fold -= n; n > 0 {
		c.folded = append(c.folded, time.Since(c.start))
	}
	return n, nil
}

func TestCounts_GoOnUntilNothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counters{start: time.Now(), stretches: 3, fold: 1500, away: true}
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		(&worker.Counts{Counters: c, Log: zap.NewNop()}).Run(ctx)
		require.Equal(t, []time.Duration{time.Minute, time.Minute, time.Minute}, c.counted, "after the error")
		require.Equal(t, []time.Duration{time.Minute, time.Minute + 100*time.Millisecond}, c.folded)
	})
}
