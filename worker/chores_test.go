package worker

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"godwit/internal/store"
)

// answers are what one step after another comes to: whether there was more, or an
// error; then there is nothing more. Each takes 300 ms.
type answers struct {
	start time.Time
	next  []any
	at    []time.Duration
}

func (a *answers) step(context.Context) (bool, error) {
	a.at = append(a.at, time.Since(a.start))
	if len(a.next) == 0 {
		return false, nil
	}
	<-time.After(300 * time.Millisecond)
	next := a.next[0]
	a.next = a.next[1:]
	if err, failed := next.(error); failed {
		return false, err
	}
	return next.(bool), nil
}

func TestChore_GoesOnUntilNothingIsLeft(t *testing.T) {
	const step, every = 300 * time.Millisecond, 8 * time.Second
	for name, tc := range map[string]struct {
		rest func(time.Duration) time.Duration
		each time.Duration // from the start of a step to that of the next one
	}{
		"without a rest":       {none, step},
		"with a brief rest":    {brief, step + briefRest},
		"half of the time off": {asLong, 2 * step},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &answers{start: time.Now(), next: []any{true, false, true, errors.New("the database is away"), true}}
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				defer cancel()
				core, logs := observer.New(zap.WarnLevel)
				chore{problem: "it is made later", step: a.step, every: every, rest: tc.rest}.run(ctx, zap.New(core))
				idle, failed := tc.each+step+every, 2*tc.each+2*step+2*every
				require.Equal(t, []time.Duration{0, tc.each, idle, idle + tc.each, failed, failed + tc.each}, a.at)
				require.Equal(t, 1, logs.FilterMessage("it is made later").Len())
			})
		})
	}
}

func TestChore_RestsNoLongerThanASecond(t *testing.T) {
	require.Equal(t, time.Second, asLong(time.Hour))
}

func TestChore_PausesAfterAnErrorHoweverOftenItLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{start: time.Now(), next: []any{errors.New("the database is away")}}
		ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
		defer cancel()
		chore{step: a.step, after: time.Second, every: pollEvery, rest: none}.run(ctx, zap.NewNop())
		const first, again = time.Second, 6*time.Second + 300*time.Millisecond
		require.Equal(t, []time.Duration{first, again, again + pollEvery}, a.at[:3])
	})
}

// TestChores_MakeTheirSteps on a database in which nothing is due, and on one that
// can't be reached.
func TestChores_MakeTheirSteps(t *testing.T) {
	s, _ := newStore(t)
	away := openStore(t, "postgres://nobody@127.0.0.1:1/none?sslmode=disable")
	for _, of := range []*store.Store{s, away} {
		core, logs := observer.New(zap.InfoLevel)
		for _, c := range chores(of, zap.New(core)) {
			more, err := true, error(nil)
			for n := 0; more && err == nil && n < 1000; n++ { // there are stretches of time to count
				more, err = c.step(t.Context())
			}
			require.Equal(t, of == away, err != nil, "%s: %v", c.problem, err)
			require.False(t, more, c.problem)
		}
		require.Empty(t, logs.All())
	}
}

func TestUpTo_AFullStepMayHaveLeftOthers(t *testing.T) {
	for _, n := range []int{0, 9, 10} {
		more, err := upTo(10, func(_ context.Context, limit int) (int, error) { return min(n, limit), nil })(t.Context())
		require.NoError(t, err)
		require.Equal(t, n == 10, more)
	}
}
