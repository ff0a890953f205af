package api

import (
	"context"
	"time"

	"godwit/internal/hook"
)

// Store is what the API asks of its storage; it is a *store.Store. It is an interface
// as long as there are tests of handlers that run on a store in memory. Errors
// that a client may see are *hook.Error; lists come newest first and are cut to
// Page.Limit.
type Store interface {
	// The directory: companies, projects, users and members. The bool of a Put says that it is new.

	PutCompany(ctx context.Context, c hook.Company) (hook.Company, bool, error)
	Company(ctx context.Context, id string) (hook.Company, error)
	DeleteCompany(ctx context.Context, id string) error
	PutProject(ctx context.Context, p hook.Project) (hook.Project, bool, error)
	Project(ctx context.Context, id string) (hook.Project, error)
	DeleteProject(ctx context.Context, id string) error
	PutUser(ctx context.Context, u hook.User) (hook.User, bool, error)
	User(ctx context.Context, id string) (hook.User, error)
	DeleteUser(ctx context.Context, id string) error
	// ChooseLocale keeps the language that a user chooses, one of hook.Languages.
	ChooseLocale(ctx context.Context, userID, locale string) error
	Companies(ctx context.Context, text string, page hook.Page) ([]hook.Company, error)
	Projects(ctx context.Context, f hook.ProjectFilter, page hook.Page) ([]hook.Project, error)
	Users(ctx context.Context, text string, page hook.Page) ([]hook.User, error)
	PutMember(ctx context.Context, projectID, userID string) (bool, error)
	DeleteMember(ctx context.Context, projectID, userID string) error
	Members(ctx context.Context, projectID string, page hook.Page) ([]hook.Member, error)

	// The catalogue by group and name; the bool of PutEventType says that the type is new.

	EventTypes(ctx context.Context) ([]hook.EventType, error)
	PutEventType(ctx context.Context, t hook.EventType) (hook.EventType, bool, error)
	DeleteEventType(ctx context.Context, name string) error

	// Webhooks. CreateWebhook is CodeConflict where the owner has a webhook with this key.

	CreateWebhook(ctx context.Context, w hook.Webhook) (hook.Webhook, error)
	Webhook(ctx context.Context, id string) (hook.Webhook, error)
	Webhooks(ctx context.Context, filter hook.WebhookFilter, page hook.Page) ([]hook.Webhook, error)
	WebhookByKey(ctx context.Context, ownerID, key string) (hook.Webhook, error)
	// UpdateWebhook gives change the stored webhook and stores what it leaves, all or
	// nothing; version 0 is any.
	UpdateWebhook(ctx context.Context, id string, version int64, change func(*hook.Webhook) error) (hook.Webhook, error)
	DeleteVersion(ctx context.Context, id string, version int64) error
	// Reach fills what belongs to a webhook only where it is shown.
	Reach(ctx context.Context, w *hook.Webhook) error
	// CheckRules is CodeInvalid where the owner or something that the rules name does
	// not exist or may not be named.
	CheckRules(ctx context.Context, ownerID string, rules []hook.Rule) error
	// SameURL gives a webhook of the owner that has the URL; "" = none has.
	SameURL(ctx context.Context, ownerID, url string) (webhookID string, err error)
	// Unseen gives those of the event types of which nothing was published lately.
	Unseen(ctx context.Context, ownerID string, types []string) ([]string, error)
	// RotateSecret gives rotate the stored webhook and stores the secrets that it
	// leaves, all or nothing.
	RotateSecret(ctx context.Context, id string, rotate func(*hook.Webhook) error) (hook.Webhook, error)
	// Happen applies a cause, and gives the health before and after it.
	Happen(ctx context.Context, webhookID string, c hook.Cause) (before, after hook.Health, err error)

	// Events, and deliveries with their attempts, the first attempt first.

	Event(ctx context.Context, id string) (hook.Event, error)
	Events(ctx context.Context, filter hook.EventFilter, page hook.Page) ([]hook.Event, error)
	// Judging says whether filters are yet to be asked about an event.
	Judging(ctx context.Context, id string) (bool, error)
	Delivery(ctx context.Context, id string) (hook.Delivery, error)
	Deliveries(ctx context.Context, filter hook.DeliveryFilter, page hook.Page) ([]hook.Delivery, error)
	Attempts(ctx context.Context, deliveryID string) ([]hook.Attempt, error)
	Parcel(ctx context.Context, deliveryID string) (hook.Parcel, error)
	// NoteSigned writes down who was shown signatures.
	NoteSigned(ctx context.Context, deliveryID string) error
	WebhookNumbers(ctx context.Context, ids []string, since time.Time) (map[string]hook.WebhookNumbers, error)
	LastAttempts(ctx context.Context, deliveryIDs []string) ([]hook.Attempt, error)
	EventOutcomes(ctx context.Context, eventIDs []string) (map[string]hook.EventOutcome, error)

	// What people do to deliveries. A state that does not allow it is CodeConflict.

	// Redeliver makes a new delivery of the same event.
	Redeliver(ctx context.Context, id string) (hook.Delivery, error)
	// RetryNow makes the next attempt of a retrying delivery due at once.
	RetryNow(ctx context.Context, id string) (hook.Delivery, error)
	// Cancel ends a delivery that is not finished.
	Cancel(ctx context.Context, id string) (hook.Delivery, error)
	// CountRedelivery says how many deliveries one would send again.
	CountRedelivery(ctx context.Context, q hook.RedeliveryQuery) (int, error)
	// CreateRedelivery begins one; it is carried out by a worker.
	CreateRedelivery(ctx context.Context, q hook.RedeliveryQuery) (hook.Redelivery, error)
	// CancelRedelivery ends one, or a cancellation; what was let go goes on.
	CancelRedelivery(ctx context.Context, webhookID, redeliveryID string) error
	// CountCancellation says how many deliveries one would cancel.
	CountCancellation(ctx context.Context, q hook.RedeliveryQuery) (int, error)
	// CreateCancellation begins one; it is carried out by a worker.
	CreateCancellation(ctx context.Context, q hook.RedeliveryQuery) (hook.Redelivery, error)
	Redelivery(ctx context.Context, webhookID, redeliveryID string) (hook.Redelivery, error)
	Redeliveries(ctx context.Context, webhookID string, page hook.Page) ([]hook.Redelivery, error)
	SendTest(ctx context.Context, t hook.TestEvent) (eventID, deliveryID string, err error)

	// Reports. Transitions come newest first.

	HealthReport(ctx context.Context, webhookID string, since time.Time) (hook.HealthReport, error)
	Transitions(ctx context.Context, webhookID string, since time.Time, limit int) ([]hook.Transition, error)
	// Stats is about all of Godwit.
	Stats(ctx context.Context, since time.Time) (hook.Stats, error)
	Ledger(ctx context.Context, q hook.LedgerQuery) (hook.Ledger, error)
	// Undelivered lists what has not succeeded, newest first.
	Undelivered(ctx context.Context, q hook.LedgerQuery, page hook.Page) ([]hook.Undelivered, error)
	// UserQuotas tells what a user may have and has.
	UserQuotas(ctx context.Context, userID string) ([]hook.Quota, error)
	// CompanyLimits gives the limits of all companies that have their own.
	CompanyLimits(ctx context.Context) (map[string]hook.OwnLimits, error)
	SchemaVersion(ctx context.Context) (int64, error)
	PostgresVersion(ctx context.Context) (string, error)
	Retention(ctx context.Context) (hook.Retention, error)

	// Who calls. A key that is unknown, revoked or expired is CodeNotFound; hashes are
	// apikey.Hash of what the caller holds.

	APIKey(ctx context.Context, id string) (hook.APIKey, error)
	Principal(ctx context.Context, hash []byte) (hook.Principal, error)
	CreateAPIKey(ctx context.Context, k hook.APIKey, hash []byte) (hook.APIKey, error)
	APIKeys(ctx context.Context, page hook.Page) ([]hook.APIKey, error)
	DeleteAPIKey(ctx context.Context, id string) error
	// CreateSession keeps a session of the Principal of ctx, whose key has its KeyHash.
	CreateSession(ctx context.Context, session hook.Session, hash []byte) error
	Session(ctx context.Context, hash []byte) (hook.Session, error)
	// EndSession ends a session; CodeNotFound for any other.
	EndSession(ctx context.Context, sessionID string) error
	// Sessions lists those that have not ended, of a user its own.
	Sessions(ctx context.Context, filter hook.SessionFilter, page hook.Page) ([]hook.Session, error)
	CreatePortalLink(ctx context.Context, link hook.Session, tokenHash []byte) error
	// RedeemPortalLink makes the session of an unused link; CodeNotFound for any other.
	RedeemPortalLink(ctx context.Context, tokenHash, hash []byte, expiresAt time.Time) (hook.Session, error)
	// BeginDevice keeps a command line that waits for a person to let it in (RFC 8628).
	// What is unknown, used or over is CodeNotFound.
	BeginDevice(ctx context.Context, d hook.Device, pollHash []byte) error
	// UseDevice gives the key to a device that was let in, and forgets it then.
	UseDevice(ctx context.Context, pollHash []byte, k hook.APIKey, keyHash []byte) (hook.Device, hook.APIKey, error)
	// AnswerDevice keeps what the user says about one that waits; nil = nothing yet.
	AnswerDevice(ctx context.Context, code string, approve *bool) (hook.Device, error)
	// Visible is nil for what the Principal of ctx may see; for anything else it is
	// the CodeNotFound that reading an unknown id gives.
	Visible(ctx context.Context, kind hook.Kind, id string) error

	// Requests.

	// Once has run carry a request out and keeps its answer, both or neither; or it
	// gives the answer of the first time again. nil is an answer that is not kept.
	// The error of a key that can't be used now is a *hook.Error: CodeConflict
	// while its request is under way, CodeInvalid where it was another request.
	Once(ctx context.Context, k hook.IdempotencyKey, run func(context.Context) []byte) (answer []byte, again bool, err error)
	// Snapshot runs read with a context whose reads all see the same moment. Its
	// error is read's, or CodeUnavailable when read took too long.
	Snapshot(ctx context.Context, read func(context.Context) error) error
	AuditLog(ctx context.Context, filter hook.AuditFilter, page hook.Page) ([]hook.AuditEntry, error)
	ExpungeEvent(ctx context.Context, eventID string) error
	EraseUser(ctx context.Context, userID string) error
	// ErasedAt is when a user was erased last; zero = never.
	ErasedAt(ctx context.Context, userID string) (time.Time, error)

	// Listeners and their streams.

	// OpenListener makes a listener, or takes it up again. CodeConflict says that
	// something listens already, or that the owner may have no more.
	OpenListener(ctx context.Context, l hook.Listener, w hook.Webhook, how hook.Opening) (hook.Listener, hook.Webhook, error)
	// Listeners lists those of a user; empty = of everybody.
	Listeners(ctx context.Context, ownerID string) ([]hook.Listener, error)
	// DeleteListener removes a listener with its webhook.
	DeleteListener(ctx context.Context, webhookID string) error
	BeginStream(ctx context.Context, webhookID, stream string, paused bool) (hook.Listener, error)
	RenewStream(ctx context.Context, webhookID, stream string) (bool, error)
	EndStream(ctx context.Context, webhookID, stream string) error
	// NextOffers gives the stream requests that it was not given yet.
	NextOffers(ctx context.Context, webhookID, stream string, limit int) ([]hook.StreamRequest, error)
	// Answer keeps answers to requests, and gives the keys of those that waited for one.
	Answer(ctx context.Context, webhookID string, answers []hook.StreamAnswer) ([]string, error)

	// The play receiver.

	// MakePlayAddress is CodeConflict where there are too many.
	MakePlayAddress(ctx context.Context, a hook.PlayAddress) (hook.PlayAddress, error)
	// PlayAddresses lists those of a user; empty = of everybody.
	PlayAddresses(ctx context.Context, ownerID string) ([]hook.PlayAddress, error)
	DeletePlayAddress(ctx context.Context, id string) error
	// PlayTarget finds an address, and the webhooks whose secrets a request to it can be
	// checked with; named is the one that the request names.
	PlayTarget(ctx context.Context, id, named string) (hook.PlayTarget, error)
	KeepPlayRequest(ctx context.Context, r hook.PlayRequest) error
	PlayRequests(ctx context.Context, addressID string, page hook.Page) ([]hook.PlayRequest, error)
}
