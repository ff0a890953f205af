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

// erasures answers each step by what is next, and notes when it was made.
type erasures struct {
	start time.Time
	next  []any // whether there was more, or an error
	at    []time.Duration
}

func (e *erasures) EraseStep(context.Context) (bool, error) {
	e.at = append(e.at, time.Since(e.start))
	if len(e.next) == 0 {
		return false, nil
	}
	next := e.next[0]
	e.next = e.next[1:]
	if err, failed := next.(error); failed {
		return false, err
	}
	return next.(bool), nil
}

func TestErase_GoesOnUntilNothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &erasures{start: time.Now(), next: []any{true, errors.New("the database is away"), true, false}}
		ctx, cancel := context.WithTimeout(context.Background(), 12*time.Second)
		defer cancel()
		(&worker.Erase{Erasures: e, Log: zap.NewNop()}).Run(ctx)
		const pause, look = 100 * time.Millisecond, 5 * time.Second
		require.Equal(t, []time.Duration{0, pause, look + pause, look + 2*pause, 2*look + 2*pause}, e.at)
	})
}
