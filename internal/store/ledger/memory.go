package ledger

import (
	"sync"
	"sync/atomic"

	"godwit/internal/hook"
)

// ages is the webhook at which the last look for what is too old ended.
type ages struct {
	mu    sync.Mutex
	after string
}

// hop is the webhook at which the last look for queues ended.
type hop struct {
	mu    sync.Mutex
	after string
}

// maxOpened bounds the webhooks that are kept open: some 30 MB.
const maxOpened = 10_000

// opened keeps webhooks as an attempt needs them, with their secrets opened: to
// read and open one for each delivery costs more than to send it. A version of a
// webhook never changes. It is safe for concurrent use.
type opened struct {
	mu   sync.Mutex
	byID map[string]hook.Webhook
}

func (o *opened) find(id string, version int64) (hook.Webhook, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w, ok := o.byID[id]
	return w, ok && w.Version == version
}

func (o *opened) keep(w hook.Webhook) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.byID == nil || len(o.byID) >= maxOpened {
		o.byID = map[string]hook.Webhook{}
	}
	o.byID[w.ID] = w
}

// ends says from which end of what is due the next round takes. After a full one
// that took the oldest it takes the newest: where one owner has very many due, those
// of another who has just come do not wait for all of them.
type ends struct{ fromNewest atomic.Bool }

func (e *ends) newest() bool { return e.fromNewest.Load() }

func (e *ends) note(full bool) { e.fromNewest.Store(full && !e.newest()) }
