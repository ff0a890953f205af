package api

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"godwit/api/view"
	"godwit/internal/hook"
)

type statsInput struct {
	Since instant `query:"since" doc:"How far to look back, at most 30 days; 24 hours when left out"`
}

type stats struct {
	Since      time.Time     `json:"since" doc:"How far back the counts go"`
	KeptSince  *time.Time    `json:"kept_since" doc:"Events that were accepted before this may have been removed, and are not counted then; null = none was"`
	Events     int           `json:"events" doc:"How many events were accepted since then"`
	Deliveries statusCounts  `json:"deliveries" doc:"Those created since then, by their status now"`
	Backlog    backlog       `json:"backlog" doc:"What waits now, whenever it was created"`
	Attempts   attemptCounts `json:"attempts" doc:"HTTP requests that ended, in whole hours"`
	Hourly     []hourlyStats `json:"hourly" nullable:"false" maxItems:"722" doc:"The same hour by hour, the oldest first; the last one is not over"`
	ByReason   []reasonCount `json:"by_reason" nullable:"false" maxItems:"50" doc:"Those of deliveries that failed, are held or were cancelled, by reason, the most frequent first"`

	OldestWaitingAt *time.Time `json:"oldest_waiting_at" doc:"When the oldest delivery that is pending or retrying was created; null = none is"`
}

type reasonCount struct {
	Reason hook.Reason `json:"reason" doc:"Why, as a constant"`
	Count  int         `json:"count" minimum:"1" doc:"How many deliveries"`
}

type statusCounts struct {
	Pending   int `json:"pending" doc:"Not yet tried"`
	Retrying  int `json:"retrying" doc:"Waiting for their next attempt"`
	Succeeded int `json:"succeeded" doc:"Arrived"`
	Failed    int `json:"failed" doc:"All attempts used, or 410"`
	Held      int `json:"held" doc:"Kept because their webhook is or was switched off"`
	Cancelled int `json:"cancelled" doc:"Cancelled"`
}

type backlog struct {
	Pending  int `json:"pending" doc:"Not yet tried"`
	Retrying int `json:"retrying" doc:"Waiting for their next attempt"`
	Held     int `json:"held" doc:"Kept because their webhook is or was switched off"`
}

type attemptCounts struct {
	Since       time.Time `json:"since" doc:"The beginning of the first hour that is counted"`
	Total       int       `json:"total" doc:"Attempts that ended"`
	Succeeded   int       `json:"succeeded" doc:"Those that a receiver answered with a 2xx"`
	Failed      int       `json:"failed" doc:"Those that ended any other way"`
	SuccessRate *float64  `json:"success_rate" minimum:"0" maximum:"1" doc:"succeeded / total, 0 to 1; null without attempts"`
}

func (s *server) stats(ctx context.Context, in *statsInput) (*reply[stats], error) {
	since, err := lookBack(s.Now(), in.Since.Time, hook.DefaultReport, hook.MaxReport)
	if err != nil {
		return nil, err
	}
	st, err := s.Store.Stats(ctx, since)
	if err != nil {
		return nil, err
	}
	keptSince, err := s.keptSince(ctx)
	if err != nil {
		return nil, err
	}
	of, waiting := st.Deliveries, st.Backlog
	return &reply[stats]{Body: stats{
		Since: since.UTC(), KeptSince: keptSince, Events: st.Events,
		Deliveries: statusCounts{Pending: of[hook.Pending], Retrying: of[hook.Retrying], Succeeded: of[hook.Succeeded],
			Failed: of[hook.Failed], Held: of[hook.Held], Cancelled: of[hook.Cancelled]},
		Backlog: backlog{Pending: waiting[hook.Pending], Retrying: waiting[hook.Retrying], Held: waiting[hook.Held]},
		Attempts: attemptCounts{Since: st.AttemptsSince.UTC(), Total: st.Attempts, Succeeded: st.Succeeded, Failed: st.Attempts - st.Succeeded,
			SuccessRate: successRate(hook.Tally{Attempts: st.Attempts, Succeeded: st.Succeeded})},
		Hourly: viewHours(st, s.Now()), ByReason: viewReasons(st.ByReason), OldestWaitingAt: view.OptionalTime(st.OldestWaiting),
	}}, nil
}

// mostHours are those of hook.MaxReport, with the parts of hours at both ends.
const mostHours = int(hook.MaxReport/time.Hour) + 2

// viewHours gives every hour since the attempts are counted, also those without any.
func viewHours(st hook.Stats, now time.Time) []hourlyStats {
	out := []hourlyStats{}
	for hour := st.AttemptsSince.UTC(); !hour.After(now) && len(out) < mostHours; hour = hour.Add(time.Hour) {
		out = append(out, hourlyStats{Hour: hour})
	}
	for _, h := range st.Hourly {
		if at := int(h.Hour.Sub(st.AttemptsSince) / time.Hour); at >= 0 && at < len(out) {
			out[at].Succeeded, out[at].Failed = h.Succeeded, h.Attempts-h.Succeeded
		}
	}
	return out
}

func viewReasons(counts map[hook.Reason]int) []reasonCount {
	out := []reasonCount{}
	for reason, n := range counts {
		out = append(out, reasonCount{reason, n})
	}
	slices.SortFunc(out, func(a, b reasonCount) int {
		return cmp.Or(b.Count-a.Count, strings.Compare(string(a.Reason), string(b.Reason)))
	})
	return out
}
