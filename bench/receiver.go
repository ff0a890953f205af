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
}

// slowPath is where answers take slowAnswer.
const slowPath = "/slow"

func startReceiver(ctx context.Context) (*receiver, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the receiver: %w", err)
	}
	r := &receiver{base: "http://" + listener.Addr().String(), boxes: map[string]*mailbox{}}
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
	if req.URL.Path == slowPath {
		pause(req.Context(), slowAnswer)
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
}

// mailbox holds when each event first arrived for one webhook.
type mailbox struct {
	url     string
	expects int
	full    chan struct{} // closed when all that is expected has arrived

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
