package inflight

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

const (
	// atOnce is how many run at one moment, and atOnceOfOwner how many of one owner,
	// where nothing else is set. The statements that workflows wait for a lock with,
	// each with a connection to the database, are so many of the 11 for attempts.
	atOnce        = 8
	atOnceOfOwner = 4
)

// Turns lets a few run at one moment; the others wait, and have their turns by
// owner. The zero value is ready, and safe for concurrent use.
type Turns struct {
	AtOnce, OfOwner int // set before it is used; 0 = 8 and 4

	mu      sync.Mutex
	all     int
	running map[string]int
	waiting map[string][]chan struct{}
	order   []string // of the owners that wait
}

// Do runs f when it is the owner's turn.
func (t *Turns) Do(ownerID string, f func()) {
	leave, _ := t.Enter(context.Background(), ownerID) // which does not end
	defer leave()
	f()
}

// Enter waits for the owner's turn, and gives what ends it. The error is that ctx
// ended before.
func (t *Turns) Enter(ctx context.Context, ownerID string) (leave func(), err error) {
	leave = func() { t.leave(ownerID) }
	turn := t.enter(ownerID)
	if turn == nil {
		return leave, nil
	}
	select {
	case <-turn:
		return leave, nil
	case <-ctx.Done():
	}
	if !t.withdraw(ownerID, turn) { // it was given at this very moment
		leave()
	}
	return nil, ctx.Err()
}

// Waiting is how many wait for their turn.
func (t *Turns) Waiting() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, turns := range t.waiting {
		n += len(turns)
	}
	return n
}

// enter counts who may run now; else it gives what is closed when that is so.
func (t *Turns) enter(ownerID string) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running == nil {
		t.running, t.waiting = map[string]int{}, map[string][]chan struct{}{}
	}
	if t.all < cmp.Or(t.AtOnce, atOnce) && t.running[ownerID] < cmp.Or(t.OfOwner, atOnceOfOwner) {
		t.all++
		t.running[ownerID]++
		return nil
	}
	turn := make(chan struct{})
	if t.waiting[ownerID] == nil {
		t.order = append(t.order, ownerID)
	}
	t.waiting[ownerID] = append(t.waiting[ownerID], turn)
	return turn
}

// withdraw says whether it found the turn among those that wait.
func (t *Turns) withdraw(ownerID string, turn chan struct{}) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := slices.Index(t.waiting[ownerID], turn)
	if at < 0 {
		return false
	}
	if t.waiting[ownerID] = slices.Delete(t.waiting[ownerID], at, at+1); len(t.waiting[ownerID]) == 0 {
		delete(t.waiting, ownerID)
		t.order = slices.DeleteFunc(t.order, func(other string) bool { return other == ownerID })
	}
	return true
}

func (t *Turns) leave(ownerID string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all--
	if t.running[ownerID]--; t.running[ownerID] == 0 {
		delete(t.running, ownerID)
	}
	for i, next := range t.order {
		if t.running[next] >= cmp.Or(t.OfOwner, atOnceOfOwner) {
			continue
		}
		t.order = slices.Delete(t.order, i, i+1)
		turn := t.waiting[next][0]
		if t.waiting[next] = t.waiting[next][1:]; len(t.waiting[next]) > 0 {
			t.order = append(t.order, next) // behind the others
		} else {
			delete(t.waiting, next)
		}
		t.all++
		t.running[next]++
		close(turn)
		return
	}
}
