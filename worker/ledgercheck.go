package worker

import (
	"context"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
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
	// checkAtOnce is how many deliveries one statement looks at, and checkPause
	// what deliveries get of the database in between.
	checkAtOnce = 1000
	checkPause  = 100 * time.Millisecond
)

// Ledger can be checked.
type Ledger interface {
	// BeginCheck says whether this process is the one to check, because nobody
	// began to within the last age.
	BeginCheck(ctx context.Context, age time.Duration) (bool, error)
	// CheckStep looks at some deliveries after a place and gives the next place.
	CheckStep(ctx context.Context, c *hook.LedgerCheck, after hook.Cursor, until time.Time, limit int) (next hook.Cursor, done bool, err error)
	// EndCheck keeps what was found.
	EndCheck(ctx context.Context, c hook.LedgerCheck) error
}

// LedgerCheck looks for what must never be: a delivery that has vanished, one
// that nothing will carry on, attempts that are not there. It repairs nothing.
type LedgerCheck struct {
	Ledger Ledger
	Log    *zap.Logger
}

// Run checks soon after the start and then every hour, in one process of all,
// until ctx ends.
func (l *LedgerCheck) Run(ctx context.Context) {
	wait(ctx, nil, checkAfterStart)
	for age := startsTogether; ctx.Err() == nil; age = checkEvery {
		if err := l.round(ctx, age); err != nil && ctx.Err() == nil {
			l.Log.Warn("the check of the ledger has not ended", zap.Error(err))
		}
		wait(ctx, nil, askEvery)
	}
}

// round checks the ledger if it is this process's turn.
func (l *LedgerCheck) round(ctx context.Context, age time.Duration) error {
	mine, err := l.Ledger.BeginCheck(ctx, age)
	if err != nil || !mine {
		return err
	}
	var c hook.LedgerCheck
	until := time.Now()
	at := hook.Cursor{Time: until.Add(-checkBack)}
	for done := false; !done; {
		if at, done, err = l.Ledger.CheckStep(ctx, &c, at, until, checkAtOnce); err != nil {
			return err
		}
		if !done {
			wait(ctx, nil, checkPause)
		}
	}
	l.report(c)
	return l.Ledger.EndCheck(ctx, c)
}

func (l *LedgerCheck) report(c hook.LedgerCheck) {
	if len(c.Differences) == 0 {
		l.Log.Debug("the ledger is in order", zap.Int("checked", c.Checked))
		return
	}
	fields := []zap.Field{zap.Int("checked", c.Checked)}
	for _, kind := range hook.DifferenceKinds {
		if c.Differences[kind] > 0 {
			fields = append(fields, zap.Int(kind, c.Differences[kind]), zap.Strings(kind+"_ids", c.IDs[kind]))
		}
	}
	l.Log.Error("the ledger has differences", fields...)
}
