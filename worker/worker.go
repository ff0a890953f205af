package worker

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/store"
	"godwit/workflows"
)

// slots is how many tasks of Temporal one process has under way at a time: one for
// each attempt that there may be, and as many for what is no attempt or waits to be
// refused, so that attempts that hang leave some to all else. A task waits, so it
// costs memory, not CPU.
const slots = 2 * hook.MaxInFlight

// Worker runs the Temporal worker of one process, and the loops that start and
// tell workflows.
type Worker struct {
	Temporal   client.Client
	Namespace  string
	Activities *activities.Activities
	Dispatcher *Dispatcher
	Judging    *Judging
	// Store is where the work beside deliveries is found, and Starter tells workflows
	// of it.
	Store   *store.Store
	Starter *workflows.Client
	// WakeWindows says that a window of a combination is due; nil = only time does.
	WakeWindows <-chan struct{}
	// Notices is nil where no mail is sent.
	Notices *Notices
	// StopTimeout is how long attempts under way may go on after Run's context ended.
	StopTimeout time.Duration
	Log         *zap.Logger

	started atomic.Bool
}

// HasRoom says whether a first attempt could begin now.
func (w *Worker) HasRoom() bool { return w.Dispatcher.Attempts.Room().Limit > 0 }

// Started says whether the worker takes tasks from Temporal.
func (w *Worker) Started() bool { return w.started.Load() }

// Run works until ctx ends and what is under way has finished, or StopTimeout
// has passed. First attempts, combinations, mail and the looking after the ledger need
// no Temporal; the rest waits until it can be reached.
func (w *Worker) Run(ctx context.Context) {
	w.Dispatcher.Ready = w.Started
	var loops sync.WaitGroup
	loops.Go(func() { w.Dispatcher.Run(ctx) })
	loops.Go(func() { w.Judging.Run(ctx) })
	for _, c := range chores(w.Store, w.Log) {
		loops.Go(func() { c.run(ctx, w.Log) })
	}
	loops.Go(func() { windows(w.Store, w.Activities, w.WakeWindows, w.Log).run(ctx) })
	if w.Notices != nil {
		loops.Go(func() { w.Notices.Run(ctx) })
	}
	var firsts sync.WaitGroup
	firsts.Go(func() {
		<-ctx.Done()
		loops.Wait() // then no attempt begins any more
		activities.FirstsOf(w.Activities).Stop(w.StopTimeout)
	})
	for ctx.Err() == nil {
		if err := w.session(ctx, &loops); err != nil {
			w.Log.Error("the Temporal worker ended, it is started anew", zap.Error(err))
		}
	}
	firsts.Wait()
}

// session works until ctx ends, or until the Temporal worker meets something
// that the SDK does not go on after. It would end in silence otherwise. beside
// are loops that go on after it, and end with ctx.
func (w *Worker) session(ctx context.Context, beside *sync.WaitGroup) error {
	alive, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	running := w.connect(alive, fail)
	if running == nil {
		return nil
	}
	w.started.Store(true)
	var loops sync.WaitGroup
	loops.Go(func() { w.watchNamespace(alive, fail) })
	loops.Go(func() { w.ensureSchedule(alive) })
	for _, run := range tells(w.Store, w.Starter, w.Log) {
		loops.Go(func() { run(alive) })
	}
	loops.Wait()
	if ctx.Err() != nil {
		beside.Wait() // what they start may be given to this worker
		w.started.Store(false)
		running.Stop()
		return nil
	}
	w.started.Store(false)
	running.Stop()
	return context.Cause(alive)
}

// connect starts the Temporal worker as soon as Temporal and the namespace are
// there; nil when ctx ends first. fatal is told why the worker ended by itself.
func (w *Worker) connect(ctx context.Context, fatal func(error)) sdk.Worker {
	for pause := pollEvery; ctx.Err() == nil; pause = min(2*pause, longestPause) {
		running, err := w.try(ctx, fatal)
		if err == nil {
			return running
		}
		if ctx.Err() == nil {
			w.Log.Warn("waiting for Temporal", zap.Error(err), zap.Duration("pause", pause))
		}
		wait(ctx, nil, pause)
	}
	return nil
}

// try starts the Temporal worker, if it can.
func (w *Worker) try(ctx context.Context, fatal func(error)) (sdk.Worker, error) {
	asking, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if err := workflows.EnsureNamespace(asking, w.Temporal, w.Namespace); err != nil {
		return nil, err
	}
	running := sdk.New(w.Temporal, workflows.TaskQueue, w.options(fatal))
	workflows.Register(running, w.Activities)
	return running, running.Start()
}

func (w *Worker) options(fatal func(error)) sdk.Options {
	return sdk.Options{
		WorkerStopTimeout: w.StopTimeout,
		OnFatalError:      fatal,
		// The first attempt holds its workflow task's slot while the receiver is
		// waited for, so all three are sized alike.
		MaxConcurrentWorkflowTaskExecutionSize:  slots,
		MaxConcurrentLocalActivityExecutionSize: slots,
		MaxConcurrentActivityExecutionSize:      slots,
		// Started eagerly, most tasks never pass through a poller.
		WorkflowTaskPollerBehavior: sdk.NewPollerBehaviorAutoscaling(sdk.PollerBehaviorAutoscalingOptions{InitialNumberOfPollers: 4, MinimumNumberOfPollers: 2, MaximumNumberOfPollers: 16}),
		ActivityTaskPollerBehavior: sdk.NewPollerBehaviorAutoscaling(sdk.PollerBehaviorAutoscalingOptions{InitialNumberOfPollers: 4, MinimumNumberOfPollers: 2, MaximumNumberOfPollers: 16}),
	}
}
