package worker

import (
	"sync"

	"godwit/internal/hook"
)

// maxBehind is how many owners a backlog names. Of more nothing is begun that has
// just been accepted, whoever owns it.
const maxBehind = 100

// backlog knows of which owners deliveries are due that this process had no time
// for: what comes of theirs waits behind these.
type backlog struct {
	mu     sync.Mutex
	owners map[string]bool
	all    bool // it is not known of whom
}

// note takes in what a round took. Only one that is not full says that nothing is
// left.
func (b *backlog) note(taken hook.Taken, failed, full bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all = failed; !full {
		b.owners = nil
		return
	}
	if b.owners == nil {
		b.owners = map[string]bool{}
	}
	for _, p := range taken.Begun {
		b.owners[p.Webhook.OwnerID] = true
	}
	for _, c := range taken.Rest {
		b.owners[c.OwnerID] = true
	}
	b.all = b.all || len(b.owners) > maxBehind
}

// list names the owners; all = everybody may be one of them.
func (b *backlog) list() (owners []string, all bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id := range b.owners {
		owners = append(owners, id)
	}
	return owners, b.all
}
