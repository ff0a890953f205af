package inflight

import "sync"

const (
	// atOnce is how many run at one moment, and atOnceOfOwner how many of one owner:
	// each holds a connection to the database, of which there are 32.
	atOnce        = 8
	atOnceOfOwner = 4
)

// Turns lets a few run at one moment; the others wait, and have their turns by
// owner. The zero value is ready, and safe for concurrent use.
type Turns struct {
	mu      sync.Mutex
	all     int
	running map[string]int
	waiting map[string][]chan struct{}
	order   []string // of the owners that wait
}

// Do runs f when it is the owner's turn.
func (t *Turns) Do(ownerID string, f func()) {
	if turn := t.enter(ownerID); turn != nil {
		<-turn
	}
	defer t.leave(ownerID)
	f()
}

// enter counts who may run now; else it gives what is closed when that is so.
func (t *Turns) enter(ownerID string) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running == nil {
		t.running, t.waiting = map[string]int{}, map[string][]chan struct{}{}
	}
	if t.all < atOnce && t.running[ownerID] < atOnceOfOwner {
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

func (t *Turns) leave(ownerID string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all--
	if t.running[ownerID]--; t.running[ownerID] == 0 {
		delete(t.running, ownerID)
	}
	for i, next := range t.order {
		if t.running[next] >= atOnceOfOwner {
			continue
		}
		t.order = append(t.order[:i:i], t.order[i+1:]...)
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
