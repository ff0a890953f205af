package hook

import (
	"slices"
	"time"
)

// WindowEvent is an event inside of a window of a combination.
type WindowEvent struct {
	// Seq orders events that were accepted at the same time.
	Seq       int64
	EventID   string
	ProjectID string
	// At is when the event was accepted.
	At time.Time
	// Parts is the set of the parts that the event may fill (bit 0 = the first); 0
	// means that it is one of NoneOf.
	Parts uint8
}

// Verdict is what the events of a window come to.
type Verdict struct {
	// Fired holds the events of each firing, in the order of the parts.
	Fired [][]WindowEvent
	// Keep holds what a later event may still need, oldest first: fewer than n
	// events for a combination of n parts, or n(n-1)/2 if it is in order.
	Keep []WindowEvent
	// ClosesAt is when the newest of Keep is too old to be of use; zero without any.
	ClosesAt time.Time
}

// Combine says which of a window's events make the combination fire, and which
// ones are still needed. The events are ordered by At and Seq; now is not before
// any of them, and no later event is older than now.
//
// It fires at an event with which every part is filled by its own event,
// all of them within the window and unused. Of several choices it takes the
// newest events. Everything up to that event is used then. An event of NoneOf
// discards what was before it.
//
// What Keep leaves out never matters: Keep and later events come to the same as
// all events would.
func Combine(c Combination, events []WindowEvent, now time.Time) Verdict {
	w := window{parts: len(c.AllOf), within: c.Window(), inOrder: c.InOrder}
	var v Verdict
	for _, e := range events {
		if e.Parts == 0 {
			v.Keep = nil
			continue
		}
		live := append(w.since(v.Keep, e.At), e)
		if fired := w.filled(live); fired != nil {
			v.Fired = append(v.Fired, fired)
			live = nil
		}
		v.Keep = w.needed(live)
	}
	v.Keep = w.needed(w.since(v.Keep, now))
	if len(v.Keep) > 0 {
		v.ClosesAt = v.Keep[len(v.Keep)-1].At.Add(w.within)
	}
	return v
}

// window is a combination as its events see it.
type window struct {
	parts   int
	within  time.Duration
	inOrder bool
}

// since gives the events that are young enough at a moment.
func (w window) since(events []WindowEvent, at time.Time) []WindowEvent {
	return slices.DeleteFunc(slices.Clone(events), func(e WindowEvent) bool { return at.Sub(e.At) > w.within })
}

// filled gives the newest events that fill all parts, in their order; nil when
// none do.
func (w window) filled(events []WindowEvent) []WindowEvent {
	if w.inOrder {
		return chain(events, w.parts)
	}
	set := w.independent(events)
	if len(set) < w.parts {
		return nil
	}
	return w.assigned(set)
}

// needed leaves out what can't be of a firing any more: there are newer events
// that fill at least as much.
func (w window) needed(events []WindowEvent) []WindowEvent {
	if !w.inOrder {
		return w.independent(events)
	}
	// A firing takes the newest chain for as many parts as later events leave over.
	var of []int64
	for n := 1; n < w.parts; n++ {
		for _, e := range chain(events, n) {
			of = append(of, e.Seq)
		}
	}
	return slices.DeleteFunc(slices.Clone(events), func(e WindowEvent) bool { return !slices.Contains(of, e.Seq) })
}

// chain gives the newest events that fill the first n parts one after another;
// nil when none do. The newest last link leaves most room for the others.
func chain(events []WindowEvent, n int) []WindowEvent {
	links := make([]WindowEvent, n)
	for _, e := range slices.Backward(events) {
		if n > 0 && e.fills(n-1) {
			n--
			links[n] = e
		}
	}
	if n > 0 {
		return nil
	}
	return links
}

// independent takes, newest first, each event that can fill a part beside those
// taken before. One that can't never will: what keeps it out stays.
func (w window) independent(events []WindowEvent) []WindowEvent {
	var set []WindowEvent
	for _, e := range slices.Backward(events) {
		if w.fit(append(slices.Clone(set), e), 0) {
			set = append(set, e)
		}
	}
	slices.Reverse(set)
	return set
}

// fit says whether each event can have its own part that is not taken.
func (w window) fit(events []WindowEvent, taken uint8) bool {
	if len(events) == 0 {
		return true
	}
	for part := range w.parts {
		if bit := uint8(1) << part; taken&bit == 0 && events[0].fills(part) && w.fit(events[1:], taken|bit) {
			return true
		}
	}
	return false
}

// assigned puts events that fit, one per part, into the order of the parts: the
// first part gets the newest that leaves enough for the others, and so on.
func (w window) assigned(set []WindowEvent) []WindowEvent {
	var out []WindowEvent
	taken := uint8(0)
	for part := range w.parts {
		taken |= 1 << part
		for i, e := range slices.Backward(set) {
			if rest := slices.Delete(slices.Clone(set), i, i+1); e.fills(part) && w.fit(rest, taken) {
				out, set = append(out, e), rest
				break
			}
		}
	}
	return out
}

func (e WindowEvent) fills(part int) bool { return e.Parts&(1<<part) != 0 }

// WindowClaim is a window that a worker has taken on to advance.
type WindowClaim struct {
	RuleID    int64
	Key       string
	WebhookID string
}

// Progress is the outcome of a window so far. It holds ids, no more.
type Progress struct {
	// Fired are the events that were made because the combination fired.
	Fired []string `json:",omitempty"`
	// Waiting are the events that wait for other parts.
	Waiting []WaitingEvent `json:",omitempty"`
	// Open is whether something may still come of the window; ClosesIn is for
	// how long.
	Open     bool
	ClosesIn time.Duration `json:",omitempty"`
}

// WaitingEvent is an event and the parts that it may fill, from 1.
type WaitingEvent struct {
	EventID string
	Parts   []int
}

// Waiting names events and their parts.
func Waiting(events []WindowEvent) []WaitingEvent {
	var out []WaitingEvent
	for _, e := range events {
		w := WaitingEvent{EventID: e.EventID}
		for part := range MaxParts {
			if e.fills(part) {
				w.Parts = append(w.Parts, part+1)
			}
		}
		out = append(out, w)
	}
	return out
}
