package api

import (
	"context"
	"math"
	"time"

	"godwit/api/view"
	"godwit/internal/hook"
)

// maxTransitions bounds how many changes of a webhook's status are shown.
const maxTransitions = 100

type healthInput struct {
	ByID
	Since instant `query:"since" doc:"How far to look back, at most 30 days; 24 hours when left out"`
}

type webhookHealth struct {
	Status         hook.WebhookStatus `json:"status" enum:"HEALTHY,DEGRADED,UNHEALTHY" doc:"Its health now"`
	Enabled        bool               `json:"enabled" doc:"false: what matches is held"`
	DisabledReason *string            `json:"disabled_reason" enum:"owner,health,gone" doc:"Who or what switched it off: its owner, health, or an answer 410; null while it is enabled"`
	Streak         streak             `json:"streak" doc:"How its last attempts ended"`
	LastFailure    *lastFailure       `json:"last_failure" doc:"The last attempt or probe that failed; null = none ever did"`
	NextProbeAt    *time.Time         `json:"next_probe_at" doc:"When Godwit tests the receiver again, to switch the webhook on; null = it does not"`
	GaveUpAt       *time.Time         `json:"gave_up_at" doc:"When Godwit stopped testing the receiver; null = it did not"`
	PauseView
	Since     time.Time  `json:"since" doc:"The beginning of the first hour that the numbers below cover"`
	KeptSince *time.Time `json:"kept_since" doc:"What happened before this may have been removed, and is not counted then; null = nothing was"`
	AttemptTally
	Hourly      []hourlyHealth `json:"hourly" nullable:"false" maxItems:"721" doc:"The hours in which attempts ended, the oldest first"`
	Transitions []transition   `json:"transitions" nullable:"false" maxItems:"100" doc:"Up to 100 changes of its status since then, the newest first"`
}

// AttemptTally sums up attempts that ended.
type AttemptTally struct {
	Attempts    int         `json:"attempts" doc:"Those that ended; not those whose worker was lost"`
	Succeeded   int         `json:"succeeded" doc:"Those that a receiver answered with a 2xx"`
	Failed      int         `json:"failed" doc:"Those that ended any other way"`
	SuccessRate *float64    `json:"success_rate" minimum:"0" maximum:"1" doc:"succeeded / attempts, 0 to 1; null without attempts"`
	Latency     percentiles `json:"latency_ms" doc:"Milliseconds that attempts took, to within 10 %; null without attempts"`
}

type percentiles struct {
	P50 *float64 `json:"p50" minimum:"0" doc:"Milliseconds; half of the attempts took no longer; null without attempts"`
	P95 *float64 `json:"p95" minimum:"0" doc:"Milliseconds; 95 % of the attempts took no longer; null without attempts"`
	P99 *float64 `json:"p99" minimum:"0" doc:"Milliseconds; 99 % of the attempts took no longer; null without attempts"`
}

type streak struct {
	Outcome *hook.Outcome `json:"outcome" enum:"success,failure" doc:"null = there was no attempt yet"`
	Length  int           `json:"length" doc:"How many in a row; of successes those of 30 days"`
}

type lastFailure struct {
	At     time.Time    `json:"at" doc:"When it ended"`
	Reason *hook.Reason `json:"reason" doc:"The cause, as a constant; null = it is not known"`
	Words  string       `json:"words" doc:"The cause in plain words"`
}

type hourlyHealth struct {
	Hour      time.Time      `json:"hour" doc:"Its beginning"`
	Attempts  int            `json:"attempts" doc:"Attempts that ended in this hour"`
	Succeeded int            `json:"succeeded" doc:"Those that a receiver answered with a 2xx"`
	Failed    int            `json:"failed" doc:"Those that ended any other way"`
	ByReason  map[string]int `json:"by_reason" nullable:"false" doc:"Failures by their reason"`
	P50       *float64       `json:"p50_ms" minimum:"0" doc:"Milliseconds; half of the attempts took no longer; null without attempts"`
	P95       *float64       `json:"p95_ms" minimum:"0" doc:"Milliseconds; 95 % of the attempts took no longer; null without attempts"`
}

type transition struct {
	At         time.Time          `json:"at" doc:"When it happened"`
	FromStatus hook.WebhookStatus `json:"from_status" enum:"HEALTHY,DEGRADED,UNHEALTHY" doc:"Its health before"`
	Status     hook.WebhookStatus `json:"status" enum:"HEALTHY,DEGRADED,UNHEALTHY" doc:"Its health after"`
	Enabled    bool               `json:"enabled" doc:"Whether it is on after"`
	Cause      hook.Happened      `json:"cause" doc:"What happened"`
	Reason     *hook.Reason       `json:"reason" doc:"The cause of the attempt's or probe's failure behind it; null = there is none"`
	DeliveryID *string            `json:"delivery_id" doc:"The delivery behind it; null = there is none"`
	Actor      *string            `json:"actor" maxLength:"128" doc:"The person behind it: a user's id, admin, or a key's id; null = Godwit itself"`
	Note       *string            `json:"note" maxLength:"200" doc:"Why, in that person's words; null = nothing was said"`
}

func (s *server) health(ctx context.Context, in *healthInput) (*reply[webhookHealth], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	since, err := lookBack(s.Now(), in.Since.Time, hook.DefaultReport, hook.MaxReport)
	if err != nil {
		return nil, err
	}
	r, err := s.Store.HealthReport(ctx, in.ID, since)
	if err != nil {
		return nil, err
	}
	changes, err := s.Store.Transitions(ctx, in.ID, since, maxTransitions)
	if err != nil {
		return nil, err
	}
	body := viewHealth(r, changes)
	if body.KeptSince, err = s.keptSince(ctx); err != nil {
		return nil, err
	}
	return &reply[webhookHealth]{Body: body}, nil
}

// lookBack is since, or normally ago when that was left out.
func lookBack(now, since time.Time, normally, longest time.Duration) (time.Time, error) {
	switch {
	case since.IsZero():
		return now.Add(-normally), nil
	case since.After(now):
		return since, badParameter(hook.Field{Pointer: "?since", Code: hook.FieldTime, Params: hook.Params{"expected": "past"}, Detail: "must be a time of the past"})
	case since.Before(now.Add(-longest)):
		return since, badParameter(hook.Field{Pointer: "?since", Code: hook.FieldRange, Params: hook.Params{"min": now.Add(-longest).UTC(), "max": now.UTC()},
			Detail: "must be no more than " + days(longest) + " ago"})
	}
	return since, nil
}

func viewHealth(r hook.HealthReport, changes []hook.Transition) webhookHealth {
	out := webhookHealth{
		Status: r.Status, Enabled: r.Enabled, DisabledReason: view.Optional(string(r.DisabledReason)), Streak: viewStreak(r),
		NextProbeAt: view.OptionalTime(r.NextProbeAt), GaveUpAt: view.OptionalTime(r.GaveUpAt), Since: r.Since.UTC(), AttemptTally: viewTally(r.Total), PauseView: viewPause(r.Pause),
		Hourly: []hourlyHealth{}, Transitions: []transition{},
	}
	if !r.LastFailureAt.IsZero() {
		out.LastFailure = &lastFailure{At: r.LastFailureAt.UTC(), Reason: view.Optional(r.LastFailureReason), Words: hook.Words(r.LastFailureReason)}
	}
	for _, h := range r.Hourly {
		hour := hourlyHealth{Hour: h.Hour.UTC(), Attempts: h.Attempts, Succeeded: h.Succeeded, Failed: h.Failed(), ByReason: byReason(h.ByReason),
			P50: milliseconds(h.Tally, 50), P95: milliseconds(h.Tally, 95)}
		out.Hourly = append(out.Hourly, hour)
	}
	for _, c := range changes {
		out.Transitions = append(out.Transitions, transition{At: c.At.UTC(), FromStatus: c.FromStatus, Status: c.Status, Enabled: c.Enabled,
			Cause: c.Cause, Reason: view.Optional(c.Reason), DeliveryID: view.Optional(c.DeliveryID), Actor: view.Optional(c.Actor), Note: view.Optional(c.Note)})
	}
	return out
}

func viewStreak(r hook.HealthReport) streak {
	switch {
	case r.FailuresInRow > 0:
		return streak{view.Optional(hook.Failure), r.FailuresInRow}
	case r.SuccessesInRow > 0:
		return streak{view.Optional(hook.Success), r.SuccessesInRow}
	}
	return streak{}
}

func viewTally(t hook.Tally) AttemptTally {
	return AttemptTally{Attempts: t.Attempts, Succeeded: t.Succeeded, Failed: t.Failed(), SuccessRate: successRate(t),
		Latency: percentiles{milliseconds(t, 50), milliseconds(t, 95), milliseconds(t, 99)}}
}

func successRate(t hook.Tally) *float64 {
	rate, ok := t.SuccessRate()
	if !ok {
		return nil
	}
	return &rate
}

// milliseconds is a percentile with no more digits than it is worth.
func milliseconds(t hook.Tally, percentile float64) *float64 {
	d, ok := t.Percentile(percentile)
	if !ok {
		return nil
	}
	ms := math.Round(float64(d)/float64(time.Millisecond)*10) / 10
	return &ms
}
