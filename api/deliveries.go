package api

import (
	"context"
	"slices"
	"time"

	"godwit/api/view"
	"godwit/internal/hook"
)

// Delivery is a delivery as the API shows it.
type Delivery struct {
	ID            string              `json:"id" pattern:"^dlv_[0-9a-v]{26}$" doc:"Id that Godwit made"`
	EventID       string              `json:"event_id" doc:"The event that it carries"`
	WebhookID     string              `json:"webhook_id" doc:"The webhook that it goes to"`
	EventType     string              `json:"event_type" doc:"The event's type"`
	Kind          hook.EventKind      `json:"kind" enum:"published,test,combination,operational" doc:"How its event came about. A test makes one attempt and bears on neither health nor ledger"`
	Sequence      int64               `json:"sequence" minimum:"0" doc:"The event's sequence: it rises in the order in which events were accepted"`
	ProjectID     string              `json:"project_id" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{0,128}$" doc:"Where the event happened. Empty for what Godwit tells of an owner's webhooks"`
	CompanyID     string              `json:"company_id" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{0,128}$" doc:"The project's company when the event was accepted; empty without a project"`
	Status        hook.DeliveryStatus `json:"status" enum:"pending,retrying,succeeded,failed,held,cancelled" doc:"pending = not yet tried, held = kept because its webhook is switched off"`
	Reason        *hook.Reason        `json:"reason" doc:"Why it is failed, held or cancelled; else null"`
	AttemptCount  int                 `json:"attempt_count" minimum:"0" maximum:"5" doc:"How many attempts were begun, without requests that were put off; at most 5"`
	NextAttemptAt *time.Time          `json:"next_attempt_at" doc:"null unless it waits for its next attempt"`
	RedeliveryOf  *string             `json:"redelivery_of" pattern:"^dlv_[0-9a-v]{26}$" doc:"The delivery whose place it took; null = it is the first one of its event"`
	Superseded    bool                `json:"superseded" doc:"It was redelivered: another delivery took its place"`
	RedeliveryID  *string             `json:"redelivery_id" doc:"The redelivery of many that made or released it; else null"`
	CreatedAt     time.Time           `json:"created_at" doc:"When the event matched"`
	UpdatedAt     time.Time           `json:"updated_at" doc:"When it was changed last"`
	FinishedAt    *time.Time          `json:"finished_at" doc:"null until nothing more happens by itself"`
	LastAttempt   *lastAttempt        `json:"last_attempt" doc:"Its newest request; null = none is recorded yet. In the answer of redeliver it is null"`
	Workflow      workflow            `json:"workflow" doc:"The Temporal workflow that carries it"`
}

type workflow struct {
	ID    string  `json:"id" pattern:"^[A-Za-z0-9._:/-]{1,200}$" doc:"Temporal workflow id"`
	RunID *string `json:"run_id" format:"uuid" doc:"Temporal run id; null before the first attempt"`
	URL   *string `json:"url" format:"uri" doc:"Its page in the Temporal Web UI; null when no such UI is set up"`
}

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
