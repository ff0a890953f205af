package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"godwit/api/view"
	"godwit/internal/hook"
)

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
