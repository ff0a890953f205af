package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"godwit/api/view"
	"godwit/internal/hook"
)

type redeliverForm struct {
	Since       string    `json:"since" format:"date-time" doc:"Deliveries that were created at or after"`
	Until       string    `json:"until,omitempty" format:"date-time" doc:"Deliveries that were created before; now when left out"`
	Statuses    *[]string `json:"statuses,omitempty" minItems:"1" maxItems:"3" enum:"failed,held,cancelled" nullable:"true" doc:"failed and held when left out. What failed or was cancelled is redelivered, what is held is released"`
	EventTypes  *[]string `json:"event_types,omitempty" minItems:"1" maxItems:"200" nullable:"true" pattern:"^[A-Za-z0-9_.:-]{1,128}$" doc:"Names of the catalogue, or combination; every type when left out"`
	Reasons     *[]string `json:"reasons,omitempty" minItems:"1" maxItems:"50" nullable:"true" pattern:"^[a-z0-9_]{1,40}$" doc:"The delivery's reason, or that of its last attempt that has ended; every reason, and none, when left out"`
	StatusCodes *[]string `json:"status_codes,omitempty" minItems:"1" maxItems:"50" nullable:"true" pattern:"^[1-9]([0-9]{2}|xx)$" doc:"How its last attempt that has ended was answered, such as 503 or 5xx; however when left out"`
	DryRun      bool      `json:"dry_run,omitempty" default:"false" doc:"true: only count, and write nothing"`
	_           struct{}  `additionalProperties:"false"`
}

func (f redeliverForm) check() []hook.Field {
	return f.checkFor(hook.RedeliveryStatuses, "failed, held or cancelled", "failed and held")
}

// checkFor is check where these statuses may be asked for.
func (f redeliverForm) checkFor(allowed []hook.DeliveryStatus, names, usual string) []hook.Field {
	var bad []hook.Field
	since, ok := hook.ParseTime(f.Since)
	if !ok {
		bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "time"}, Pointer: "/since", Detail: hook.TimeFormat})
	}
	until, ok := optionalInstant(f.Until)
	switch {
	case !ok:
		bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "time"}, Pointer: "/until", Detail: hook.TimeFormat})
	case f.Until != "" && !since.Before(until):
		bad = append(bad, hook.Field{Code: hook.FieldTime, Params: hook.Params{"expected": "after_since"}, Pointer: "/until", Detail: "must be after since"})
	}
	statuses := orNone(f.Statuses)
	if f.Statuses != nil && len(statuses) == 0 || len(statuses) > len(allowed) {
		bad = append(bad, hook.Field{Code: hook.FieldCount, Params: hook.Params{"min": 1, "max": len(allowed)}, Pointer: "/statuses", Detail: "must hold one to three; leave it out for " + usual})
	}
	for i, status := range statuses {
		if !slices.Contains(allowed, hook.DeliveryStatus(status)) {
			bad = append(bad, hook.Field{Code: hook.FieldChoice, Params: hook.Params{"expected": names}, Pointer: fmt.Sprintf("/statuses/%d", i), Detail: "must be " + names})
		}
	}
	return slices.Concat(bad, typeSet.fields("event_types", f.EventTypes), reasonSet.fields("reasons", f.Reasons), codeSet.fields("status_codes", f.StatusCodes))
}

// orNone gives what a list holds that may be left out.
func orNone(items *[]string) []string {
	if items == nil {
		return nil
	}
	return *items
}

func (f redeliverForm) query(webhookID string, usual ...hook.DeliveryStatus) hook.RedeliveryQuery {
	q := hook.RedeliveryQuery{WebhookID: webhookID, Statuses: usual, EventTypes: orNone(f.EventTypes),
		Reasons: valuesOf[hook.Reason](orNone(f.Reasons)), StatusCodes: valuesOf[hook.StatusCodes](orNone(f.StatusCodes))}
	q.Since, _ = hook.ParseTime(f.Since) // check has read both
	q.Until, _ = optionalInstant(f.Until)
	if f.Statuses != nil {
		q.Statuses = nil
		for _, status := range orNone(f.Statuses) {
			q.Statuses = append(q.Statuses, hook.DeliveryStatus(status))
		}
	}
	return q
}

type redeliverInput struct {
	ByID
	Payload
}

type redeliverAnswer struct {
	RedeliveryID *string `json:"redelivery_id" doc:"Names it in GET /v1/webhooks/{id}/redeliveries/{redelivery_id}; null for a dry run"`
	Count        int     `json:"count" doc:"How many deliveries are, or would be, sent again or cancelled. 10000 means so many or more: no more are counted, but all are reached"`
}

// redeliverReply says 202 for what has begun, 200 for a dry run.
type redeliverReply struct {
	Status   int
	Location string `header:"Location" doc:"Path of the redelivery; left out of a dry run"`
	Body     redeliverAnswer
}

func (s *server) redeliverDeliveries(ctx context.Context, in *redeliverInput) (*redeliverReply, error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	form, err := decode[redeliverForm](in.raw)
	if err != nil {
		return nil, err
	}
	q := form.query(in.ID, hook.Failed, hook.Held)
	return begun(ctx, q, form.DryRun, s.Store.CountRedelivery, s.Store.CreateRedelivery)
}

// cancelForm is redeliverForm for what waits.
type cancelForm struct {
	Since       string    `json:"since" format:"date-time" doc:"Deliveries that were created at or after"`
	Until       string    `json:"until,omitempty" format:"date-time" doc:"Deliveries that were created before; now when left out"`
	Statuses    *[]string `json:"statuses,omitempty" minItems:"1" maxItems:"3" enum:"pending,retrying,held" nullable:"true" doc:"All three when left out"`
	EventTypes  *[]string `json:"event_types,omitempty" minItems:"1" maxItems:"200" nullable:"true" pattern:"^[A-Za-z0-9_.:-]{1,128}$" doc:"Names of the catalogue, or combination; every type when left out"`
	Reasons     *[]string `json:"reasons,omitempty" minItems:"1" maxItems:"50" nullable:"true" pattern:"^[a-z0-9_]{1,40}$" doc:"The delivery's reason, or that of its last attempt that has ended; every reason, and none, when left out"`
	StatusCodes *[]string `json:"status_codes,omitempty" minItems:"1" maxItems:"50" nullable:"true" pattern:"^[1-9]([0-9]{2}|xx)$" doc:"How its last attempt that has ended was answered, such as 503 or 5xx; however when left out"`
	DryRun      bool      `json:"dry_run,omitempty" default:"false" doc:"true: only count, and write nothing"`
	_           struct{}  `additionalProperties:"false"`
}

func (f cancelForm) check() []hook.Field {
	return redeliverForm(f).checkFor(hook.CancelStatuses, "pending, retrying or held; what is finished can't be cancelled", "all of pending, retrying and held")
}

func (s *server) cancelDeliveries(ctx context.Context, in *redeliverInput) (*redeliverReply, error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	form, err := decode[cancelForm](in.raw)
	if err != nil {
		return nil, err
	}
	q := redeliverForm(form).query(in.ID, hook.CancelStatuses...)
	return begun(ctx, q, form.DryRun, s.Store.CountCancellation, s.Store.CreateCancellation)
}

// begun counts or begins what is done to many deliveries.
func begun(ctx context.Context, q hook.RedeliveryQuery, dryRun bool, count func(context.Context, hook.RedeliveryQuery) (int, error),
	create func(context.Context, hook.RedeliveryQuery) (hook.Redelivery, error)) (*redeliverReply, error) {
	if dryRun {
		n, err := count(ctx, q)
		if err != nil {
			return nil, err
		}
		return &redeliverReply{Status: 200, Body: redeliverAnswer{Count: n}}, nil
	}
	r, err := create(ctx, q)
	if err != nil {
		return nil, err
	}
	at := strings.Join([]string{"/v1/webhooks", r.WebhookID, "redeliveries", r.ID}, "/")
	return &redeliverReply{Status: 202, Location: at, Body: redeliverAnswer{RedeliveryID: &r.ID, Count: r.Total}}, nil
}

type redeliveryProgress struct {
	ID          string                `json:"id" pattern:"^rdl_[0-9a-v]{26}$" doc:"Id that Godwit made"`
	Kind        hook.RedeliveryKind   `json:"kind" enum:"redelivery,cancellation" doc:"Whether the deliveries are sent again or cancelled"`
	WebhookID   string                `json:"webhook_id" doc:"The webhook"`
	Status      hook.RedeliveryStatus `json:"status" enum:"running,completed,cancelled" doc:"completed = nothing of it is under way any more; cancelled = it was ended before"`
	Since       time.Time             `json:"since" doc:"Deliveries that were created at or after"`
	Until       time.Time             `json:"until" doc:"Deliveries that were created before"`
	Statuses    []hook.DeliveryStatus `json:"statuses" nullable:"false" minItems:"1" maxItems:"3" enum:"pending,retrying,failed,held,cancelled" doc:"Deliveries in these statuses"`
	EventTypes  []string              `json:"event_types" nullable:"false" maxItems:"200" pattern:"^[A-Za-z0-9_.:-]{1,128}$" doc:"Deliveries of events of these types; empty for every type"`
	Reasons     []string              `json:"reasons" nullable:"false" maxItems:"50" pattern:"^[a-z0-9_]{1,40}$" doc:"Deliveries with these reasons, or whose last attempts failed for them; empty for all"`
	StatusCodes []string              `json:"status_codes" nullable:"false" maxItems:"50" pattern:"^[1-9]([0-9]{2}|xx)$" doc:"Deliveries whose last attempts were answered so; empty for all"`
	Count       int                   `json:"count" doc:"How many deliveries were to be sent again, or cancelled, when it began. From 10000 on there may be more: it grows with released"`
	Released    int                   `json:"released" doc:"How many of them are redelivered, released or cancelled so far"`
	Succeeded   int                   `json:"succeeded" doc:"How many of those that were released arrived"`
	Failed      int                   `json:"failed" doc:"How many of them failed again"`
	Cancelled   int                   `json:"cancelled" doc:"How many of them were cancelled"`
	Pending     int                   `json:"pending" doc:"How many of those that were released are not finished"`
	CreatedAt   time.Time             `json:"created_at" doc:"When it began"`
	FinishedAt  *time.Time            `json:"finished_at" doc:"null while it runs"`
}

func viewProgress(r hook.Redelivery) redeliveryProgress {
	return redeliveryProgress{
		ID: r.ID, Kind: r.Kind, WebhookID: r.WebhookID, Status: r.Status, Since: r.Since.UTC(), Until: r.Until.UTC(),
		Statuses: append([]hook.DeliveryStatus{}, r.Statuses...), EventTypes: append([]string{}, r.EventTypes...),
		Reasons: textsOf(r.Reasons), StatusCodes: textsOf(r.StatusCodes), Count: r.Total, Released: r.Released, Succeeded: r.Succeeded, Failed: r.Failed, Cancelled: r.Cancelled, Pending: r.Pending,
		CreatedAt: r.CreatedAt.UTC(), FinishedAt: view.OptionalTime(r.FinishedAt),
	}
}

// byRedelivery names a redelivery of a webhook.
type byRedelivery struct {
	ByID
	RedeliveryID string `path:"redelivery_id" doc:"The redelivery_id of the answer that began it"`
}

func (s *server) redelivery(ctx context.Context, in *byRedelivery) (*reply[redeliveryProgress], error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	r, err := s.Store.Redelivery(ctx, in.ID, in.RedeliveryID)
	if err != nil {
		return nil, err
	}
	return &reply[redeliveryProgress]{Body: viewProgress(r)}, nil
}

func (in *byRedelivery) check() error {
	if err := pathID(in.ID); err != nil {
		return err
	}
	return pathID(in.RedeliveryID)
}

func (s *server) cancelRedelivery(ctx context.Context, in *byRedelivery) (*struct{}, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	return nil, s.Store.CancelRedelivery(ctx, in.ID, in.RedeliveryID)
}

type redeliveriesInput struct {
	ByID
	PageQuery
}

func (s *server) redeliveries(ctx context.Context, in *redeliveriesInput) (*listReply[redeliveryProgress], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	if _, err := s.Store.Webhook(ctx, in.ID); err != nil {
		return nil, err
	}
	rows, err := s.Store.Redeliveries(ctx, in.ID, page)
	if err != nil {
		return nil, err
	}
	key := func(r hook.Redelivery) hook.Cursor { return hook.Cursor{Time: r.CreatedAt, ID: r.ID} }
	return pageOf(rows, in.PageQuery, viewProgress, key), nil
}
