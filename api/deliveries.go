package api

import (
	"context"
	"slices"

	"godwit/api/view"
	"godwit/internal/hook"
)

func (s *server) viewDelivery(d hook.Delivery) Delivery {
	workflowID := s.Workflows.ID(d)
	return Delivery{
		ID: d.ID, EventID: d.EventID, WebhookID: d.WebhookID, EventType: d.EventType, Kind: hook.KindOf(d.EventType, d.Test), Sequence: d.Sequence,
		ProjectID: d.ProjectID, CompanyID: d.CompanyID,
		Status: d.Status, Reason: view.Optional(d.Reason), AttemptCount: d.Used(),
		NextAttemptAt: view.OptionalTime(d.NextAttemptAt), FinishedAt: view.OptionalTime(d.FinishedAt),
		RedeliveryOf: view.Optional(d.RedeliveryOf), Superseded: d.Superseded, RedeliveryID: view.Optional(d.RedeliveryID),
		CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(),
		Workflow: workflow{ID: workflowID, RunID: view.Optional(d.RunID), URL: view.Optional(s.Workflows.Link(workflowID, d.RunID))},
	}
}

type deliveriesInput struct {
	PageQuery
	WebhookID    string   `query:"webhook_id" doc:"Only deliveries to this webhook"`
	EventID      string   `query:"event_id" doc:"Only deliveries of this event"`
	Statuses     []string `query:"status,explode" maxItems:"6" enum:"pending,retrying,succeeded,failed,held,cancelled" doc:"Only deliveries in this status. Repeat it for several"`
	EventTypes   []string `query:"event_type,explode" maxItems:"200" doc:"Only deliveries of events of this type. Repeat it for several"`
	Reasons      []string `query:"reason,explode" maxItems:"50" doc:"Only deliveries with this reason, or whose last attempt that has ended failed for it, such as exhausted or status_5xx. Repeat it for several"`
	StatusCodes  []string `query:"status_code,explode" maxItems:"50" doc:"Only deliveries whose last attempt that has ended was answered so: a status code, such as 503, or a class, such as 5xx. Repeat it for several"`
	RedeliveryID string   `query:"redelivery_id" doc:"Only deliveries that this redelivery of many made or released"`
	Latest       string   `query:"latest" enum:"true" doc:"true: leave out what was redelivered, so that each event is there once for each webhook"`
	IDPrefix     string   `query:"q" maxLength:"128" doc:"Only deliveries whose id, or whose event's id, begins with this"`
	Kind         string   `query:"kind" enum:"published,test,combination,operational" doc:"Only deliveries of this kind"`
	ProjectID    string   `query:"project_id" doc:"Only deliveries of events of this project"`
	Since        instant  `query:"since" doc:"Created at or after"`
	Until        instant  `query:"until" doc:"Created before"`
}

func (in *deliveriesInput) check() error {
	ids := idFaults([2]string{"webhook_id", in.WebhookID}, [2]string{"event_id", in.EventID}, [2]string{"project_id", in.ProjectID},
		[2]string{"redelivery_id", in.RedeliveryID}, [2]string{"q", in.IDPrefix})
	return badParameters(slices.Concat(ids, anySet.parameter("event_type", in.EventTypes), reasonSet.parameter("reason", in.Reasons), codeSet.parameter("status_code", in.StatusCodes)))
}

func (s *server) deliveries(ctx context.Context, in *deliveriesInput) (*listReply[Delivery], error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	page.Stopped = new(hook.Cursor)
	if err := in.check(); err != nil {
		return nil, err
	}
	filter := hook.DeliveryFilter{WebhookID: in.WebhookID, EventID: in.EventID, Kind: hook.EventKind(in.Kind), ProjectID: in.ProjectID, Since: in.Since.Time, Until: in.Until.Time,
		Statuses: valuesOf[hook.DeliveryStatus](in.Statuses), EventTypes: in.EventTypes,
		Reasons: valuesOf[hook.Reason](in.Reasons), StatusCodes: valuesOf[hook.StatusCodes](in.StatusCodes),
		RedeliveryID: in.RedeliveryID, Latest: in.Latest == "true", IDPrefix: in.IDPrefix}
	rows, err := s.Store.Deliveries(ctx, filter, page)
	if err != nil {
		return nil, err
	}
	out := pageOf(rows, in.PageQuery, s.viewDelivery, hook.Delivery.Cursor).from(page)
	return out, s.addLastAttempts(ctx, out.Body.Data)
}

type deliveryDetail struct {
	Delivery
	DeliveryDeeds
	Attempts []view.Attempt `json:"attempts" nullable:"false" maxItems:"100" doc:"Its HTTP requests, the first one first; of more than 100 the newest"`
}

func (s *server) delivery(ctx context.Context, in *ByID) (*reply[deliveryDetail], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	d, err := s.Store.Delivery(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	rows, err := s.Store.Attempts(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	one := []Delivery{s.viewDelivery(d)}
	if err := s.addLastAttempts(ctx, one); err != nil {
		return nil, err
	}
	deeds, err := s.Store.DeliveryDeeds(ctx, d)
	if err != nil {
		return nil, err
	}
	out := deliveryDetail{Delivery: one[0], DeliveryDeeds: viewDeeds(deeds), Attempts: []view.Attempt{}}
	for _, a := range rows {
		out.Attempts = append(out.Attempts, view.OfAttempt(a))
	}
	return &reply[deliveryDetail]{Body: out}, nil
}
