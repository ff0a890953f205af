package worker

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/ops"
	"godwit/workflows"
)

const (
	// aloneUnderWay is how many workflows for one delivery each are started at one
	// moment. What comes in the meantime shares the next one, up to a full one: more would
	// cost Temporal, and all that runs beside it, more than they carry.
	aloneUnderWay = 2
	// alonePerSecond is how many of them a process starts in a second, after a quiet
	// second as many at once: each costs Temporal and its database some 9 ms of a
	// processor, so what comes faster shares.
	alonePerSecond = 20
	// carriersUnderWay is how many are started at one moment, those that are full
	// included.
	carriersUnderWay = 4
	// gatherFor is how long those that share a workflow are gathered, unless it is
	// full before; nothing but the workflow waits for it. When fewer than fewGathered
	// came in that time, fewer than alonePerSecond come, and they need not share any more.
	gatherFor   = 200 * time.Millisecond
	fewGathered = 4
	// maxWaiting is how many deliveries may wait for a workflow in memory. Those
	// beyond get theirs when they are due again.
	maxWaiting = 10_000
)

// errNotReady: nothing was started, since Temporal was away until the stop.
var errNotReady = errors.New("waited for Temporal until the stop")

// toStart is a delivery that is to have a workflow.
type toStart struct {
	claim hook.Claim
	// first is the attempt that this process makes in the meantime; nil = none.
	first *activities.First
}

// starts starts workflows for deliveries: one for each while they can be started
// as fast as deliveries come, else one for many.
type starts struct {
	starter Starter
	ledger  Ledger
	ready   func() bool // see Dispatcher.Ready
	alone   bool        // see Dispatcher.Alone
	log     *zap.Logger

	quiet *rate.Limiter // of workflows for one delivery each

	mu       sync.Mutex
	waiting  []toStart
	underWay int
	// gathering: deliveries share workflows. One start at least is under way then.
	gathering bool
	// plain: Temporal has refused a workflow for more than workflows.PlainBatch.
	plain bool
	group sync.WaitGroup
}

// room is how many more deliveries may wait.
func (s *starts) room() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(0, maxWaiting-len(s.waiting))
}

// add has a workflow started. It does not wait.
func (s *starts) add(ctx context.Context, t toStart) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.gathering && s.underWay < aloneUnderWay && (s.alone || s.quiet.Allow()) {
		s.underWay++
		s.group.Go(func() { s.run(ctx, []toStart{t}) })
		return
	}
	s.gathering = true
	t.told("")
	if len(s.waiting) == maxWaiting {
		return
	}
	s.waiting = append(s.waiting, t)
	switch {
	case len(s.waiting) >= s.most() && s.underWay < carriersUnderWay:
		s.underWay++
		full := s.cut()
		s.group.Go(func() { s.run(ctx, full) })
	case s.underWay == 0:
		s.underWay++
		s.group.Go(func() { s.run(ctx, s.next(ctx)) })
	}
}

// run starts workflows until nothing waits. When ctx has ended it goes on only
// as long as Temporal takes them.
func (s *starts) run(ctx context.Context, next []toStart) {
	complaints := ops.NewComplaints(s.log, "starting workflows pauses")
	for pause := time.Duration(0); len(next) > 0; {
		err := errNotReady
		if s.awaitReady(ctx) {
			err = s.start(context.WithoutCancel(ctx), next)
		}
		switch {
		case err == nil:
			pause = 0
			complaints.Over()
			next = s.next(ctx)
		case ctx.Err() != nil:
			s.leave()
			return // they are due again by themselves
		default:
			pause = min(max(2*pause, pollEvery), longestPause)
			complaints.Add(err)
			wait(ctx, nil, pause)
		}
	}
}

// awaitReady waits until Temporal can be asked; false = ctx ended before.
func (s *starts) awaitReady(ctx context.Context) bool {
	for !s.ready() {
		if ctx.Err() != nil {
			return false
		}
		wait(ctx, nil, pollEvery)
	}
	return true
}

// leave ends a run. The last one ends the gathering.
func (s *starts) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left()
}

func (s *starts) left() {
	if s.underWay--; s.underWay == 0 {
		s.gathering = false
	}
}

// next gives those that share the next workflow. When there are none, or another
// run gathers them, this one is over.
func (s *starts) next(ctx context.Context) []toStart {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) >= s.most() {
		return s.cut()
	}
	if !s.gathering || s.underWay > 1 {
		s.left()
		return nil
	}
	s.mu.Unlock()
	wait(ctx, nil, gatherFor)
	s.mu.Lock()
	if len(s.waiting) < fewGathered {
		s.gathering = false
	}
	if len(s.waiting) == 0 {
		s.left()
		return nil
	}
	return s.cut()
}

// most is how many may share a workflow.
func (s *starts) most() int {
	switch {
	case s.alone:
		return 1
	case s.plain:
		return workflows.PlainBatch
	}
	return workflows.MaxBatch
}

// cut takes those that have waited longest, as many as may share a workflow.
func (s *starts) cut() []toStart {
	n := min(len(s.waiting), s.most())
	next := s.waiting[:n:n]
	if s.waiting = s.waiting[n:]; len(s.waiting) == 0 {
		s.waiting = nil
	}
	return next
}

// start starts one workflow for all of them. The error is that Temporal can't
// take it now: the same ones are to be tried again, since it may have come
// through.
func (s *starts) start(ctx context.Context, all []toStart) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	batch, runID, err := s.startOne(ctx, all)
	if errors.Is(err, workflows.ErrRefused) && len(all) > workflows.PlainBatch {
		return s.startSmaller(ctx, all, err)
	}
	if errors.Is(err, workflows.ErrRefused) {
		// Not to be had by waiting: it is tried again when they are due again.
		s.log.Error("a workflow can't be started", zap.String("delivery_id", all[0].claim.DeliveryID), zap.Int("deliveries", len(all)), zap.Error(err))
		return nil
	}
	for _, t := range all {
		t.told(runID)
	}
	if err == nil {
		s.group.Go(func() { s.note(batch, runID, all) })
	}
	return err
}

// startSmaller starts several workflows where Temporal refuses one for all, and
// leaves it at that size from then on.
func (s *starts) startSmaller(ctx context.Context, all []toStart, refusal error) error {
	s.mu.Lock()
	s.plain = true
	s.mu.Unlock()
	s.log.Info("workflows carry fewer deliveries than they could", zap.Int("refused", len(all)), zap.Int("at_most", workflows.PlainBatch), zap.Error(refusal))
	for part := range slices.Chunk(all, workflows.PlainBatch) {
		if err := s.start(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

func (s *starts) startOne(ctx context.Context, all []toStart) (batch, runID string, err error) {
	if len(all) > 1 {
		claims := make([]hook.Claim, len(all))
		for i, t := range all {
			claims[i] = t.claim
		}
		return s.starter.StartBatch(ctx, claims)
	}
	runID, err = s.starter.StartDeliver(ctx, all[0].claim)
	if errors.Is(err, workflows.ErrClosed) {
		err = nil // it had its workflow
	}
	return "", runID, err
}

// told tells the attempt which run carries its delivery.
func (t toStart) told(runID string) {
	if t.first != nil {
		t.first.Carry(runID)
	}
}

// note writes down which workflow carries the deliveries, unless the end of the
// attempt did.
func (s *starts) note(batch, runID string, all []toStart) {
	if batch == "" && all[0].first != nil && all[0].first.Noted() {
		return
	}
	carried := make([]hook.Carried, len(all))
	for i, t := range all {
		carried[i] = hook.Carried{DeliveryID: t.claim.DeliveryID, Generation: t.claim.Generation, Batch: batch, RunID: runID}
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := s.ledger.Carried(ctx, carried); err != nil {
		// They are due again by themselves, and found to have their workflow.
		s.log.Warn("note which workflow carries deliveries", zap.Int("deliveries", len(all)), zap.Error(err))
	}
}
