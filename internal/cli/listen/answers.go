package listen

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"godwit/internal/cli"
)

const (
	// maxResults and maxResultBytes bound one request of results: the API takes 50 of
	// them, and 256 KiB.
	maxResults     = 50
	maxResultBytes = 200 << 10
	// apart is the least time between two requests of results, so that many deliveries
	// stay below the API's rate.
	apart = 30 * time.Millisecond
)

// answers sends results to the API, several at a time, until it has taken them.
type answers struct {
	api  *cli.Client
	news chan struct{}

	mu      sync.Mutex
	id      string // of the listener
	waiting []result
	idle    *sync.Cond
}

func newAnswers(api *cli.Client, id string) *answers {
	a := &answers{api: api, id: id, news: make(chan struct{}, 1)}
	a.idle = sync.NewCond(&a.mu)
	return a
}

// of says that the listener has another id.
func (a *answers) of(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.id = id
}

func (a *answers) add(r result) {
	a.mu.Lock()
	a.waiting = append(a.waiting, r)
	a.mu.Unlock()
	select {
	case a.news <- struct{}{}:
	default:
	}
}

// has says whether the answer to a request waits to be sent.
func (a *answers) has(k key) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.waiting {
		if r.key() == k {
			return true
		}
	}
	return false
}

// next gives what goes into the next request.
func (a *answers) next() (id string, batch []result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	size := 0
	for _, r := range a.waiting {
		if size += marshalled(r); len(batch) == maxResults || len(batch) > 0 && size > maxResultBytes {
			break
		}
		batch = append(batch, r)
	}
	return a.id, batch
}

// drop forgets results that the API has taken, or will never take.
func (a *answers) drop(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting = a.waiting[n:]
	if len(a.waiting) == 0 {
		a.idle.Broadcast()
	}
}

// run sends until ctx ends.
func (a *answers) run(ctx context.Context) {
	for tries := 0; ctx.Err() == nil; {
		id, batch := a.next()
		if len(batch) == 0 {
			select {
			case <-a.news:
			case <-ctx.Done():
			}
			continue
		}
		err := a.api.Call(ctx, http.MethodPost, "/v1/listeners/"+id+"/results", map[string]any{"results": batch}, nil)
		var f *cli.Failure
		if errors.As(err, &f) && f.Code == cli.ExitUnreachable {
			pause(ctx, max(f.RetryAfter, jitter(backoff[min(tries, len(backoff)-1)])))
			tries++
			continue
		}
		tries = 0
		a.drop(len(batch))
		pause(ctx, apart)
	}
}

// flush waits until all is sent, or ctx ends.
func (a *answers) flush(ctx context.Context) {
	defer context.AfterFunc(ctx, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.idle.Broadcast()
	})()
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.waiting) > 0 && ctx.Err() == nil {
		a.idle.Wait()
	}
}
