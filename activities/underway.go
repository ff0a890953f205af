package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
)

// underWay holds the attempts that this process makes, until their ends are in
// the ledger. The zero value is ready.
type underWay struct {
	mu   sync.Mutex
	byID map[string]chan struct{}
}

// begin adds the attempt of a delivery; ended says that its end is written.
func (u *underWay) begin(deliveryID string) (ended func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.byID == nil {
		u.byID = map[string]chan struct{}{}
	}
	done := make(chan struct{})
	u.byID[deliveryID] = done
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if u.byID[deliveryID] == done {
			delete(u.byID, deliveryID)
		}
		close(done)
	}
}

// wait returns when this process makes no attempt of the delivery any more; the
// error is that ctx ended before. Temporal takes an attempt for lost that is only
// late, because the process was frozen or its end can't be written yet.
func (u *underWay) wait(ctx context.Context, deliveryID string) error {
	u.mu.Lock()
	done := u.byID[deliveryID]
	u.mu.Unlock()
	if done == nil {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// beat tells Temporal that this activity goes on, until what it returns is called:
// not before half of the time after which it would be taken for lost, so that
// attempts that end in time cost nothing.
func beat(ctx context.Context) (stop func()) {
	every := activity.GetInfo(ctx).HeartbeatTimeout / 2
	if every <= 0 {
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			case <-ended:
				return
			}
		}
	}()
	return func() { close(ended) }
}
