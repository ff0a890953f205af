package inflight

import (
	"maps"
	"slices"
	"sync"
	"time"

	"godwit/internal/hook"
)

const (
	// moment is how long an attempt is young, at most twice.
	moment = 100 * time.Millisecond
	// idle is how long an owner is remembered that has nothing under way.
	idle = 10 * time.Second
	// forgetSlow is how long a webhook is remembered as slow that sends nothing.
	forgetSlow = 10 * time.Minute
	// maxListed is how many webhooks of one owner are named as full. Of an owner that
	// has more all are taken for full: each statement is given the names.
	maxListed = 100
)

// Slots counts the attempts that are under way. The zero value is ready, and safe
// for concurrent use.
type Slots struct {
	mu       sync.Mutex
	all      int
	slow     int // hook.InFlight.AllSlow
	young    young
	owners   map[string]*owner
	webhooks map[string]*webhook
	full     map[*webhook]bool // those that had no room
	crowded  map[*owner]bool   // those that had no room
	unaged   []*Slot           // those that may get old, the oldest first
	swept    time.Time
}

type owner struct {
	id       string
	inFlight int
	slow     int
	young    young
	seen     time.Time
}

type webhook struct {
	id       string
	owner    *owner
	inFlight int
	old      int // under way for longer than hook.SlowAfter
	mean     time.Duration
	slow     bool
	seen     time.Time
}

// Slot is an attempt that is under way.
type Slot struct {
	all      *Slots
	webhook  *webhook
	began    time.Time
	answered bool
	old      bool
}

// Enter counts an attempt that begins, whether there is room or not: who asks for
// room before is Room, Plan or Try.
func (s *Slots) Enter(ownerID, webhookID string) *Slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.enter(s.webhook(ownerID, webhookID, s.now()))
}

// Try is Enter where there is room; else it gives nil.
func (s *Slots) Try(ownerID, webhookID string) *Slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.webhook(ownerID, webhookID, s.now())
	if f := s.of(w); s.isCrowded(w.owner) || s.isFull(w) || f.OfWebhook() == 0 || f.YoungOnes() == 0 {
		return nil
	}
	return s.enter(w)
}

func (s *Slots) enter(w *webhook) *Slot {
	slot := &Slot{all: s, webhook: w, began: w.seen}
	s.unaged = append(s.unaged, slot)
	s.count(w, w.seen, 1)
	f := s.of(w)
	if f.OfOwner() == 0 || f.YoungOnes() == 0 {
		s.crowded[w.owner] = true
	}
	if f.OfWebhook() == 0 {
		s.full[w] = true
	}
	return slot
}

// UnderWay is how many attempts are under way.
func (s *Slots) UnderWay() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

// Answered says that the attempt's request is over: what is left is to write it
// down, which says nothing about the receiver.
func (slot *Slot) Answered() {
	s := slot.all
	s.mu.Lock()
	defer s.mu.Unlock()
	if slot.answered {
		return
	}
	slot.answered = true
	w := slot.webhook
	w.mean = hook.MeanDuration(w.mean, max(1, time.Since(slot.began)))
	if slot.old {
		w.old--
	}
	s.judge(w)
}

// Leave says that the attempt has ended, and whether something may have waited for
// its slot.
func (slot *Slot) Leave() (awaited bool) {
	slot.Answered()
	s := slot.all
	s.mu.Lock()
	defer s.mu.Unlock()
	w := slot.webhook
	waits := s.crowded[w.owner] || s.full[w] || s.all == hook.MaxInFlight
	s.count(w, slot.began, -1)
	return waits && !s.isCrowded(w.owner) && !s.isFull(w)
}

// count adds n attempts of a webhook, which began at the given time.
func (s *Slots) count(w *webhook, began time.Time, n int) {
	at, now := momentOf(began), momentOf(time.Now())
	s.all += n
	w.inFlight += n
	w.owner.inFlight += n
	s.young.add(at, now, n)
	w.owner.young.add(at, now, n)
	if w.slow {
		s.countSlow(w.owner, n)
	}
}

func (s *Slots) countSlow(o *owner, n int) {
	s.slow -= hook.CountedSlow(o.slow)
	o.slow += n
	s.slow += hook.CountedSlow(o.slow)
}

// judge looks whether a webhook is slow.
func (s *Slots) judge(w *webhook) {
	slow := w.old > 0 || w.mean > hook.SlowAfter
	if slow == w.slow {
		return
	}
	w.slow = slow
	if slow {
		s.countSlow(w.owner, w.inFlight)
	} else {
		s.countSlow(w.owner, -w.inFlight)
	}
	if slow && s.of(w).OfWebhook() == 0 {
		s.full[w] = true
	}
}

// of is what is under way, as the webhook sees it.
func (s *Slots) of(w *webhook) hook.InFlight {
	f := s.ofOwner(w.owner)
	f.Webhook, f.Slow, f.AllSlow, f.OwnerSlow = w.inFlight, w.slow, s.slow, w.owner.slow
	return f
}

func (s *Slots) ofOwner(o *owner) hook.InFlight {
	now := time.Now()
	at := momentOf(now)
	return hook.InFlight{All: s.all, Owner: o.inFlight, Alone: s.alone(o, now), Young: s.young.count(at), YoungOfOwner: o.young.count(at)}
}

// isCrowded says whether the owner had no room, and does not resume yet.
func (s *Slots) isCrowded(o *owner) bool {
	f := s.ofOwner(o)
	if s.crowded[o] && hook.Resumes(f.OfOwner(), f.Owner) && hook.Resumes(f.YoungOnes(), f.YoungOfOwner) {
		delete(s.crowded, o)
	}
	return s.crowded[o]
}

// isFull says the same of a webhook.
func (s *Slots) isFull(w *webhook) bool {
	if s.full[w] && hook.Resumes(s.of(w).OfWebhook(), w.inFlight) {
		delete(s.full, w)
	}
	return s.full[w]
}

// webhook finds the webhook, which may be new.
func (s *Slots) webhook(ownerID, webhookID string, now time.Time) *webhook {
	if s.owners == nil {
		s.owners, s.webhooks = map[string]*owner{}, map[string]*webhook{}
		s.full, s.crowded = map[*webhook]bool{}, map[*owner]bool{}
	}
	w := s.webhooks[webhookID]
	if w == nil {
		o := s.owners[ownerID]
		if o == nil {
			o = &owner{id: ownerID}
			s.owners[ownerID] = o
		}
		w = &webhook{id: webhookID, owner: o}
		s.webhooks[webhookID] = w
	}
	w.seen, w.owner.seen = now, now
	return w
}

// now is the time. What has become old by then makes its webhook slow, and who is
// idle is forgotten.
func (s *Slots) now() time.Time {
	now := time.Now()
	for len(s.unaged) > 0 && (s.unaged[0].answered || now.Sub(s.unaged[0].began) > hook.SlowAfter) {
		slot := s.unaged[0]
		s.unaged[0] = nil
		s.unaged = s.unaged[1:]
		if !slot.answered {
			slot.old = true
			slot.webhook.old++
			s.judge(slot.webhook)
		}
	}
	if now.Sub(s.swept) > idle {
		s.sweep(now)
	}
	return now
}

func (s *Slots) sweep(now time.Time) {
	s.swept = now
	used := map[*owner]bool{}
	maps.DeleteFunc(s.webhooks, func(_ string, w *webhook) bool {
		left := w.inFlight > 0 || now.Sub(w.seen) < idle || w.slow && now.Sub(w.seen) < forgetSlow
		if used[w.owner] = used[w.owner] || left; !left {
			delete(s.full, w)
		}
		return !left
	})
	maps.DeleteFunc(s.owners, func(_ string, o *owner) bool {
		if !used[o] {
			delete(s.crowded, o)
		}
		return !used[o]
	})
}

// alone says whether no other owner has begun anything of late.
func (s *Slots) alone(o *owner, now time.Time) bool {
	for _, other := range s.owners {
		if other != o && other.active(now) {
			return false
		}
	}
	return true
}

// active says whether an owner has begun anything in the last seconds, and names that
// owner where there is only one.
func (s *Slots) active(now time.Time) (some bool, sole string) {
	for _, o := range s.owners {
		switch {
		case !o.active(now):
		case some:
			return true, ""
		default:
			some, sole = true, o.id
		}
	}
	return some, sole
}

func (o *owner) active(now time.Time) bool { return o.inFlight > 0 || now.Sub(o.seen) < idle }

func sorted(ids []string) []string {
	slices.Sort(ids)
	return ids
}
