package main

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// load is what a node is asked to do.
type load struct {
	perSecond float64       // events, at random times (Poisson); 0 = as many as clients post
	clients   int           // each posts its next event when the last is accepted
	fanOut    int           // webhooks that each event matches
	receiver  time.Duration // how long a receiver takes to answer
	lasts     time.Duration // of simulated time
}

// costs are CPU seconds of the machine: of an event that is accepted, and of a
// delivery that is made and recorded, whoever spends them.
type costs struct{ event, delivery float64 }

// node is a machine with some cores that are used at most to a part, for the rest
// goes to the system, and with places for attempts under way.
type node struct {
	costs
	cores  int
	usable float64
	places int
}

// outcome is what a node did.
type outcome struct {
	perSecond float64       // deliveries that were recorded
	p50, p99  time.Duration // from posting an event to the arrival of a copy
	busy      float64       // part of the usable CPU
}

// simulate runs the node as a queueing network: work waits for a core, the first
// come first, a delivery also for a place, which it keeps while the receiver takes
// its time. How long work takes is exponential, which is pessimistic.
func (n node) simulate(l load, seed uint64) outcome {
	s := &simulation{node: n, load: l, random: rand.New(rand.NewPCG(seed, 1))}
	if l.perSecond > 0 {
		s.at(s.exponential(1/l.perSecond), s.arrive)
	}
	for range l.clients {
		s.at(0, s.post)
	}
	for s.queue.Len() > 0 {
		next := heap.Pop(&s.queue).(moment)
		if next.time > l.lasts.Seconds() {
			break
		}
		s.now = next.time
		next.do()
	}
	slices.Sort(s.took)
	return outcome{float64(s.recorded) / l.lasts.Seconds(), s.quantile(0.5), s.quantile(0.99), s.worked / (l.lasts.Seconds() * float64(n.cores))}
}

type moment struct {
	time float64
	do   func()
}

type moments []moment

func (m moments) Len() int           { return len(m) }
func (m moments) Less(i, j int) bool { return m[i].time < m[j].time }
func (m moments) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *moments) Push(x any)        { *m = append(*m, x.(moment)) }
func (m *moments) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

// work is a piece of CPU time that waits for a core.
type work struct {
	seconds float64
	then    func()
}

type simulation struct {
	node
	load
	random *rand.Rand
	queue  moments
	now    float64

	working  int    // cores that are taken
	waiting  []work // for a core
	placed   int    // places that are taken
	unplaced []func()

	worked   float64
	recorded int
	took     []float64
}

func (s *simulation) at(after float64, do func()) { heap.Push(&s.queue, moment{s.now + after, do}) }

func (s *simulation) exponential(mean float64) float64 { return s.random.ExpFloat64() * mean }

// compute has work done by a core that is free, or later.
func (s *simulation) compute(mean float64, then func()) {
	if mean == 0 {
		then()
		return
	}
	w := work{s.exponential(mean) / s.usable, then}
	if s.working == s.cores {
		s.waiting = append(s.waiting, w)
		return
	}
	s.working++
	s.do(w)
}

func (s *simulation) do(w work) {
	s.at(w.seconds, func() {
		s.worked += w.seconds
		w.then()
		if len(s.waiting) == 0 {
			s.working--
			return
		}
		next := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.do(next)
	})
}

// arrive is an event of the many who publish.
func (s *simulation) arrive() {
	s.at(s.exponential(1/s.load.perSecond), s.arrive)
	s.accept(func() {})
}

// post is an event of one client, who posts the next when it is accepted.
func (s *simulation) post() { s.accept(func() { s.at(0, s.post) }) }

func (s *simulation) accept(then func()) {
	posted := s.now
	s.compute(s.event, func() {
		for range s.fanOut {
			s.place(func() { s.deliver(posted) })
		}
		then()
	})
}

// place waits for a place of an attempt.
func (s *simulation) place(then func()) {
	if s.placed == s.places {
		s.unplaced = append(s.unplaced, then)
		return
	}
	s.placed++
	then()
}

func (s *simulation) deliver(posted float64) {
	s.compute(s.delivery, func() {
		s.took = append(s.took, s.now-posted)
		s.at(s.receiver.Seconds(), func() {
			s.recorded++
			if len(s.unplaced) == 0 {
				s.placed--
				return
			}
			next := s.unplaced[0]
			s.unplaced = s.unplaced[1:]
			next()
		})
	})
}

func (s *simulation) quantile(q float64) time.Duration {
	if len(s.took) == 0 {
		return 0
	}
	at := int(math.Ceil(q*float64(len(s.took)))) - 1
	return time.Duration(s.took[at] * float64(time.Second)).Round(10 * time.Microsecond)
}
