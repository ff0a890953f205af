package worker

import (
	"context"
	"time"

	"go.uber.org/zap"

	"godwit/internal/store"
)

const (
	// sweepEvery is how long something may stay that is kept no longer.
	sweepEvery = time.Minute
	// sweepAtOnce is how many rows one statement removes.
	sweepAtOnce = 1000
	// eraseEvery is how often a process looks for erasures that are due. The request
	// that asks for one makes the first steps itself.
	eraseEvery = 5 * time.Second
	// tendEvery is how often a process looks for listeners whose streams have ended. It
	// is how long a listener may count as listening beyond its grace.
	tendEvery = 3 * time.Second
	// tendAtOnce is how many one look takes.
	tendAtOnce = 100
	// countEvery is how often a process looks for something to be counted.
	countEvery = time.Minute
	// foldAtOnce is how many counts of attempts one statement folds.
	foldAtOnce = 1000
	// stepLease is when a withdrawal whose step has failed or was cut off is tried
	// again; stepTimeout bounds the step.
	stepLease   = 30 * time.Second
	stepTimeout = 20 * time.Second
	// unownedEvery is how often a process looks for what nothing would send or end.
	unownedEvery = time.Minute
	// expireEvery is how often a process looks for what waits for too long. So long
	// such a delivery may be listed as waiting, which no attempt is made of.
	expireEvery = 2 * time.Second
	// forgetRulesEvery is how often rules are removed that nothing is judged by any
	// more, and forgetRules how many at once.
	forgetRulesEvery = time.Minute
	forgetRules      = 1000
	// closeEvery is how long a window of a combination may stay beyond its end, and
	// closeAtOnce how many one statement closes.
	closeEvery  = 5 * time.Second
	closeAtOnce = 1000

	// briefRest is what others get of the database between two short statements.
	briefRest = 100 * time.Millisecond
	// longestRest bounds a rest that is as long as the step before it.
	longestRest = time.Second
)

// chore is work in steps. Any number of processes may do it side by side: the
// database gives each step to one of them.
type chore struct {
	// problem is logged with the error of a step, which is tried again.
	problem string
	// step makes one step, and says whether another one may be due at once.
	step func(ctx context.Context) (more bool, err error)
	// after is how long the first step waits.
	after time.Duration
	// every is the pause after a step that leaves nothing to do; after one that failed
	// it is longestPause at least.
	every time.Duration
	// rest gives the pause before the next step by what the last one took.
	rest func(took time.Duration) time.Duration
}

// run makes steps until ctx ends.
func (c chore) run(ctx context.Context, log *zap.Logger) {
	wait(ctx, nil, c.after)
	for ctx.Err() == nil {
		began := time.Now()
		more, err := c.step(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			log.Warn(c.problem, zap.Error(err))
			wait(ctx, nil, max(c.every, longestPause))
		case more:
			wait(ctx, nil, c.rest(time.Since(began)))
		default:
			wait(ctx, nil, c.every)
		}
	}
}

// none, brief and asLong are rests. asLong leaves half of the time to what else uses
// the database.
func none(time.Duration) time.Duration        { return 0 }
func brief(time.Duration) time.Duration       { return briefRest }
func asLong(took time.Duration) time.Duration { return min(took, longestRest) }

// chores lists what each process does beside deliveries.
func chores(s *store.Store, log *zap.Logger) []chore {
	const uncounted = "what reports show was not counted; it is read instead until it is"
	return []chore{
		{problem: "what is kept no longer is removed later", every: sweepEvery, rest: brief, step: upTo(sweepAtOnce, s.Forget)},
		{problem: "an erasure does not go on; it is tried again", every: eraseEvery, rest: brief, step: s.EraseStep},
		{problem: "listeners without a stream are looked at again later", every: tendEvery, rest: none, step: upTo(tendAtOnce, s.TendListeners)},
		{problem: uncounted, every: countEvery, rest: none, step: s.Count},
		{problem: uncounted, every: countEvery, rest: brief, step: upTo(foldAtOnce, s.FoldHealth)},
		{problem: "a step that holds or cancels deliveries has failed, it is made again", every: quietPoll, rest: asLong, step: within(stepTimeout, withdrawal(s))},
		{problem: "look for deliveries without an owner", every: unownedEvery, rest: none, step: within(stepTimeout, unowned(s, log))},
		{problem: "look for deliveries that have waited for too long", every: expireEvery, rest: brief, step: within(stepTimeout, expiry(s, log))},
		{problem: "the check of the ledger has not ended", after: checkAfterStart, every: askEvery, rest: none, step: (&ledgerCheck{store: s, log: log}).step},
		{problem: "windows of combinations are closed later", every: closeEvery, rest: brief, step: upTo(closeAtOnce, s.CloseWindows)},
		{problem: "forget rules that were taken from their webhooks", every: forgetRulesEvery, rest: none, step: func(ctx context.Context) (bool, error) {
			return false, s.ForgetRetiredRules(ctx, forgetRules)
		}},
	}
}

// upTo makes steps of up to limit rows; a full one may have left others.
func upTo(limit int, step func(ctx context.Context, limit int) (int, error)) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		n, err := step(ctx, limit)
		return n == limit, err
	}
}

// within bounds what a step takes.
func within(d time.Duration, step func(context.Context) (bool, error)) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		return step(ctx)
	}
}

// withdrawal makes the steps of what switches, deletions and lost memberships have
// left to be done, and of cancellations of many.
func withdrawal(s *store.Store) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		if made, err := s.Withdraw(ctx, stepLease); made || err != nil {
			return made, err
		}
		return s.CancelNext(ctx, stepLease)
	}
}

// unowned looks for what nothing would send or end. There should be none.
func unowned(s *store.Store, log *zap.Logger) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		n, err := s.WithdrawUnowned(ctx)
		if n > 0 && err == nil {
			log.Warn("webhooks that are off or deleted had deliveries waiting, which are now held or cancelled", zap.Int("webhooks", n))
		}
		return false, err
	}
}

// expiry ends what waits for too long.
func expiry(s *store.Store, log *zap.Logger) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		n, more, err := s.Expire(ctx)
		if n > 0 && err == nil {
			log.Info("deliveries have waited longer than their webhooks allow and are not sent", zap.Int("deliveries", n))
		}
		return more, err
	}
}
