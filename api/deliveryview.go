package api

import (
	"time"

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

type lastAttempt struct {
	Number     int          `json:"number" minimum:"1" maximum:"5" doc:"Which attempt of the delivery it is"`
	At         time.Time    `json:"at" doc:"When it began"`
	DurationMS int64        `json:"duration_ms" minimum:"0" doc:"How long it took, in milliseconds; 0 while it is under way"`
	StatusCode *int         `json:"status_code" minimum:"100" maximum:"999" doc:"The receiver's HTTP status; null when none arrived"`
	Outcome    hook.Outcome `json:"outcome" enum:"success,failure,lost,put_off,in_flight" doc:"Its result"`
	Reason     *hook.Reason `json:"reason" doc:"The cause of a failure, as a constant; else null"`
}
