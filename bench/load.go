package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// connections is how many requests the load has under way when it sends as fast
// as they are answered.
const connections = 32

// load is a number of requests to make, each for the id prefix-number.
type load struct {
	prefix string
	n      int
}

// shot is one request of a load.
type shot struct {
	id   string
	sent time.Time
	late time.Duration // how much after its time it was sent: the load's own fault
	took time.Duration
	err  error
}

// request makes one request and returns when it was answered.
type request func(ctx context.Context, id string) error

func (l load) id(i int) string { return fmt.Sprintf("%s-%d", l.prefix, i) }

// fire makes one request.
func (l load) fire(ctx context.Context, i int, do request) shot {
	s := shot{id: l.id(i), sent: time.Now()}
	s.err = do(ctx, s.id)
	s.took = time.Since(s.sent)
	return s
}

// paced sends at a fixed rate per second whatever the answers do (open loop): a
// slow answer delays no later request, and so hides no latency.
func (l load) paced(ctx context.Context, rate int, do request) []shot {
	shots := make([]shot, l.n)
	var group sync.WaitGroup
	began := time.Now()
	for i := range shots {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
		pause(ctx, time.Until(due))
		group.Go(func() {
			shots[i] = l.fire(ctx, i, do)
			shots[i].late = shots[i].sent.Sub(due)
		})
	}
	group.Wait()
	return shots
}

// flatOut sends as fast as the requests are answered, so many at a time.
func (l load) flatOut(ctx context.Context, workers int, do request) []shot {
	shots := make([]shot, l.n)
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= l.n {
					return
				}
				shots[i] = l.fire(ctx, i, do)
			}
		})
	}
	group.Wait()
	return shots
}

func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// firstError is the error of the first request that failed, with how many did.
func firstError(shots []shot) error {
	var first error
	failed := 0
	for _, s := range shots {
		if s.err == nil {
			continue
		}
		failed++
		if first == nil {
			first = s.err
		}
	}
	if first == nil {
		return nil
	}
	return fmt.Errorf("%d of %d requests failed, the first with: %w", failed, len(shots), first)
}

// answerTimes is how long each request took.
func answerTimes(shots []shot) []time.Duration {
	took := make([]time.Duration, len(shots))
	for i, s := range shots {
		took[i] = s.took
	}
	return took
}
