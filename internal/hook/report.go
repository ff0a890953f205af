package hook

import (
	"math"
	"slices"
	"time"
)

// HealthCount says how many attempts of a webhook ended in one hour for one
// reason and at one step of the scale of durations.
type HealthCount struct {
	Hour time.Time
	// Reason is empty for successes.
	Reason Reason
	Step   int
	N      int
}

// Tally sums attempts up. Attempts whose worker was lost are not among them:
// nobody knows what they came to.
type Tally struct {
	Attempts  int
	Succeeded int
	// ByReason counts what failed.
	ByReason map[Reason]int
	steps    [LatencySteps + 1]int
}

// HourTally is the attempts that ended in one hour.
type HourTally struct {
	Hour time.Time
	Tally
}

// Add adds attempts to the tally.
func (t *Tally) Add(c HealthCount) {
	t.Attempts += c.N
	if c.Reason == "" {
		t.Succeeded += c.N
	} else {
		if t.ByReason == nil {
			t.ByReason = map[Reason]int{}
		}
		t.ByReason[c.Reason] += c.N
	}
	t.steps[min(max(c.Step, 0), LatencySteps)] += c.N
}

// Failed is how many attempts failed.
func (t Tally) Failed() int { return t.Attempts - t.Succeeded }

// SuccessRate is the part of the attempts that succeeded, 0 to 1; there is none
// without attempts.
func (t Tally) SuccessRate() (rate float64, ok bool) {
	if t.Attempts == 0 {
		return 0, false
	}
	return float64(t.Succeeded) / float64(t.Attempts), true
}

// Percentile is the duration that p of 100 attempts did not exceed, to within
// LatencyError; there is none without attempts.
func (t Tally) Percentile(p float64) (d time.Duration, ok bool) {
	if t.Attempts == 0 {
		return 0, false
	}
	rank := int(math.Ceil(float64(t.Attempts) * min(max(p, 0), 100) / 100))
	seen := 0
	for step, n := range t.steps {
		if seen += n; n > 0 && seen >= rank {
			return Latency(step), true
		}
	}
	return Latency(LatencySteps), true
}

// TallyUp sums counts up: all of them, and those of each hour that has any, the
// oldest hour first.
func TallyUp(counts []HealthCount) (total Tally, hourly []HourTally) {
	at := map[int64]int{}
	for _, c := range counts {
		total.Add(c)
		i, ok := at[c.Hour.Unix()]
		if !ok {
			i = len(hourly)
			at[c.Hour.Unix()] = i
			hourly = append(hourly, HourTally{Hour: c.Hour.UTC()})
		}
		hourly[i].Add(c)
	}
	slices.SortFunc(hourly, func(a, b HourTally) int { return a.Hour.Compare(b.Hour) })
	return total, hourly
}

// HealthReport is how a webhook stands and how it has been doing since a time.
type HealthReport struct {
	Health
	Pause Pause
	// LastFailureAt is zero when none of its attempts or probes ever failed.
	LastFailureAt     time.Time
	LastFailureReason Reason
	// SuccessesInRow counts successes since the last failure, at most those of
	// MaxReport.
	SuccessesInRow int
	// Since is the beginning of the first hour that was counted.
	Since  time.Time
	Total  Tally
	Hourly []HourTally
	// NextProbeAt and GaveUpAt are those of the recovery; zero = none.
	NextProbeAt time.Time
	GaveUpAt    time.Time
}

const (
	// DefaultReport is how far reports look back unless they are told.
	DefaultReport = 24 * time.Hour
	// MaxReport is how far they look back at most.
	MaxReport = 30 * 24 * time.Hour
)

// Stats is what happened in all of Godwit since a time, and what waits now.
type Stats struct {
	// Deliveries counts those that were created since then, by their status now.
	Deliveries map[DeliveryStatus]int
	// Backlog counts the pending, retrying and held ones, whenever created.
	Backlog map[DeliveryStatus]int
	// Events is how many events were accepted.
	Events int
	// Attempts and Succeeded count attempts that ended, in whole hours since AttemptsSince.
	Attempts      int
	Succeeded     int
	AttemptsSince time.Time
	// Hourly are the hours that had attempts, the oldest first.
	Hourly []HourNumbers
	// ByReason counts those of Deliveries that failed, are held or were cancelled.
	ByReason map[Reason]int
	// OldestWaiting is when the oldest delivery that is pending or retrying was created;
	// zero = none is.
	OldestWaiting time.Time
}
