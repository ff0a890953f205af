package api

import (
	"context"
	"net/netip"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/internal/match"
	"godwit/internal/ops"
	"godwit/internal/tracing"
)

// Options is what the API is built from. Every field is required unless it
// says otherwise.
type Options struct {
	Store    Store
	Matching Matching
	Trials   Trials
	// AdminKeyHash is apikey.Hash of the bootstrap admin key; empty = that key
	// does not exist and every call is 401.
	AdminKeyHash []byte
	// TrustedProxies are the networks whose X-Forwarded-For is believed about where
	// a request comes from; none = nobody's is.
	TrustedProxies []netip.Prefix
	// AllowedHosts are names of this installation, by which links may be made where
	// PublicURL is empty; see ops.HostAllowed.
	AllowedHosts []string
	// PublishRate and ManagementRate are how many requests a second each key may
	// make on the routes of publishers and on all others; 0 = any number.
	PublishRate    int
	ManagementRate int
	// Limits are the installation's of users and companies; 0 = any number.
	Limits hook.Limits
	// PublicURL is where browsers find Godwit; empty = where they found it this time.
	PublicURL string
	// CheckURL gives the URL as a webhook keeps it, or why a webhook may not have
	// it, in words for its owner.
	CheckURL func(raw string) (string, error)
	// CheckHeaders returns why a webhook may not have these request headers, in
	// words for its owner; a *hook.Error may point at single ones ("/headers/…").
	CheckHeaders func(headers map[string]string) error
	// CheckIdentity returns why a webhook may not have its certificates, as
	// CheckHeaders does.
	CheckIdentity func(w hook.Webhook) error
	// CheckRule returns what is wrong with a rule's filters and path, with
	// pointers below the rule ("/filter").
	CheckRule func(r hook.Rule) []hook.Field
	// Probe sends a health check to a webhook; its error is only ever the caller's
	// own end.
	Probe func(ctx context.Context, w hook.Webhook) (hook.Result, error)
	// Show gives the request of a delivery, with fresh signatures where it is to be
	// signed. Its error is that the webhook's secrets can't be used.
	Show func(p hook.Parcel, signed bool) (hook.Request, error)
	// NewSecret makes a signing secret of a kind.
	NewSecret func(hook.Signature) string
	// Play says whether there is a play receiver.
	Play bool
	// Streams tells what is new about the streams of listeners.
	Streams Streams
	// Now is the database's time; nil = this machine's.
	Now func() time.Time
	// Wake is called after an ingest that created deliveries has committed. It
	// must not block; nil = nobody needs waking.
	Wake func()
	// WakeWindows is Wake for what happened in the windows of combinations.
	WakeWindows func()
	// WakeJudging is Wake for events whose filters take long.
	WakeJudging func()
	// Workflows tells where a delivery's workflow is found.
	Workflows Workflows
	// Version is Godwit's own version, for the OpenAPI document.
	Version string
	// Look is what GET /v1/app shows beside the features; its name is never empty.
	Look Look
	// Mail says whether Godwit sends mail to owners.
	Mail bool
	// Settings are what GET /v1/system shows.
	Settings Settings
	// Traces makes a span of each request that publishes; nil = none.
	Traces *tracing.Traces
	// Observer counts what is published and how long answers take; nil = nobody does.
	Observer Observer
	// Outage collects the requests that are answered 503 because the database is
	// unavailable, for one line in the log; nil = each request has a line.
	Outage *ops.Complaints
	Log    *zap.Logger
}

// Observer counts what is published, and how long answers take.
type Observer interface {
	Accepted(a hook.Accepted)
	// Rejected counts an event, or a request with events, by the code of the answer.
	Rejected(code string)
	// Answered counts a request; kind is "events" or "other".
	Answered(kind string, status int, took time.Duration)
}

// Workflows tells where a delivery's workflow is found.
type Workflows struct {
	// ID gives the Temporal workflow id of a delivery.
	ID func(hook.Delivery) string
	// Link gives the address of a run in the Temporal Web UI; "" = there is none.
	Link func(workflowID, runID string) string
}

// Store is what the API asks of its storage, in small parts; one value usually
// fills all of them. Errors that a client may see are *hook.Error; lists come
// newest first and are cut to Page.Limit.
type Store struct {
	Companies Companies
	Projects  Projects
	Users     Users
	// ChooseLocale keeps the language that a user chooses, one of hook.Languages.
	ChooseLocale  func(ctx context.Context, userID, locale string) error
	Directory     Directory
	Members       Members
	EventTypes    EventTypes
	Webhooks      Webhooks
	WebhookKeys   WebhookKeys
	Edits         WebhookEdits
	Health        Health
	Events        Events
	Deliveries    Deliveries
	Requests      Requests
	Drafts        Drafts
	Numbers       Numbers
	DeliveryEdits DeliveryEdits
	Redeliveries  Redeliveries
	Cancellations Cancellations
	Progress      Progress
	Tests         Tests
	Reports       Reports
	Ledgers       Ledgers
	Secrets       Secrets
	Visibility    Visibility
	Credentials   Credentials
	APIKeys       APIKeys
	Devices       Devices
	Sessions      Sessions
	SignedIn      SignedIn
	PortalLinks   PortalLinks
	Answers       Answers
	AuditLog      AuditLog
	Installation  Installation
	Erasures      Erasures
	Snapshots     Snapshots
	Quotas        Quotas
	Listeners     Listeners
	Leases        StreamLeases
	Offers        StreamRequests
	PlayAddresses PlayAddresses
	Plays         Plays
}

// Snapshots gives reads one moment to look at.
type Snapshots interface {
	// Snapshot runs read with a context whose reads all see the same moment. Its
	// error is read's, or CodeUnavailable when read took too long.
	Snapshot(ctx context.Context, read func(context.Context) error) error
}

// Companies keeps companies; the bool of PutCompany says that it is new.
type Companies interface {
	PutCompany(ctx context.Context, c hook.Company) (hook.Company, bool, error)
	Company(ctx context.Context, id string) (hook.Company, error)
	DeleteCompany(ctx context.Context, id string) error
}

// Projects keeps projects; the bool of PutProject says that it is new.
type Projects interface {
	PutProject(ctx context.Context, p hook.Project) (hook.Project, bool, error)
	Project(ctx context.Context, id string) (hook.Project, error)
	DeleteProject(ctx context.Context, id string) error
}

// Users keeps users; the bool of PutUser says that it is new.
type Users interface {
	PutUser(ctx context.Context, u hook.User) (hook.User, bool, error)
	User(ctx context.Context, id string) (hook.User, error)
	DeleteUser(ctx context.Context, id string) error
}

// Directory lists companies, projects and users; with a text those that a person
// looks for by it.
type Directory interface {
	Companies(ctx context.Context, text string, page hook.Page) ([]hook.Company, error)
	Projects(ctx context.Context, f hook.ProjectFilter, page hook.Page) ([]hook.Project, error)
	Users(ctx context.Context, text string, page hook.Page) ([]hook.User, error)
}

// Members keeps who belongs to a project; the bool of PutMember says that the
// user was no member before.
type Members interface {
	PutMember(ctx context.Context, projectID, userID string) (bool, error)
	DeleteMember(ctx context.Context, projectID, userID string) error
	Members(ctx context.Context, projectID string, page hook.Page) ([]hook.Member, error)
}

// EventTypes keeps the catalogue. EventTypes lists all of it by group and name;
// the bool of PutEventType says that the type is new.
type EventTypes interface {
	EventTypes(ctx context.Context) ([]hook.EventType, error)
	PutEventType(ctx context.Context, t hook.EventType) (hook.EventType, bool, error)
	DeleteEventType(ctx context.Context, name string) error
}

// Webhooks makes and finds webhooks. CreateWebhook is CodeConflict where the owner
// has a webhook with this key.
type Webhooks interface {
	CreateWebhook(ctx context.Context, w hook.Webhook) (hook.Webhook, error)
	Webhook(ctx context.Context, id string) (hook.Webhook, error)
	Webhooks(ctx context.Context, filter hook.WebhookFilter, page hook.Page) ([]hook.Webhook, error)
}

// WebhookKeys finds webhooks by what their owners call them.
type WebhookKeys interface {
	WebhookByKey(ctx context.Context, ownerID, key string) (hook.Webhook, error)
}

// WebhookEdits changes webhooks. UpdateWebhook gives change the stored webhook
// and stores what it leaves, all or nothing; version 0 stands for any.
type WebhookEdits interface {
	UpdateWebhook(ctx context.Context, id string, version int64, change func(*hook.Webhook) error) (hook.Webhook, error)
	DeleteVersion(ctx context.Context, id string, version int64) error
	// Reach fills what belongs to a webhook only where it is shown.
	Reach(ctx context.Context, w *hook.Webhook) error
}

// Health changes the health of webhooks.
type Health interface {
	// Happen applies what happened, and says how the webhook stood and stands.
	Happen(ctx context.Context, webhookID string, c hook.Cause) (before, after hook.Health, err error)
}

// Matching decides which webhooks events go to, and tells why.
type Matching interface {
	Intake
	// Preview tells what rules would have matched; it writes nothing.
	Preview(ctx context.Context, q match.Question) (match.Preview, error)
	// Explain tells why an event did or did not go to a webhook.
	Explain(ctx context.Context, webhookID, eventID string) (match.Explanation, error)
}

// Intake accepts events.
type Intake interface {
	// Check holds events to the schemas of their types.
	Check(ctx context.Context, events []hook.Event) ([]match.Check, error)
	// Ingest accepts events, each answered by itself; its error means that none
	// was accepted. Without checks it makes them.
	Ingest(ctx context.Context, events []hook.Event, checks []match.Check) ([]hook.Accepted, error)
}

// Events finds events.
type Events interface {
	Event(ctx context.Context, id string) (hook.Event, error)
	Events(ctx context.Context, filter hook.EventFilter, page hook.Page) ([]hook.Event, error)
	// Judging says whether filters are yet to be asked about an event.
	Judging(ctx context.Context, id string) (bool, error)
}

// Deliveries finds deliveries and their attempts, the first attempt first.
type Deliveries interface {
	Delivery(ctx context.Context, id string) (hook.Delivery, error)
	Deliveries(ctx context.Context, filter hook.DeliveryFilter, page hook.Page) ([]hook.Delivery, error)
	Attempts(ctx context.Context, deliveryID string) ([]hook.Attempt, error)
}
