package hook

import (
	"encoding/json"
	"time"
)

// Limits of the domain. Each is stated in the API's error when it is passed.
const (
	// MaxAttempts is how many attempts one delivery may use up. A request that the
	// receiver puts off uses up none.
	MaxAttempts = 5
	// MaxRules is how many rules one webhook may have; the least is 1.
	MaxRules = 50
	// MaxFilters bounds all filters of one webhook together, in bytes: to read them
	// takes half a second at most.
	MaxFilters = 64 << 10
	// MaxRuleItems bounds each list (events, projects, companies) of a rule.
	MaxRuleItems = 200
	// MaxCombinations bounds what all rules of a webhook amount to: each event
	// type with each project and company.
	MaxCombinations = 10_000
	// MaxEventBytes bounds the request body of one event.
	MaxEventBytes = 256 << 10
	// MaxBatch is how many events one batch may hold.
	MaxBatch = 500
	// MaxIDLength bounds ids that the caller chooses.
	MaxIDLength = 128
	// MaxNameLength bounds names of companies, projects, users and webhooks, in characters.
	MaxNameLength = 200
	// MinRate and MaxRate bound how many requests of a webhook may begin in a second.
	MinRate = 0.001
	MaxRate = 1_000_000
	// MaxMaxAge bounds Webhook.MaxAge; the least is a second.
	MaxMaxAge = 365 * 24 * time.Hour
	// MaxURLLength bounds a webhook's URL, in bytes.
	MaxURLLength = 2048
)

// Types of events that are no types of the catalogue: nobody can publish them.
const (
	// HealthCheckType is the type of probes.
	HealthCheckType = "WEBHOOK_HEALTH_CHECK"
	// CombinationType is the type of events that a combination rule makes.
	CombinationType = "combination"
)

// Company is the host application's own object, mirrored by id.
type Company struct {
	ID   string
	Name string
	// Limits are its own; nil in a change leaves them as they are.
	Limits    *OwnLimits
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Project belongs to one company; events happen in projects.
type Project struct {
	ID        string
	CompanyID string
	// CompanyName is filled where a project is read.
	CompanyName string
	Name        string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// MaxDirectoryCounted bounds DirectoryCounts: how many memberships, and projects, are
// looked at for each.
const MaxDirectoryCounted = 10_000

// DirectoryCounts is what a company or a project has.
type DirectoryCounts struct {
	Projects int // of a company
	Members  int // people, each once
}

// User owns webhooks and is a member of projects.
type User struct {
	ID    string
	Name  string
	Email string
	// Locale is the language of what is written to the user: one of Languages.
	Locale string
	// LocaleChosen says that the user, or the application, has chosen it.
	LocaleChosen bool
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Member says that a user belongs to a project since CreatedAt.
type Member struct {
	ProjectID string
	UserID    string
	CreatedAt time.Time
}

// EventType is one entry of the catalogue.
type EventType struct {
	Name  string
	Group string
	// Title is for people, in English; empty = the name does.
	Title       string
	Description string
	// Translations has the words for people by language, such as "de".
	Translations map[string]TypeWords
	// Builtin types came with Godwit and can't be deleted.
	Builtin bool
	// ExamplePrevious and ExampleCurrent are JSON; nil stands for null.
	ExamplePrevious json.RawMessage
	ExampleCurrent  json.RawMessage
	// Schema is a JSON Schema that previous and current must meet; nil = any object.
	Schema json.RawMessage
	// SchemaVersion changes with each change of Schema; 0 = there never was one.
	SchemaVersion int64
	// ArchivedAt is zero unless the type is archived: rules that name it go on,
	// new rules can't take it.
	ArchivedAt time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Event is something that happened in one project.
type Event struct {
	ID        string
	Type      string
	ProjectID string
	// OwnerID is set for an operational event, which belongs to a user instead of
	// a project.
	OwnerID string
	// CompanyID is the project's company at the time of acceptance.
	CompanyID string
	// ActorID is empty when the producer named none.
	ActorID    string
	OccurredAt time.Time
	AcceptedAt time.Time
	// Sequence rises in the order of acceptance, with gaps; 0 = the event has none.
	Sequence int64
	// ProjectName and CompanyName are those of the time of acceptance.
	ProjectName string
	CompanyName string
	// Previous and Current are the bytes that the producer sent; nil stands for null.
	Previous json.RawMessage
	Current  json.RawMessage
	// ExpungedAt is when the states were removed for good; zero = they were not.
	ExpungedAt time.Time
	// ProjectIDs is set for CombinationType: every project whose data it carries.
	ProjectIDs []string
	// Kind is filled where an event is read from the store.
	Kind EventKind
	// TraceParent is that of the acceptance, or of the producer; empty = there is none.
	TraceParent string
}

// WebhookStatus is a webhook's health.
type WebhookStatus string

// The states of a webhook's health.
const (
	Healthy WebhookStatus = "HEALTHY"
	// Degraded: its last attempts failed, it is still enabled.
	Degraded WebhookStatus = "DEGRADED"
	// Unhealthy: deactivated by health, or gone.
	Unhealthy WebhookStatus = "UNHEALTHY"
)

// DisabledReason says why a webhook is not enabled.
type DisabledReason string

// Why a webhook is not enabled; empty while it is.
const (
	DisabledByOwner  DisabledReason = "owner"
	DisabledByHealth DisabledReason = "health"
	DisabledAsGone   DisabledReason = "gone"
)

// PayloadFormat names the shape of a request body.
type PayloadFormat string

// The shapes of a request body. The last three are messages that a chat service
// shows: a sentence for people and a link.
const (
	FormatStandard    PayloadFormat = "standard"
	FormatBlue        PayloadFormat = "blue"
	FormatCloudEvents PayloadFormat = "cloudevents"
	FormatSlack       PayloadFormat = "slack"
	FormatDiscord     PayloadFormat = "discord"
	FormatTeams       PayloadFormat = "teams"
)

// PayloadFormats lists them; the first is that of a webhook that names none.
var PayloadFormats = []PayloadFormat{FormatStandard, FormatBlue, FormatCloudEvents, FormatSlack, FormatDiscord, FormatTeams}

// Chat says whether it is a message for people.
func (f PayloadFormat) Chat() bool {
	return f == FormatSlack || f == FormatDiscord || f == FormatTeams
}

// Webhook is a subscription: an owner, a URL, rules, a secret.
type Webhook struct {
	ID      string
	OwnerID string
	// Key names it among its owner's webhooks; empty = its caller has chosen none.
	Key  string
	Name string
	URL  string
	// Listener is the name of the listener that the webhook belongs to; empty = none,
	// and deliveries go to URL. Retries is the listener's.
	Listener string
	Retries  bool
	// Secret is the newest signing secret: whsec_<base64> as shown to its owner, or
	// the private key whsk_<base64>, which is shown to nobody.
	Secret string
	// OldSecrets sign beside it until they expire, the newest first. Some may have
	// expired: see Secrets.
	OldSecrets    []OldSecret
	Rules         []Rule
	PayloadFormat PayloadFormat
	// Headers are the webhook's own request headers; their values are secrets.
	Headers map[string]string
	// ClientCertificate and ClientKey prove to the receiver who sends; CACertificate
	// holds the authorities that its certificate may be signed by. All are PEM; empty
	// = none, and those of the system. The key is a secret.
	ClientCertificate string
	ClientKey         string
	CACertificate     string
	// Timeout bounds one attempt; zero means the process's default.
	Timeout time.Duration
	// RateLimitPerSecond is how many requests may begin in a second; 0 = none. Below
	// 1 they are further apart.
	RateLimitPerSecond float64
	MaxInFlight        int // 0 = none
	// MaxAge is how old a delivery may be to be sent, in whole seconds; 0 = any age.
	MaxAge      time.Duration
	AutoRecover bool
	Metadata    json.RawMessage // a JSON object
	Enabled     bool
	// Unreadable lists what can't be opened with the keys that there are: "secret",
	// "headers", "client_key" or "old_secrets". Those fields are empty.
	Unreadable     []string
	Status         WebhookStatus
	DisabledReason DisabledReason
	// FailuresInRow and Drain are those of Health.
	FailuresInRow int
	Drain         int
	// Pause is how far its receiver has asked for less.
	Pause Pause
	// Version grows with each change; it is the ETag.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	// Unreachable lists the rules that no event can match any more. Like what
	// follows it is filled where a webhook is read to be shown.
	Unreachable []UnreachableRule
	// FilterFailures are those of its rules.
	FilterFailures FilterFailures
	// OpenWindows is how many windows of combinations are open, WindowsRefused how
	// many were not opened because there were MaxOpenWindows.
	OpenWindows    int
	WindowsRefused int64
	// Recovery is the webhook's, where one runs or was given up; else nil.
	Recovery *Recovery
}

// UnreachableRule is a rule that no event can match any more.
type UnreachableRule struct {
	// Rule is its position.
	Rule   int
	Causes []Field
}

// DeliveryStatus is where a delivery stands. Every matched event x webhook is
// in exactly one.
type DeliveryStatus string

// The six states of a delivery.
const (
	// Pending: not yet tried.
	Pending DeliveryStatus = "pending"
	// Retrying: tried, failed, waits for its next attempt.
	Retrying DeliveryStatus = "retrying"
	// Succeeded: answered with 2xx.
	Succeeded DeliveryStatus = "succeeded"
	// Failed: five attempts used, or 410.
	Failed DeliveryStatus = "failed"
	// Held: kept because its webhook is deactivated or disabled.
	Held DeliveryStatus = "held"
	// Cancelled: will not be sent.
	Cancelled DeliveryStatus = "cancelled"
)

// DeliveryStatuses lists the six states, in the order of a delivery's life.
var DeliveryStatuses = []DeliveryStatus{Pending, Retrying, Succeeded, Failed, Held, Cancelled}

// Unfinished says whether a workflow still has to carry the delivery on.
func (s DeliveryStatus) Unfinished() bool { return s == Pending || s == Retrying }

// Delivery is one matched event on its way to one webhook.
type Delivery struct {
	ID        string
	EventID   string
	WebhookID string
	EventType string
	ProjectID string
	CompanyID string
	Status    DeliveryStatus
	// Reason says why it is failed, held or cancelled; empty otherwise.
	Reason Reason
	// Attempts is how many requests were begun. Unused is how many of them used up
	// no attempt, because the receiver put them off.
	Attempts int
	Unused   int
	// Generation counts the workflows that carried this delivery; the first is 1.
	Generation int
	// NextAttemptAt is zero unless the delivery is retrying.
	NextAttemptAt time.Time
	// Batch names the workflow that carries generation 1 together with other
	// deliveries; empty = it has its own workflow.
	Batch string
	// RunID is the Temporal run that carries it; empty before there is one.
	RunID string
	// RedeliveryOf is the delivery whose place it took; empty = it is the first one
	// of its event. Superseded: another one took its place.
	RedeliveryOf string
	Superseded   bool
	// RedeliveryID is the redelivery of many that made or released it; empty = none.
	RedeliveryID string
	// Sequence is that of its event, filled where a delivery is read to be shown.
	Sequence int64
	// Test: its event is of KindTest.
	Test      bool
	CreatedAt time.Time
	UpdatedAt time.Time
	// FinishedAt is zero unless it succeeded, failed or was cancelled.
	FinishedAt time.Time
}

// Used is how many attempts are used up, of MaxAttempts.
func (d Delivery) Used() int { return d.Attempts - d.Unused }

// Exhausted says whether no attempt is left: a test has one.
func (d Delivery) Exhausted() bool { return d.Used() >= MaxAttempts || d.Test && d.Used() > 0 }

// Attempt is one HTTP request of a delivery, stored at its start and finished
// after. Outcome is empty while it is under way.
type Attempt struct {
	DeliveryID string
	// Number counts requests from 1. As the receiver and people see it, it is
	// 1..MaxAttempts: one that was put off has the number of the one after it.
	Number     int
	StartedAt  time.Time
	FinishedAt time.Time
	// ExpungedAt is when what was sent and answered was removed; zero = it was not.
	ExpungedAt time.Time
	Result     Result
}

// Result is what one HTTP request came to.
type Result struct {
	Outcome Outcome
	// Reason is empty when Outcome is success.
	Reason Reason
	// Error is a sentence for people about what went wrong; no secret in it.
	Error    string
	Duration time.Duration
	// StatusCode is 0 when no status line arrived.
	StatusCode int
	// RetryAfter is what the receiver asked for, MinPause to MaxPause; 0 = nothing.
	RetryAfter time.Duration
	// URL and RequestHeaders are what was sent, with secret values masked.
	URL             string
	RequestHeaders  []Header
	ResponseHeaders []Header
	// ResponseBody holds the first bytes of the answer; Truncated says that there was more.
	ResponseBody []byte
	Truncated    bool
	// Own says that the attempt failed for a passing reason of this machine, which
	// says nothing about the receiver. Reason is ReasonInternal then.
	Own bool
}

// Header is one HTTP header line.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Outcome is the short form of a Result.
type Outcome string

// The outcomes of an attempt; empty while it is under way.
const (
	Success Outcome = "success"
	Failure Outcome = "failure"
	// Lost: the worker ended in the middle; whether the request arrived is unknown.
	Lost Outcome = "lost"
	// PutOff: the receiver asked for a pause, so that no attempt is used up.
	PutOff Outcome = "put_off"
)
