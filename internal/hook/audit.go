package hook

import (
	"encoding/json"
	"strings"
	"time"
)

// Action names what someone did: the kind of object, a dot, and the outcome of
// it. The values are part of the API.
type Action string

// What the audit log tells of.
const (
	CompanyCreated            Action = "company.created"
	CompanyUpdated            Action = "company.updated"
	CompanyDeleted            Action = "company.deleted"
	ProjectCreated            Action = "project.created"
	ProjectUpdated            Action = "project.updated"
	ProjectDeleted            Action = "project.deleted"
	UserCreated               Action = "user.created"
	UserUpdated               Action = "user.updated"
	UserDeleted               Action = "user.deleted"
	UserErased                Action = "user.erased"
	MemberAdded               Action = "member.added"
	MemberRemoved             Action = "member.removed"
	EventTypeCreated          Action = "event_type.created"
	EventTypeUpdated          Action = "event_type.updated"
	EventTypeDeleted          Action = "event_type.deleted"
	WebhookCreated            Action = "webhook.created"
	WebhookUpdated            Action = "webhook.updated"
	WebhookDeleted            Action = "webhook.deleted"
	WebhookEnabled            Action = "webhook.enabled"
	WebhookDisabled           Action = "webhook.disabled"
	WebhookTested             Action = "webhook.tested"
	WebhookSecretRotated      Action = "webhook.secret_rotated"
	DeliveryRedelivered       Action = "delivery.redelivered"
	DeliveryRetried           Action = "delivery.retried"
	DeliveryCancelled         Action = "delivery.cancelled"
	DeliverySigned            Action = "delivery.signed"
	RedeliveryStarted         Action = "redelivery.started"
	RedeliveryCancelledAction Action = "redelivery.cancelled"
	CancellationStarted       Action = "cancellation.started"
	APIKeyCreated             Action = "api_key.created"
	APIKeyRevoked             Action = "api_key.revoked"
	PortalSessionCreated      Action = "portal_session.created"
	EventExpunged             Action = "event.expunged"
	PortalSessionUsed         Action = "portal_session.used"
	SessionStarted            Action = "session.started"
	SessionEnded              Action = "session.ended"
)

// Actions lists every Action.
var Actions = []Action{
	CompanyCreated, CompanyUpdated, CompanyDeleted, ProjectCreated, ProjectUpdated, ProjectDeleted,
	UserCreated, UserUpdated, UserDeleted, UserErased, MemberAdded, MemberRemoved,
	EventTypeCreated, EventTypeUpdated, EventTypeDeleted,
	WebhookCreated, WebhookUpdated, WebhookDeleted, WebhookEnabled, WebhookDisabled, WebhookTested, WebhookSecretRotated,
	DeliveryRedelivered, DeliveryRetried, DeliveryCancelled, DeliverySigned, RedeliveryStarted, RedeliveryCancelledAction, CancellationStarted,
	APIKeyCreated, APIKeyRevoked, PortalSessionCreated, PortalSessionUsed, SessionStarted, SessionEnded, EventExpunged,
}

// Object is the kind of object that the action is about, such as "webhook".
func (a Action) Object() string {
	kind, _, _ := strings.Cut(string(a), ".")
	return kind
}

// AuditEntry is one change that someone made.
type AuditEntry struct {
	ID     string
	At     time.Time
	By     Principal
	Action Action
	// ObjectID is that of what was changed; for a member project and user,
	// joined by a slash.
	ObjectID string
	// Before and After are JSON objects without secrets, of an update with what
	// differs alone; nil where there was, or is, nothing.
	Before json.RawMessage
	After  json.RawMessage
	// ExpungedAt is when the values were removed; zero = they were not.
	ExpungedAt time.Time
}

// AuditFilter narrows the audit log; zero fields don't.
type AuditFilter struct {
	Action   Action
	ObjectID string
	Actor    string    // the id of a credential or of a user
	Since    time.Time // at or after
	Until    time.Time // before
}
