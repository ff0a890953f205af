package api

import (
	"bytes"
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/api/access"
	"godwit/api/view"
	"godwit/internal/eventjson/strict"
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

// PauseView shows how far a receiver has asked for less.
type PauseView struct {
	PausedUntil *time.Time `json:"paused_until" doc:"Its receiver has asked for a pause (429, or 503 with Retry-After): no attempt begins before; null = there is none"`
	Pace        *float64   `json:"pace_per_second" minimum:"0" doc:"How many attempts begin in a second because of pauses: each halves it, a minute without one doubles it; null = it is not slowed down"`
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

type unreachableRule struct {
	Rule   int                 `json:"rule" minimum:"0" maximum:"49" doc:"Its position among the webhook's rules, from 0"`
	Causes []access.FieldError `json:"causes" nullable:"false" doc:"What is gone; pointers lead into this answer"`
}

type windows struct {
	Open    int   `json:"open_windows" doc:"How many are open now"`
	Limit   int   `json:"limit" doc:"How many may be open at a time"`
	Refused int64 `json:"refused" doc:"How many were not opened because the limit was reached"`
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

// webhookReply carries the version as a strong ETag.
type webhookReply struct {
	ETag string `header:"ETag" doc:"Names this version of the webhook, for If-Match"`
	Body webhookDetail
}

func (s *server) replyWebhook(ctx context.Context, w hook.Webhook) (*webhookReply, error) {
	if err := s.Store.Reach(ctx, &w); err != nil {
		return nil, err
	}
	return &webhookReply{ETag: etag(w), Body: viewDetail(w)}, nil
}

func etag(w hook.Webhook) string { return strconv.Quote(strconv.FormatInt(w.Version, 10)) }

// checkURL asks whether a webhook may have this URL, and gives it as it is kept.
func (s *server) checkURL(raw string) (string, []hook.Field) {
	kept, err := s.CheckURL(raw)
	if err == nil {
		return kept, nil
	}
	return raw, fieldsAt("/url", err)
}

// checkHeaders asks whether a webhook may have these headers.
func (s *server) checkHeaders(headers map[string]string) []hook.Field {
	return fieldsAt("/headers", s.CheckHeaders(headers))
}

// checkIdentity asks whether a webhook may have these certificates.
func (s *server) checkIdentity(f webhookForm) []hook.Field {
	if f.ClientKey == hidden {
		return nil // which check tells
	}
	var w hook.Webhook
	w.ClientCertificate, w.ClientKey, w.CACertificate = f.ClientCertificate, f.ClientKey, f.CACertificate
	return fieldsAt("/client_certificate", s.CheckIdentity(w))
}

// fieldsAt gives what a check has found; what has no pointer is at this one.
func fieldsAt(pointer string, err error) []hook.Field {
	var known *hook.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known) && len(known.Fields) > 0:
		return known.Fields
	}
	return []hook.Field{{Code: hook.FieldOther, Pointer: pointer, Detail: wordsOf(err)}}
}

// wordsOf gives the part of a check's error that is meant for people.
func wordsOf(err error) string {
	var known *hook.Error
	if errors.As(err, &known) {
		return known.Message
	}
	return err.Error()
}

func (s *server) webhook(ctx context.Context, in *ByID) (*webhookReply, error) {
	out, err := s.webhookOf(ctx, in.ID)
	if err != nil {
		return nil, s.wasDeleted(ctx, in.ID, err)
	}
	row := []Webhook{out.Body.Webhook}
	err = s.addStats(ctx, row)
	out.Body.Stats = row[0].Stats
	return out, err
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

type patchWebhookInput struct {
	ByID
	IfMatch string `header:"If-Match" doc:"The ETag of the version that the change was made for; * or none = any"`
	Payload
}

func (s *server) patchWebhook(ctx context.Context, in *patchWebhookInput) (*webhookReply, error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	patch, bad, err := s.checkPatch(ctx, in.raw)
	if err != nil {
		return nil, err
	}
	var newSecret bool
	var before hook.Webhook
	edit := func(w *hook.Webhook) error {
		if err := w.NotListener(); err != nil {
			return err
		}
		before = *w
		err := s.patch(w, patch, bad)
		newSecret = w.Secret != before.Secret
		return err
	}
	w, err := s.update(ctx, in.ID, version, edit)
	if wrong, other := fieldsOf422(err); other == nil && len(wrong) > 0 {
		rules := patchedRules(patch)
		err = withUnknown(wrong, func() error { return s.unknownRules(ctx, before.OwnerID, rules, before.Rules) })
	}
	switch {
	case err != nil:
		return nil, s.whoChanged(ctx, in.ID, err)
	case newSecret:
		return s.replySecret(ctx, w), nil
	}
	return s.replyWebhook(ctx, w)
}

// update changes a webhook. Where the edit switches it on, it is probed first.
func (s *server) update(ctx context.Context, id string, version int64, edit func(*hook.Webhook) error) (hook.Webhook, error) {
	expected, err := s.rehearse(ctx, id, version, edit)
	if err != nil {
		return hook.Webhook{}, err
	}
	w, err := s.Store.UpdateWebhook(ctx, id, expected, edit)
	if version == 0 && hook.CodeOf(err) == hook.CodeStale {
		return w, changedWhileProbed()
	}
	return w, err
}

// patch applies a merge patch to w, or says why the result is not acceptable;
// bad is what is known to be wrong with the patch itself.
func (s *server) patch(w *hook.Webhook, patch []byte, bad []hook.Field) error {
	var before bytes.Buffer
	if err := access.WriteJSON(&before, formOf(*w)); err != nil {
		return err
	}
	form, wrong, err := decodeForm[webhookForm](mergePatch(before.Bytes(), patch))
	if err != nil {
		return err
	}
	for name, value := range form.Headers {
		if old, ok := w.Headers[name]; ok && value == hidden {
			form.Headers[name] = old
		}
	}
	if form.ClientKey == hidden && w.ClientKey != "" {
		form.ClientKey = w.ClientKey
	}
	bad = slices.Concat(bad, wrong, form.check(), s.checkHeaders(form.Headers), s.checkIdentity(form))
	if form.OwnerID != w.OwnerID {
		bad = append(bad, hook.Field{Code: hook.FieldFixed, Pointer: "/owner_id", Detail: "can't be changed; leave it out"})
	}
	if err := invalid(bad); err != nil {
		return err
	}
	form.apply(w)
	if hook.SignatureOf(w.Secret) == form.signature() {
		return nil
	}
	return w.Rotate(s.NewSecret(form.signature()), hook.DefaultOverlap, s.Now())
}

// checkPatch finds what is wrong with a patch whatever it is applied to:
// unknown fields (a null would remove one before anyone sees it), and a bad
// URL or filter, which may take a look-up or long and so must not hold a row's
// lock. It gives the patch with the URL as it is kept.
func (s *server) checkPatch(ctx context.Context, raw []byte) ([]byte, []hook.Field, error) {
	if err := strict.Check(raw); err != nil {
		return nil, nil, err
	}
	if !strict.IsObject(raw) {
		return nil, nil, hook.Field{Code: hook.FieldType, Params: hook.Params{"expected": "object"}, Detail: "The body must be a JSON object with the fields to change."}.Invalid()
	}
	d := newDecoder()
	known := d.known(raw, fieldsOf(reflect.TypeFor[webhookForm]())) // the others need not be merged while the webhook is locked
	bad := d.bad.Fields()
	for i, m := range known {
		if m.name == "secret" {
			bad = append(bad, hook.Field{Code: hook.FieldFixed, Pointer: "/secret", Detail: "can't be patched; POST /v1/webhooks/{id}/rotate-secret takes a new one"})
		}
		if raw, ok := strict.Text(m.value); ok && m.name == "url" {
			kept, problem := s.checkURL(raw)
			bad = append(bad, problem...)
			known[i].value, _ = jsontext.AppendQuote(nil, kept) // strict JSON has valid text only
		}
		if m.name == "rules" {
			faults, err := s.checkConditions(ctx, rulesIn(m.value))
			if err != nil {
				return nil, nil, err
			}
			bad = append(bad, faults...)
		}
	}
	return object(known), bad, nil
}

// versionOf reads If-Match; 0 stands for any version. What is no strong tag of
// ours can't match anything (RFC 9110, 13.1.1).
func versionOf(ifMatch string) (int64, error) {
	tag := strings.TrimSpace(ifMatch)
	if tag == "" || tag == "*" {
		return 0, nil
	}
	version, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
	if err != nil || version < 1 || strconv.Quote(strconv.FormatInt(version, 10)) != tag {
		return 0, hook.Errorf(hook.CodeStale, "If-Match holds no ETag of this webhook.")
	}
	return version, nil
}

// MatchQuery says which version a request is for.
type MatchQuery struct {
	IfMatch string `header:"If-Match" doc:"The ETag of the version that it is meant for; * or none = any"`
}

type deleteWebhookInput struct {
	ByID
	MatchQuery
}

func (s *server) deleteWebhook(ctx context.Context, in *deleteWebhookInput) (*struct{}, error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	return remove(ctx, &in.ByID, func(ctx context.Context, id string) error {
		return s.whoChanged(ctx, id, s.Store.DeleteVersion(ctx, id, version))
	})
}
