package hook

import "time"

const (
	// MaxPause is the longest that a receiver can ask to be left alone at a time.
	MaxPause = time.Hour
	// MinPause is the shortest pause, whatever the receiver asks for.
	MinPause = time.Second
	// MaxPausedInRow is how long pauses without a success in between may go on.
	// After it what the receiver puts off is a failed attempt.
	MaxPausedInRow = 24 * time.Hour
	// MinPace is the slowest that a webhook becomes by pauses: one request a minute.
	MinPace = 1.0 / 60
	// MinFirstPace is what a webhook's pace is taken for, at least, at its first
	// pause: one with few events must not start at next to nothing.
	MinFirstPace = 1.0
	// PaceDoubles is how long it takes a pace to double while no pause follows, and
	// PaceForgotten is when it bounds nothing any more: it has doubled ten times.
	PaceDoubles   = time.Minute
	PaceForgotten = 10 * PaceDoubles
)

// Pause is how a webhook is held back whose receiver gets too much: no request
// begins before its end, and after it no more than Pace in a second.
type Pause struct {
	// Until is the end of the last pause; zero = there was none.
	Until time.Time
	// Pace is how many requests may begin in a second, as of now: it has grown since
	// Until. 0 = as many as there are.
	Pace float64
	// Since is when the first of the pauses began that had no success in between;
	// zero = the last attempts succeeded.
	Since time.Time
}

// TooLong says that the receiver has asked for nothing but pauses for
// MaxPausedInRow: another one is not granted.
func (p Pause) TooLong(now time.Time) bool {
	return !p.Since.IsZero() && now.Sub(p.Since) >= MaxPausedInRow
}

// After is the pause after a receiver has asked for one of wait. rate is how many
// requests a second the webhook had so far, where Pace does not say. Requests
// that were under way together are answered by one after the other during the
// pause: they lengthen it, and slow the webhook down once.
func (p Pause) After(now time.Time, wait time.Duration, rate float64) Pause {
	until := now.Add(min(max(wait, MinPause), MaxPause))
	if !p.Until.After(now) {
		pace := p.Pace
		if pace == 0 {
			pace = max(rate, MinFirstPace)
		}
		p.Pace = max(pace/2, MinPace)
	}
	if until.After(p.Until) {
		p.Until = until
	}
	if p.Since.IsZero() {
		p.Since = now
	}
	return p
}

// PutOff says whether the receiver has put the request off instead of refusing
// it: it was answered 429 or 503 and named a time.
func (r Result) PutOff() bool {
	return r.Outcome == Failure && r.RetryAfter > 0 && (r.StatusCode == 429 || r.StatusCode == 503)
}

// Overloaded says whether the answer asks for fewer requests.
func (r Result) Overloaded() bool { return r.PutOff() || r.Outcome == Failure && r.StatusCode == 429 }
