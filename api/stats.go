package api

import (
	"context"
	"time"

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
	st, err := s.Store.Reports.Stats(ctx, since)
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
	}}, nil
}
