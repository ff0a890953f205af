package api

import (
	"context"
	"math"
	"strconv"
	"time"

	"godwit/api/access"
	"godwit/api/view"
	"godwit/internal/hook"
)

// Webhook is a webhook as lists show it.
type Webhook struct {
	ID                 string             `json:"id" pattern:"^wh_[0-9a-v]{26}$" doc:"Id that Godwit made"`
	OwnerID            string             `json:"owner_id" doc:"The user who owns it"`
	Key                *string            `json:"key" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{1,128}$" doc:"The key that its caller chose with PUT /v1/webhooks/by-key/{key}; null = none"`
	Name               string             `json:"name" minLength:"1" maxLength:"200" doc:"Name for people"`
	URL                string             `json:"url" format:"uri" maxLength:"2048" doc:"Where deliveries go"`
	Listener           string             `json:"listener,omitempty" maxLength:"63" doc:"The listener that it belongs to: its deliveries go down a stream and not to url. Left out for every other webhook"`
	Secret             string             `json:"secret,omitempty" pattern:"^whsec_[A-Za-z0-9+/]+=*$" doc:"The signing secret; shown in the answer that makes it, never again. The private key of ed25519 is never shown"`
	Signature          hook.Signature     `json:"signature" enum:"hmac-sha256,ed25519" doc:"How requests are signed: by a secret that the receiver has too (v1), or by a private key (v1a)"`
	PublicKey          *string            `json:"public_key" pattern:"^whpk_[A-Za-z0-9+/]{43}=$" doc:"What a receiver checks ed25519 signatures with; null for hmac-sha256"`
	OldSecrets         []oldSecret        `json:"old_secrets" nullable:"false" maxItems:"5" doc:"Secrets that were replaced and sign on beside the newest, the newest first"`
	Rules              []ruleForm         `json:"rules" nullable:"false" minItems:"1" maxItems:"50" doc:"It matches when any rule matches"`
	PayloadFormat      hook.PayloadFormat `json:"payload_format" enum:"standard,blue,cloudevents,slack,discord,teams" doc:"The shape of the body that is delivered"`
	Headers            map[string]string  `json:"headers" maxProperties:"32" doc:"Additional request headers; every value is [hidden]"`
	ClientCertificate  *string            `json:"client_certificate" maxLength:"32768" doc:"Shown to a receiver that asks for one, in PEM; null = none"`
	ClientKey          *string            `json:"client_key" enum:"[hidden]" doc:"[hidden] where there is one, else null"`
	CACertificate      *string            `json:"ca_certificate" maxLength:"32768" doc:"The authorities that the receiver's certificate must be signed by, in PEM; null = the system's"`
	TimeoutSeconds     *int               `json:"timeout_seconds" minimum:"1" maximum:"30" doc:"Bounds one attempt, all of it, in seconds; null = the installation's default"`
	RateLimitPerSecond *float64           `json:"rate_limit_per_second" minimum:"0.001" maximum:"1000000" doc:"How many attempts may begin in a second; below 1 they are further apart: 0.1 = one each 10 seconds. null = no limit"`
	MaxInFlight        *int               `json:"max_in_flight" minimum:"1" maximum:"1000000" doc:"How many deliveries may be under way at the same time; null = no limit"`
	MaxAge             *int               `json:"max_age" minimum:"1" maximum:"31536000" doc:"For how many seconds a delivery may wait, for whatever reason, until it is not sent any more and ends as cancelled, with the reason expired; null = any time"`
	AutoRecover        bool               `json:"auto_recover" doc:"Whether it is probed, and switched on again, after health has deactivated it"`
	Metadata           metadata           `json:"metadata" doc:"What the caller keeps with it"`
	Enabled            bool               `json:"enabled" doc:"false: what matches is held"`
	Status             hook.WebhookStatus `json:"status" enum:"HEALTHY,DEGRADED,UNHEALTHY" doc:"Its health: DEGRADED = its last three attempts or more failed, UNHEALTHY = deactivated because a delivery used all attempts and the receiver answered no probe, or because five in a row did"`
	DisabledReason     *string            `json:"disabled_reason" enum:"owner,health,gone" doc:"Who or what switched it off: its owner, health, or an answer 410; null while it is enabled"`
	CreatedAt          time.Time          `json:"created_at" doc:"When it was created"`
	UpdatedAt          time.Time          `json:"updated_at" doc:"When it was changed last"`
	Stats              *webhookStats      `json:"stats,omitempty" doc:"How it is doing: where it is read by itself, and in lists where it is asked for by include=stats"`
	Unreadable         []string           `json:"unreadable,omitempty" maxItems:"4" enum:"secret,headers,client_key,old_secrets" doc:"Left out while all is well: what can't be opened with the keys of GODWIT_ENCRYPTION_KEY. Without old_secrets alone deliveries go on; otherwise nothing can be sent: each delivery fails with the reason internal. A new secret (rotate-secret), new headers and a new client key (PATCH) take their place"`
}

// oldSecret is a secret that signs on after it was replaced.
type oldSecret struct {
	Signature hook.Signature `json:"signature" enum:"hmac-sha256,ed25519" doc:"How it signs"`
	PublicKey *string        `json:"public_key" doc:"What its ed25519 signatures are checked with; null for hmac-sha256"`
	ExpiresAt time.Time      `json:"expires_at" doc:"When it stops to sign"`
}

type webhookStats struct {
	Since           time.Time      `json:"since" doc:"The beginning of the first hour that the numbers cover"`
	Attempts        int            `json:"attempts" doc:"Attempts that ended since then, without tests"`
	Succeeded       int            `json:"succeeded" doc:"Those that a receiver answered with a 2xx"`
	Failed          int            `json:"failed" doc:"Those that ended any other way"`
	Hourly          []hourlyStats  `json:"hourly" nullable:"false" minItems:"24" maxItems:"24" doc:"The last 24 hours, the oldest first; the last one is not over"`
	LastAttemptAt   *time.Time     `json:"last_attempt_at" doc:"When the newest attempt began, of its newest 20 deliveries; null = none of them was tried"`
	LastDeliveredAt *time.Time     `json:"last_delivered_at" doc:"When the last of those 20 arrived; null = none of them did"`
	LastFailure     *webhookFailed `json:"last_failure" doc:"The last attempt or probe that failed; null = none ever did"`
	FailuresInRow   int            `json:"failures_in_row" minimum:"0" doc:"How many attempts failed since the last one that arrived"`
	Waiting         int            `json:"waiting" maximum:"1000" doc:"Deliveries that are pending or retrying; 1000 = so many or more"`
	Held            int            `json:"held" maximum:"1000" doc:"Deliveries that are kept because it is or was off; 1000 = so many or more"`
	OffSince        *time.Time     `json:"off_since" doc:"When it was switched off; null while it is on, and where that is not known any more"`
	Draining        bool           `json:"draining" doc:"What was held, or what is sent again, is being delivered at a gentle rate"`
	Drain           *drainProgress `json:"drain" doc:"How far it is with what was held; null where nothing held is being delivered"`
	Recovery        *recovery      `json:"recovery" doc:"The probes after it was deactivated by health; null where there are none"`
	Unreachable     []int          `json:"unreachable_rules" nullable:"false" maxItems:"50" doc:"The positions, from 0, of its rules that no event can match any more; the webhook by itself tells why"`
}

type hourlyStats struct {
	Hour      time.Time `json:"hour" doc:"The beginning of the hour"`
	Succeeded int       `json:"succeeded" doc:"Attempts that were answered with a 2xx"`
	Failed    int       `json:"failed" doc:"Attempts that ended any other way"`
}

type webhookFailed struct {
	At     time.Time   `json:"at" doc:"When it failed"`
	Reason hook.Reason `json:"reason" doc:"Why, as a constant"`
}

// webhookDetail is a webhook that is shown by itself.
type webhookDetail struct {
	Webhook
	Unreachable  []unreachableRule `json:"unreachable_rules" nullable:"false" maxItems:"50" doc:"Rules that no event can match any more, and why"`
	Failures     filterFailures    `json:"filter_failures" doc:"How often filters of its rules failed on events, which they then did not match. A changed rule begins at 0"`
	Combinations windows           `json:"combinations" doc:"The windows of its combination rules"`
	Recovery     *recovery         `json:"recovery" doc:"The probes after it was deactivated by health; null where there are none"`
	Draining     bool              `json:"draining" doc:"What was held is being delivered, at a gentle rate"`
	PauseView
}

type unreachableRule struct {
	Rule   int                 `json:"rule" minimum:"0" maximum:"49" doc:"Its position among the webhook's rules, from 0"`
	Causes []access.FieldError `json:"causes" nullable:"false" doc:"What is gone; pointers lead into this answer"`
}

type windows struct {
	Open    int   `json:"open_windows" doc:"How many are open now"`
	Limit   int   `json:"limit" doc:"How many may be open at a time"`
	Refused int64 `json:"refused" doc:"How many were not opened because the limit was reached"`
}

// recovery is the recovery of a webhook that health has deactivated.
type recovery struct {
	NextProbeAt *time.Time `json:"next_probe_at" doc:"null where it is not planned yet, or was given up"`
	Probes      int        `json:"probes" doc:"How many have failed"`
	Until       *time.Time `json:"until" doc:"When it is given up; null where it is not planned yet"`
	GaveUpAt    *time.Time `json:"gave_up_at" doc:"null while it goes on"`
}

type drainProgress struct {
	Total int `json:"total" minimum:"1" maximum:"10000" doc:"Deliveries that were held when it was switched on; 10000 = so many or more"`
	Left  int `json:"left" minimum:"0" maximum:"10000" doc:"Those that are held still; 10000 = so many or more"`
}

// PauseView shows how far a receiver has asked for less.
type PauseView struct {
	PausedUntil *time.Time `json:"paused_until" doc:"Its receiver has asked for a pause (429, or 503 with Retry-After): no attempt begins before; null = there is none"`
	Pace        *float64   `json:"pace_per_second" minimum:"0" doc:"How many attempts begin in a second because of pauses: each halves it, a minute without one doubles it; null = it is not slowed down"`
}

func viewWebhook(w hook.Webhook) Webhook {
	f := formOf(w)
	out := Webhook{
		ID: w.ID, OwnerID: w.OwnerID, Key: view.Optional(w.Key), Name: w.Name, URL: w.URL, Listener: w.Listener, Rules: f.Rules, PayloadFormat: w.PayloadFormat,
		Signature: hook.SignatureOf(w.Secret), PublicKey: view.Optional(hook.PublicKey(w.Secret)), OldSecrets: viewOldSecrets(w),
		ClientCertificate: view.Optional(f.ClientCertificate), ClientKey: view.Optional(f.ClientKey), CACertificate: view.Optional(f.CACertificate),
		Headers: map[string]string{}, TimeoutSeconds: f.TimeoutSeconds, RateLimitPerSecond: f.RateLimitPerSecond,
		MaxInFlight: f.MaxInFlight, MaxAge: f.MaxAge, AutoRecover: w.AutoRecover, Metadata: f.Metadata,
		Enabled: w.Enabled, Status: w.Status, DisabledReason: view.Optional(string(w.DisabledReason)),
		CreatedAt: w.CreatedAt.UTC(), UpdatedAt: w.UpdatedAt.UTC(), Unreadable: w.Unreadable,
	}
	for name := range w.Headers {
		out.Headers[name] = hidden
	}
	return out
}

func viewOldSecrets(w hook.Webhook) []oldSecret {
	out := []oldSecret{}
	for _, old := range hook.Live(w.OldSecrets, time.Now()) {
		out = append(out, oldSecret{hook.SignatureOf(old.Secret), view.Optional(hook.PublicKey(old.Secret)), old.ExpiresAt})
	}
	return out
}

func viewDetail(w hook.Webhook) webhookDetail {
	out := webhookDetail{Webhook: viewWebhook(w), Unreachable: []unreachableRule{}, Failures: viewFailures(w.FilterFailures),
		Combinations: windows{Open: w.OpenWindows, Limit: hook.MaxOpenWindows, Refused: w.WindowsRefused},
		Recovery:     viewRecovery(w.Recovery), Draining: w.Drain > 0, PauseView: viewPause(w.Pause)}
	for _, u := range w.Unreachable {
		rule := unreachableRule{Rule: u.Rule}
		for _, c := range u.Causes {
			rule.Causes = append(rule.Causes, access.OfField(c))
		}
		out.Unreachable = append(out.Unreachable, rule)
	}
	return out
}

func viewRecovery(r *hook.Recovery) *recovery {
	if r == nil {
		return nil
	}
	return &recovery{NextProbeAt: view.OptionalTime(r.NextProbeAt), Probes: r.Probes, Until: view.OptionalTime(r.Until), GaveUpAt: view.OptionalTime(r.GaveUpAt)}
}

func viewPause(p hook.Pause) (out PauseView) {
	if p.Until.After(time.Now()) {
		out.PausedUntil = view.OptionalTime(p.Until)
	}
	if p.Pace > 0 {
		out.Pace = view.Optional(math.Round(p.Pace*1000) / 1000)
	}
	return out
}

// webhookReply carries the version as a strong ETag.
type webhookReply struct {
	ETag string `header:"ETag" doc:"Names this version of the webhook, for If-Match"`
	Body webhookDetail
}

func (s *server) webhookOf(ctx context.Context, id string) (*webhookReply, error) {
	if err := pathID(id); err != nil {
		return nil, err
	}
	w, err := s.Store.Webhook(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.replyWebhook(ctx, w)
}

func (s *server) replyWebhook(ctx context.Context, w hook.Webhook) (*webhookReply, error) {
	if err := s.Store.Reach(ctx, &w); err != nil {
		return nil, err
	}
	return &webhookReply{ETag: etag(w), Body: viewDetail(w)}, nil
}

// replySecret shows a webhook with its new secret. Nothing may keep that back:
// it is shown here alone.
func (s *server) replySecret(ctx context.Context, w hook.Webhook) *webhookReply {
	if err := s.Store.Reach(ctx, &w); err != nil {
		_ = s.report(ctx, err) // logs it
	}
	reply := &webhookReply{ETag: etag(w), Body: viewDetail(w)}
	reply.Body.Secret = shownSecret(w)
	return reply
}

// shownSecret is what a receiver needs of a new secret and can't read later;
// "" for a private key, which nobody else may have.
func shownSecret(w hook.Webhook) string {
	if hook.SignatureOf(w.Secret) == hook.Ed25519 {
		return ""
	}
	return w.Secret
}

func etag(w hook.Webhook) string { return strconv.Quote(strconv.FormatInt(w.Version, 10)) }
