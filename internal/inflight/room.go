package inflight

import (
	"math/rand/v2"
	"time"

	"godwit/internal/hook"
)

// Room says what may be begun, in a hook.Take without times. An owner that only has
// to wait for the end of this moment is Behind while it is alone, so that its
// deliveries need not be queued.
func (s *Slots) Room() hook.Take {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	f := hook.InFlight{All: s.all, Young: s.young.count(momentOf(now))}
	t := hook.Take{Limit: max(0, min(hook.MaxInFlight-f.All, hook.MaxYoung-f.Young)), Each: min(f.OfOwner(), f.YoungOnes())}
	for o := range s.crowded {
		switch {
		case !s.isCrowded(o):
		case s.ofOwner(o).OfOwner() > 0 && s.alone(o, now):
			t.Behind = append(t.Behind, o.id)
		default:
			t.CrowdedOwners = append(t.CrowdedOwners, o.id)
		}
	}
	s.crowd(&t)
	t.Shared, t.Sole = s.active(now)
	return t
}

// crowd names the webhooks that have no room, of owners that have.
func (s *Slots) crowd(t *hook.Take) {
	byOwner := map[*owner][]string{}
	for w := range s.full {
		if s.isFull(w) && !s.crowded[w.owner] {
			byOwner[w.owner] = append(byOwner[w.owner], w.id)
		}
	}
	for o, ids := range byOwner {
		if len(ids) > maxListed {
			t.CrowdedOwners = append(t.CrowdedOwners, o.id)
		} else {
			t.Crowded = append(t.Crowded, ids...)
		}
	}
	t.Crowded, t.CrowdedOwners = sorted(t.Crowded), sorted(t.CrowdedOwners)
}

// Plan divides up to limit attempts among webhooks that wait for room: in turns
// among their owners, and among the webhooks of each. It reserves nothing.
func (s *Slots) Plan(limit int, waiting []hook.Queue) map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &plan{all: s, now: s.now(), rooms: map[string]int{}, queues: map[*owner][]*webhook{}}
	defer p.undo()
	start := 0
	if len(waiting) > 0 {
		start = rand.IntN(len(waiting)) // so that none is always the last one
	}
	for i := range waiting {
		q := waiting[(start+i)%len(waiting)]
		p.add(s.webhook(q.OwnerID, q.WebhookID, p.now))
	}
	limit = min(limit, hook.MaxInFlight-s.all, hook.MaxYoung-s.young.count(momentOf(p.now)))
	for limit > 0 && len(p.queues) > 0 {
		for _, o := range p.order {
			if limit > 0 && p.grant(o) {
				limit--
			}
		}
	}
	return p.rooms
}

// plan counts what it grants as if it were under way.
type plan struct {
	all     *Slots
	now     time.Time
	rooms   map[string]int
	order   []*owner
	queues  map[*owner][]*webhook // in the order of their turns
	granted []*webhook
}

func (p *plan) add(w *webhook) {
	if p.queues[w.owner] == nil {
		p.order = append(p.order, w.owner)
	}
	p.queues[w.owner] = append(p.queues[w.owner], w)
}

// grant gives one attempt to the owner's next webhook that has room, and says
// whether there is one.
func (p *plan) grant(o *owner) bool {
	s := p.all
	for queue := p.queues[o]; len(queue) > 0; queue = p.queues[o] {
		w := queue[0]
		p.queues[o] = queue[1:]
		f := s.of(w)
		switch {
		case s.isCrowded(o), f.OfOwner() == 0, f.YoungOnes() == 0:
			p.queues[o] = nil
		case !s.isFull(w) && f.OfWebhook() > 0:
			s.count(w, p.now, 1)
			p.rooms[w.id]++
			p.granted = append(p.granted, w)
			p.queues[o] = append(p.queues[o], w)
			return true
		}
	}
	delete(p.queues, o)
	return false
}

func (p *plan) undo() {
	for _, w := range p.granted {
		p.all.count(w, p.now, -1)
	}
}

// young counts attempts that are under way and began in this moment or the one
// before.
type young struct {
	moment int64
	n      [2]int
}

func momentOf(t time.Time) int64 { return t.UnixNano() / int64(moment) }

func (y *young) count(now int64) int {
	switch now - y.moment {
	case 0:
	case 1:
		y.n = [2]int{0, y.n[0]}
	default:
		y.n = [2]int{}
	}
	y.moment = now
	return y.n[0] + y.n[1]
}

// add adds n attempts that began in the given moment.
func (y *young) add(began, now int64, n int) {
	y.count(now)
	if age := now - began; age >= 0 && age < 2 {
		y.n[age] += n
	}
}
