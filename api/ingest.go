package api

import (
	"context"
	"time"

	"godwit/api/access"
	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/match"
)

// eventForm describes the body of a published event. It is read by package
// eventjson, never through this type.
type eventForm struct {
	ID         string    `json:"id,omitempty" minLength:"1" maxLength:"128" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]+$" doc:"Made by Godwit when left out. The same id again is a duplicate and delivers nothing; other content under the same id is 409"`
	Type       string    `json:"type" doc:"A name of the catalogue"`
	ProjectID  string    `json:"project_id" doc:"The project in which it happened; it must exist"`
	ActorID    string    `json:"actor_id,omitempty" doc:"Who did it"`
	OccurredAt time.Time `json:"occurred_at,omitempty" doc:"When it happened; the time of acceptance when left out"`
	Previous   state     `json:"previous,omitempty" doc:"The state before, kept byte for byte; null when there was none"`
	Current    state     `json:"current,omitempty" doc:"The state after, kept byte for byte; null when there is none. One of the two must not be null"`
	_          struct{}  `additionalProperties:"false"`
}

type published struct {
	ID        string `json:"id" doc:"The event's id: the caller's, or one that Godwit made"`
	Matched   int    `json:"matched" doc:"How many deliveries the event has"`
	Judging   bool   `json:"judging,omitempty" doc:"Filters that take long are asked about the event after this answer, so that matched may still grow; left out when all are asked"`
	Duplicate bool   `json:"duplicate" doc:"The event was accepted before; nothing is delivered again"`
}

// answer is the outcome of one event: published or refused.
type answer struct {
	published
	err error
}

// ingest gives ids to events that have none, stores them and wakes whoever
// delivers. Without checks they are held to their schemas first. The error means that
// none was accepted.
func (s *server) ingest(ctx context.Context, events []hook.Event, checks []match.Check) ([]answer, error) {
	parent := traceParent(ctx)
	for i := range events {
		if events[i].ID == "" {
			events[i].ID = id.New(id.Event)
		}
		events[i].TraceParent = parent
	}
	refused := s.rates.Take(ctx, events)
	accepted, err := s.ingestRest(ctx, events, checks, refused)
	if err != nil {
		return nil, err
	}
	answers := make([]answer, len(accepted))
	due, happened, judging := false, false, false
	for i, a := range accepted {
		answers[i].published = published{ID: events[i].ID, Matched: a.Matched, Judging: a.Judging, Duplicate: a.Duplicate}
		if answers[i].err = refused[i]; answers[i].err != nil {
			continue
		}
		if a.Err != nil { // a nil *hook.Error must not become an error
			answers[i].err = a.Err
			continue
		}
		if s.Metrics != nil {
			s.Metrics.Accepted(a)
		}
		due = due || a.Due
		happened = happened || a.Happened
		judging = judging || a.Judging
	}
	for what, is := range map[hook.Due]bool{hook.DueDeliveries: due, hook.DueWindows: happened, hook.DueJudgements: judging} {
		if is {
			s.wake(ctx, what)
		}
	}
	return answers, nil
}

// ingestRest ingests the events that are not refused. Where all are, the error says
// why.
func (s *server) ingestRest(ctx context.Context, events []hook.Event, checks []match.Check, refused map[int]error) ([]hook.Accepted, error) {
	if len(refused) == len(events) {
		return nil, refused[0]
	}
	rest, places := events, []int(nil)
	if len(refused) > 0 {
		all := checks
		rest, checks = nil, nil
		for i, e := range events {
			if refused[i] != nil {
				continue
			}
			rest, places = append(rest, e), append(places, i)
			if all != nil {
				checks = append(checks, all[i])
			}
		}
	}
	accepted, err := s.Matching.Ingest(ctx, rest, checks)
	if err != nil {
		return nil, err
	}
	if company := s.rates.Accepted(ctx, rest, accepted); company != "" {
		access.TellQuotas(ctx, s.rates.Quotas(ctx, company)...)
	}
	if places == nil {
		return accepted, nil
	}
	out := make([]hook.Accepted, len(events))
	for k, i := range places {
		out[i] = accepted[k]
	}
	return out, nil
}
