package access

import (
	"context"
	"runtime"
	"sync"
	"time"

	"godwit/internal/hook"
)

// Bounds of the requests that compute for long: previews, explanations, and the
// reading of many filters or of a large schema.
const (
	// queueLength is how many may wait or compute, and queueShare how many of one user
	// or key.
	queueLength = 32
	queueShare  = 4
	// queuePatience is how long one may wait.
	queuePatience = 1500 * time.Millisecond
	// smallSource is up to how many bytes of filters, or of a schema and its examples,
	// are read out of turn: that takes some tens of milliseconds at most.
	smallSource = 4 << 10
)

// Queue lets few requests compute at a time, so that those that publish find a
// processor. It is safe for concurrent use.
type Queue struct {
	slots chan struct{}
	mu    sync.Mutex
	all   int
	of    map[string]int // by user or key
}

// NewQueue lets a quarter of the processors compute, but at least one.
func NewQueue() *Queue {
	return &Queue{slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/4)), of: map[string]int{}}
}

// Enter waits until the request may compute. Who is let in calls leave.
func (q *Queue) Enter(ctx context.Context) (leave func(), err error) {
	who := ShareOf(ctx)
	if err := q.join(who); err != nil {
		return nil, err
	}
	timer := time.NewTimer(queuePatience)
	defer timer.Stop()
	select {
	case q.slots <- struct{}{}:
		return func() { <-q.slots; q.quit(who) }, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = queueFull()
	}
	q.quit(who)
	return nil, err
}

// EnterToRead is Enter for a request that reads so many bytes of filters or schemas.
func (q *Queue) EnterToRead(ctx context.Context, size int) (leave func(), err error) {
	if size <= smallSource {
		return func() {}, nil
	}
	return q.Enter(ctx)
}

func (q *Queue) join(who string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.of[who] >= queueShare:
		return rateLimited("Four such requests of this key or user are under way; wait for their answers.", time.Second)
	case q.all >= queueLength:
		return queueFull()
	}
	q.all++
	q.of[who]++
	return nil
}

func (q *Queue) quit(who string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.all--
	if q.of[who]--; q.of[who] == 0 {
		delete(q.of, who)
	}
}

func queueFull() error {
	return &hook.Error{Code: hook.CodeUnavailable, Message: "Too many requests compute here at this moment; send it again.", Wait: time.Second}
}

// ShareOf is whose share a request counts to: the user's, whatever the key or
// session, else the key's.
func ShareOf(ctx context.Context) string {
	p := hook.PrincipalOf(ctx)
	if p.UserID != "" {
		return "user " + p.UserID
	}
	return p.KeyID
}
