package api

import (
	"cmp"
	"time"

	"godwit/api/view"
	"godwit/internal/hook"
)

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
