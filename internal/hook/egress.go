package hook

import "time"

const (
	// IsolatedHosts is how many different hosts have to fail, with none answering in
	// between, until the way out of this process is what is taken to have failed.
	IsolatedHosts = 5
	// IsolatedWithin is how long ago the last failure of a host may be to count.
	IsolatedWithin = 10 * time.Minute
	// IsolatedAtMost bounds how long the receivers are excused: an installation all
	// of whose receivers are dead must come to that conclusion one day.
	IsolatedAtMost = 6 * time.Hour
)

// Egress is what a process knows of its way to receivers: which hosts have not
// answered since the last one did. The zero value knows nothing.
type Egress struct {
	// Failed holds when each of them failed last.
	Failed map[string]time.Time
	// Since is when the first of them failed.
	Since time.Time
}

// After is what is known after an attempt to a host. An answer of any kind shows
// that there is a way. The maps of e are used up.
func (e Egress) After(host string, r Result, now time.Time) Egress {
	switch {
	case r.StatusCode != 0:
		return Egress{}
	case !r.Reason.Unreachable():
		return e // it says nothing
	}
	if e.Failed == nil {
		e = Egress{Failed: map[string]time.Time{}, Since: now}
	}
	e.Failed[host] = now
	if len(e.Failed) > 2*IsolatedHosts {
		for host, at := range e.Failed {
			if now.Sub(at) > IsolatedWithin || len(e.Failed) > 4*IsolatedHosts {
				delete(e.Failed, host)
			}
		}
	}
	return e
}

// Isolated says whether the failures are taken for this process's own: most
// different hosts fail, and none answers.
func (e Egress) Isolated(now time.Time) bool {
	lately := 0
	for _, at := range e.Failed {
		if now.Sub(at) <= IsolatedWithin {
			lately++
		}
	}
	return lately >= IsolatedHosts && now.Sub(e.Since) <= IsolatedAtMost
}
