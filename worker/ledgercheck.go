package worker

import (
	"context"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/internal/store"
)

const (
	// checkAfterStart is when a process checks the ledger first: it has something
	// better to do at once.
	checkAfterStart = 5 * time.Second
	// startsTogether is how far apart processes may start that make one check.
	startsTogether = time.Minute
	// checkEvery is how often the ledger is checked, by one of all processes.
	checkEvery = time.Hour
	// askEvery is how often a process asks whether it is to be the one.
	askEvery = time.Minute
	// checkBack is what one check covers: each delivery is seen at every hour of
	// its first day.
	checkBack = 25 * time.Hour
	// checkAtOnce is how many deliveries one statement looks at.
	checkAtOnce = 1000
)

// ledgerCheck looks for what must never be: a delivery that has vanished, one
// that nothing will carry on, attempts that are not there. It repairs nothing.
type ledgerCheck struct {
	store *store.Store
	log   *zap.Logger
	asked bool
}

// step checks the ledger if no process has begun to within the last hour; the first
// time, within the last minute.
func (l *ledgerCheck) step(ctx context.Context) (more bool, err error) {
	age := checkEvery
	if !l.asked {
		age = startsTogether
	}
	l.asked = true
	mine, err := l.store.BeginCheck(ctx, age)
	if err != nil || !mine {
		return false, err
	}
	return false, l.check(ctx)
}

func (l *ledgerCheck) check(ctx context.Context) (err error) {
	var c hook.LedgerCheck
	until := time.Now()
	at := hook.Cursor{Time: until.Add(-checkBack)}
	for done := false; !done; {
		if at, done, err = l.store.CheckStep(ctx, &c, at, until, checkAtOnce); err != nil {
			return err
		}
		if !done {
			wait(ctx, nil, briefRest)
		}
	}
	l.report(c)
	return l.store.EndCheck(ctx, c)
}

func (l *ledgerCheck) report(c hook.LedgerCheck) {
	if len(c.Differences) == 0 {
		l.log.Debug("the ledger is in order", zap.Int("checked", c.Checked))
		return
	}
	fields := []zap.Field{zap.Int("checked", c.Checked)}
	for _, kind := range hook.DifferenceKinds {
		if c.Differences[kind] > 0 {
			fields = append(fields, zap.Int(kind, c.Differences[kind]), zap.Strings(kind+"_ids", c.IDs[kind]))
		}
	}
	l.log.Error("the ledger has differences", fields...)
}
