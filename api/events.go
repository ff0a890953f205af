package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"time"

	"godwit/api/access"
	"godwit/api/view"
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

type publishReply struct {
	Location string `header:"Location" doc:"Path of the event"`
	Body     publishBody
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

// EventSummary is an event without its states.
type EventSummary struct {
	ID         string         `json:"id" doc:"The event's id: the caller's, or one that Godwit made"`
	Type       string         `json:"type" doc:"A name of the catalogue, or combination"`
	Kind       hook.EventKind `json:"kind" enum:"published,test,combination,operational" doc:"How it came about: by the host application, as a test of one webhook, by a combination rule, or by Godwit, about a webhook"`
	ProjectID  string         `json:"project_id" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{0,128}$" doc:"Where it happened. Empty for what Godwit tells of an owner's webhooks"`
	CompanyID  string         `json:"company_id" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{0,128}$" doc:"The project's company when the event was accepted; empty without a project"`
	ActorID    *string        `json:"actor_id" doc:"Who did it; null when the producer did not say"`
	OccurredAt time.Time      `json:"occurred_at" doc:"When it happened, as its producer says"`
	AcceptedAt time.Time      `json:"accepted_at" doc:"When Godwit stored it"`
	Sequence   int64          `json:"sequence" minimum:"0" doc:"Rises in the order in which events were accepted, those of a batch in its order; there are gaps. 0 for events from before there were sequences"`
	ExpungedAt *time.Time     `json:"expunged_at" doc:"When its states were removed for good, so that both are null; null = they were not"`
}

func viewEvent(e hook.Event) EventSummary {
	return EventSummary{ID: e.ID, Type: e.Type, Kind: cmp.Or(e.Kind, hook.KindOf(e.Type, false)), ProjectID: e.ProjectID, CompanyID: e.CompanyID,
		ActorID: view.Optional(e.ActorID), OccurredAt: e.OccurredAt.UTC(), AcceptedAt: e.AcceptedAt.UTC(), Sequence: e.Sequence, ExpungedAt: view.OptionalTime(e.ExpungedAt)}
}

// event is an event with everything.
type event struct {
	EventSummary
	ActorName            *string    `json:"actor_name" maxLength:"200" doc:"The name of the user who did it, where the key may know it: an admin's all, a user's its own and those of members of the event's project. null = not known, or no user"`
	Judging              bool       `json:"judging" doc:"Filters that take long are yet to be asked about the event, so that there may be more deliveries soon"`
	Deliveries           []Delivery `json:"deliveries" nullable:"false" maxItems:"200" doc:"The newest 200 of them"`
	DeliveriesNextCursor *string    `json:"deliveries_next_cursor" maxLength:"400" doc:"For GET /v1/deliveries?event_id=, when there are more; else null"`
	Previous             state      `json:"previous" doc:"The state before, byte for byte as it was sent"`
	Current              state      `json:"current" doc:"The state after, byte for byte as it was sent"`
}

// WriteTo writes the event as JSON. Package json would take the spaces out of
// the states, so these are put in behind it, as they are.
func (e event) WriteTo(w io.Writer) (int64, error) {
	rest := struct {
		EventSummary
		ActorName            *string    `json:"actor_name"`
		Judging              bool       `json:"judging"`
		Deliveries           []Delivery `json:"deliveries"`
		DeliveriesNextCursor *string    `json:"deliveries_next_cursor"`
	}{e.EventSummary, e.ActorName, e.Judging, e.Deliveries, e.DeliveriesNextCursor}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(rest); err != nil {
		return 0, err
	}
	out.Truncate(out.Len() - len("}\n"))
	out.WriteString(`,"previous":`)
	out.Write(e.Previous.bytes())
	out.WriteString(`,"current":`)
	out.Write(e.Current.bytes())
	out.WriteString("}\n")
	return out.WriteTo(w)
}

func (s *server) event(ctx context.Context, in *ByID) (*reply[event], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	e, err := s.Store.Event(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	judging, err := s.Store.Judging(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	most := PageQuery{Limit: 200}
	rows, err := s.Store.Deliveries(ctx, hook.DeliveryFilter{EventID: e.ID}, hook.Page{Limit: most.Limit + 1})
	if err != nil {
		return nil, err
	}
	page := pageOf(rows, most, s.viewDelivery, hook.Delivery.Cursor).Body
	if err := s.addLastAttempts(ctx, page.Data); err != nil {
		return nil, err
	}
	summary := viewEvent(e)
	names, err := s.actorNames(ctx, summary)
	if err != nil {
		return nil, err
	}
	return &reply[event]{Body: event{EventSummary: summary, ActorName: view.Optional(names[0]), Judging: judging, Deliveries: page.Data, DeliveriesNextCursor: page.NextCursor,
		Previous: state(e.Previous), Current: state(e.Current)}}, nil
}

type eventsInput struct {
	PageQuery
	Type      string  `query:"type" doc:"Only events of this type"`
	Kind      string  `query:"kind" enum:"published,test,combination,operational" doc:"Only events of this kind"`
	ProjectID string  `query:"project_id" doc:"Only events of this project"`
	Since     instant `query:"since" doc:"Accepted at or after"`
	Until     instant `query:"until" doc:"Accepted before"`
	Matched   string  `query:"matched" enum:"true,false" doc:"false: only events without any delivery that the key may see; true: only those with one"`
}

func (s *server) events(ctx context.Context, in *eventsInput) (*listReply[listedEvent], error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	page.Stopped = new(hook.Cursor)
	if err := badParameters(idFaults([2]string{"project_id", in.ProjectID}, [2]string{"type", in.Type})); err != nil {
		return nil, err
	}
	filter := hook.EventFilter{Type: in.Type, Kind: hook.EventKind(in.Kind), ProjectID: in.ProjectID, Since: in.Since.Time, Until: in.Until.Time}
	if in.Matched != "" {
		filter.Matched = new(in.Matched == "true")
	}
	rows, err := s.Store.Events(ctx, filter, page)
	if err != nil {
		return nil, err
	}
	view := func(e hook.Event) listedEvent { return listedEvent{EventSummary: viewEvent(e)} }
	out := pageOf(rows, in.PageQuery, view, hook.Event.Cursor).from(page)
	return out, s.addToRows(ctx, out.Body.Data)
}
