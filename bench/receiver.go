package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// receiver is the far end of every webhook: a server on loopback that answers
// 200 and notes when an event arrived first. It has one mailbox for each path.
type receiver struct {
	server *http.Server
	base   string

	mu    sync.RWMutex
	boxes map[string]*mailbox
	hung  chan struct{} // closed by release
}

const (
	// slowPath is where answers take slowAnswer, lastingPath where they take
	// lastingAnswer, hangPath where none comes until release.
	slowPath    = "/slow"
	lastingPath = "/lasting"
	hangPath    = "/hang"
	// failPath answers 500 at once.
	failPath = "/fail"

	lastingAnswer = 25 * time.Second
)

func startReceiver(ctx context.Context) (*receiver, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the receiver: %w", err)
	}
	r := &receiver{base: "http://" + listener.Addr().String(), boxes: map[string]*mailbox{}, hung: make(chan struct{})}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	go r.server.Serve(listener) //nolint:errcheck // it always ends with the error of Close
	return r, nil
}

func (r *receiver) close() error { return r.server.Close() }

// open makes a mailbox that expects so many different events.
func (r *receiver) open(name string, expects int) *mailbox {
	box := &mailbox{url: r.base + "/" + name, expects: expects, first: make(map[string]time.Time, expects), full: make(chan struct{})}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.boxes["/"+name] = box
	return box
}

// ServeHTTP takes one delivery in.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if takes, ok := map[string]time.Duration{slowPath: slowAnswer, lastingPath: lastingAnswer, hangPath: time.Hour}[req.URL.Path]; ok {
		r.hang(req.Context(), takes)
		return
	}
	if req.URL.Path == failPath {
		http.Error(w, "failed", http.StatusInternalServerError)
		return
	}
	r.mu.RLock()
	box := r.boxes[req.URL.Path]
	r.mu.RUnlock()
	if box == nil {
		http.NotFound(w, req)
		return
	}
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		http.Error(w, "the body was cut short", http.StatusBadRequest)
		return
	}
	box.put(req.Header.Get("webhook-id"), time.Now())
	pause(req.Context(), box.answersAfter)
}

// hang waits, until release at the longest.
func (r *receiver) hang(ctx context.Context, d time.Duration) {
	r.mu.RLock()
	hung := r.hung
	r.mu.RUnlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-hung:
			cancel()
		case <-ctx.Done():
		}
	}()
	pause(ctx, d)
}

// release has all answered that hang.
func (r *receiver) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.hung)
	r.hung = make(chan struct{})
}

// mailbox holds when each event first arrived for one webhook.
type mailbox struct {
	url     string
	expects int
	// answersAfter is set before the first delivery.
	answersAfter time.Duration
	full         chan struct{} // closed when all that is expected has arrived

	mu         sync.Mutex
	first      map[string]time.Time
	duplicates int
}

func (m *mailbox) put(id string, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, again := m.first[id]; again {
		m.duplicates++
		return
	}
	m.first[id] = at
	if len(m.first) == m.expects {
		close(m.full)
	}
}

// await returns when all has arrived, or with what is missing when ctx ends.
func (m *mailbox) await(ctx context.Context) error {
	select {
	case <-m.full:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%d of %d events arrived: %w", m.count(), m.expects, ctx.Err())
	}
}

func (m *mailbox) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.first)
}

// arrivals is a copy of when each event arrived, and how many came once more.
func (m *mailbox) arrivals() (first map[string]time.Time, duplicates int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	first = make(map[string]time.Time, len(m.first))
	for id, at := range m.first {
		first[id] = at
	}
	return first, m.duplicates
}
