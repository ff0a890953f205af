package api

import (
	"context"
	"net/netip"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/internal/match"
	"godwit/internal/ops"
	"godwit/internal/store"
	"godwit/internal/tracing"
)

// Options is what the API is built from. Every field is required unless it
// says otherwise.
type Options struct {
	Store    *store.Store
	Matching *match.Engine
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
	// Wake is called with what is due after it was committed. It must not block; nil =
	// nobody needs waking.
	Wake func(hook.Due)
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
	// Parts tells what GET /v1/system shows of the checks of /readyz; nil = nothing.
	Parts func(context.Context) []ops.Found
	// Traces makes a span of each request that publishes; nil = none.
	Traces *tracing.Traces
	// Metrics counts what is published and how long answers take; nil = nobody does.
	Metrics *ops.Metrics
	// Outage collects the requests that are answered 503 because the database is
	// unavailable, for one line in the log; nil = each request has a line.
	Outage *ops.Complaints
	Log    *zap.Logger
}

// Workflows tells where a delivery's workflow is found.
type Workflows struct {
	// ID gives the Temporal workflow id of a delivery.
	ID func(hook.Delivery) string
	// Link gives the address of a run in the Temporal Web UI; "" = there is none.
	Link func(workflowID, runID string) string
}

// Look is how the web app shows this installation.
type Look struct {
	Name, Logo, Accent, SignInURL string
	// TemporalLinks says who sees links to the Temporal Web UI: all or admins.
	TemporalLinks string
}

// Streams tells what is new about streams.
type Streams interface {
	// Watch gives a channel that says that a name has something new, until stop.
	Watch(name string) (news <-chan struct{}, stop func())
	// Done is closed when this process stops.
	Done() <-chan struct{}
}
