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

// outdated answers each sweep by what is next, and notes when it was.
type outdated struct {
	start time.Time
	next  []any // a count or an error
	at    []time.Duration
}

func (o *outdated) Forget(_ context.Context, limit int) (int, error) {
	o.at = append(o.at, time.Since(o.start))
	if len(o.next) == 0 {
		return 0, nil
	}
	next := o.next[0]
	o.next = o.next[1:]
	if err, failed := next.(error); failed {
		return 0, err
	}
	return min(next.(int), limit), nil
}

func TestSweepGoesOnUntilNothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outdated{start: time.Now(), next: []any{1000, 999, errors.New("the database is away"), 1000}}
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		(&worker.Sweep{Outdated: o, Log: zap.NewNop()}).Run(ctx)
		const pause = 100 * time.Millisecond
		require.Equal(t, []time.Duration{0, pause, time.Minute + pause, 2*time.Minute + pause, 2*time.Minute + 2*pause}, o.at)
	})
}
