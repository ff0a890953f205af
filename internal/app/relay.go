package app

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"godwit/internal/hook"
)

const (
	// notifyPause is the least time between two notifications of one kind by one
	// process: what is due in between shares the next one.
	notifyPause = 5 * time.Millisecond
	// presentEvery is how often a worker that has room says so, and presentFor how long
	// that holds. What is sent to one that is gone meets the poll of the others.
	presentEvery = time.Second
	presentFor   = 3 * presentEvery
)

// wakes holds a channel for each kind of work. Each has one reader.
type wakes map[hook.Due]chan struct{}

func newWakes() wakes {
	w := wakes{}
	for _, due := range hook.AllDue() {
		w[due] = make(chan struct{}, 1)
	}
	return w
}

// wake tells the worker's loop, here or in another process, that something is due.
// It never blocks: many at once are one.
func (w wakes) wake(due hook.Due) {
	select {
	case w[due] <- struct{}{}:
	default:
	}
}

// wakeDispatcher wakes for what is due for the first time, and for what is queued.
func (p *process) wakeDispatcher() {
	p.wakes.wake(hook.DueDeliveries)
	p.wakes.wake(hook.DueQueues)
}

// relay carries wake-ups between processes: an API alone sends them, a worker
// alone listens.
func (p *process) relay(ctx context.Context) error {
	var group errgroup.Group
	switch p.opts.Role {
	case RoleAPI:
		var workers roster
		group.Go(func() error {
			if err := p.store.ListenWorkers(ctx, workers.add); err != nil {
				p.log.Warn("listen for workers", zap.Error(err)) // then every worker is notified
			}
			return nil
		})
		for due, woken := range p.wakes {
			group.Go(func() error { p.notify(ctx, due, woken, &workers); return nil })
		}
	case RoleWorker:
		name := rand.Text()
		group.Go(func() error { p.present(ctx, name); return nil })
		group.Go(func() error {
			if err := p.store.Listen(ctx, name, p.wakes.wake); err != nil {
				p.log.Warn("listen for due deliveries", zap.Error(err))
			}
			return nil
		})
	}
	return group.Wait()
}

// notify passes the wake-ups of one kind on until ctx ends. One worker takes what is due
// for the first time, so only one is notified of it, in turns; of all else every worker is.
func (p *process) notify(ctx context.Context, due hook.Due, woken <-chan struct{}, workers *roster) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-woken:
		}
		to := ""
		if due == hook.DueDeliveries {
			to = workers.next(time.Now())
		}
		if err := p.store.Notify(ctx, to, due); err != nil && ctx.Err() == nil {
			p.log.Warn("notify the workers", zap.Error(err)) // they poll too
		}
		pause(ctx, notifyPause)
	}
}

// present says, while this worker has room, that it is there.
func (p *process) present(ctx context.Context, name string) {
	select {
	case <-p.unlocked: // it takes nothing before
	case <-ctx.Done():
	}
	for ctx.Err() == nil {
		if p.worker.HasRoom() {
			if err := p.store.Present(ctx, name); err != nil && ctx.Err() == nil {
				p.log.Debug("say that this worker has room", zap.Error(err)) // then every worker is notified
			}
		}
		pause(ctx, presentEvery)
	}
}

// pause returns after d, or when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// roster knows which workers have room. The zero value is ready; it is safe for
// concurrent use.
type roster struct {
	mu   sync.Mutex
	seen map[string]time.Time
	last string // who had the last turn
}

// add notes that a worker has room; an empty name says that some may have been missed.
func (r *roster) add(worker string) {
	if worker == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[string]time.Time{}
	}
	r.seen[worker] = time.Now()
}

// next gives the worker whose turn it is; empty = none is known.
func (r *roster) next(now time.Time) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for name, at := range r.seen {
		if now.Sub(at) > presentFor {
			delete(r.seen, name)
			continue
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	i, found := slices.BinarySearch(names, r.last)
	if found {
		i++
	}
	r.last = names[i%len(names)]
	return r.last
}
