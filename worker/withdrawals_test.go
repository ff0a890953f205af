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

// leavers answers each step by what is next, and notes when it was.
type leavers struct {
	start  time.Time
	next   []error // nil = a step was made
	at     []time.Duration
	looked []time.Duration
	// old is what each look for what is too old finds; expired is when these were.
	old     []int
	expired []time.Duration
}

func (l *leavers) CancelNext(context.Context, time.Duration) (bool, error) { return false, nil }

func (l *leavers) Expire(context.Context) (int, bool, error) {
	l.expired = append(l.expired, time.Since(l.start))
	if len(l.old) == 0 {
		return 0, false, nil
	}
	n := l.old[0]
	l.old = l.old[1:]
	return n, n > 0, nil
}

func (l *leavers) Withdraw(ctx context.Context, _ time.Duration) (bool, error) {
	l.at = append(l.at, time.Since(l.start))
	if len(l.next) == 0 {
		return false, nil
	}
	<-time.After(100 * time.Millisecond) // what a step takes
	err := l.next[0]
	l.next = l.next[1:]
	return err == nil, err
}

func (l *leavers) WithdrawUnowned(context.Context) (int, error) {
	l.looked = append(l.looked, time.Since(l.start))
	return 0, nil
}

func TestWithdrawals_LookForWhatIsTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &leavers{start: time.Now(), old: []int{500, 500, 3, 0}}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		(&worker.Withdrawals{Leavers: l, Cancellations: l, Log: zap.NewNop()}).Run(ctx)
		const poll, every = 250 * time.Millisecond, 2 * time.Second
		require.Equal(t, []time.Duration{0, poll, 2 * poll, 3 * poll, 3*poll + every, 3*poll + 2*every}, l.expired, "at once while there is more")
	})
}

func TestWithdrawals_RestAsLongAsAStepTakesAndGoOnAfterAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &leavers{start: time.Now(), next: []error{nil, nil, errors.New("the database is away"), nil}}
		ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
		defer cancel()
		(&worker.Withdrawals{Leavers: l, Cancellations: l, Log: zap.NewNop()}).Run(ctx)
		const step, poll, pause = 200 * time.Millisecond, 250 * time.Millisecond, 5 * time.Second
		failed := 2*step + step/2
		require.Equal(t, []time.Duration{0, step, 2 * step, failed + pause, failed + pause + step, failed + pause + step + poll}, l.at[:6])
		require.Equal(t, time.Duration(0), l.looked[0])
		require.Len(t, l.looked, 2)
		require.InDelta(t, time.Minute, l.looked[1], float64(time.Second))
	})
}
