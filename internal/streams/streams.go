package streams

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/internal/store"
)

// Hub is one process's end of all streams. It is safe for concurrent use. Make it
// with New.
type Hub struct {
	store *store.Store
	log   *zap.Logger
	done  chan struct{}

	mu      sync.Mutex
	waiting map[string]map[chan struct{}]struct{}
}

// New makes a Hub; Run has it work.
func New(s *store.Store, log *zap.Logger) *Hub {
	return &Hub{store: s, log: log, done: make(chan struct{}), waiting: map[string]map[chan struct{}]struct{}{}}
}

// Run listens until ctx ends, which ends the streams of this process. It is called
// once.
func (h *Hub) Run(ctx context.Context) {
	defer close(h.done)
	if err := h.store.ListenStreams(ctx, h.wake); err != nil && ctx.Err() == nil {
		h.log.Warn("listen for requests and answers of streams", zap.Error(err))
	}
	<-ctx.Done()
}

// Done is closed when this process stops.
func (h *Hub) Done() <-chan struct{} { return h.done }

// Watch gives a channel that says that there is something new of that name: the id of
// a webhook, or the key of a request. stop ends it.
func (h *Hub) Watch(name string) (news <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting[name] == nil {
		h.waiting[name] = map[chan struct{}]struct{}{}
	}
	h.waiting[name][c] = struct{}{}
	return c, func() { h.forget(name, c) }
}

func (h *Hub) forget(name string, c chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.waiting[name], c)
	if len(h.waiting[name]) == 0 {
		delete(h.waiting, name)
	}
}

// wake tells those who watch the name; all where it is empty.
func (h *Hub) wake(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for n, watching := range h.waiting {
		if name != "" {
			n, watching = name, h.waiting[name]
		}
		for c := range watching {
			select {
			case c <- struct{}{}:
			default: // it was told and has not looked yet
			}
		}
		if n == name {
			return
		}
	}
}

// withdrawWithin is what taking a request from the wire may take after its time.
const withdrawWithin = 5 * time.Second

// Exchange puts a request on the wire and waits for its answer until ctx ends, or its
// listener is removed; see send.Options.
func (h *Hub) Exchange(ctx context.Context, r hook.StreamRequest) (hook.Exchanged, error) {
	news, stop := h.Watch(r.Key())
	defer stop()
	gone, err := h.store.Offer(ctx, r)
	if gone || err != nil {
		return hook.Exchanged{Gone: gone}, err
	}
	for {
		select {
		case <-news:
			out, err := h.store.WithdrawOffer(ctx, r, false)
			if out.Answer != nil || out.Gone {
				return out, nil
			}
			if err != nil && ctx.Err() == nil {
				h.log.Warn("an answer can't be read; it is looked for again at the end of the attempt", zap.Error(err))
			}
		case <-ctx.Done():
			ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawWithin)
			defer cancel()
			return h.store.WithdrawOffer(ending, r, true)
		}
	}
}
