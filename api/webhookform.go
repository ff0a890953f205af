package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"godwit/api/view"
	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

// webhookForm is what may be set of a webhook; a merge patch is applied to the
// same form.
type webhookForm struct {
	OwnerID            string            `json:"owner_id,omitempty" doc:"The user who owns it; can't be changed"`
	Name               string            `json:"name" minLength:"1" maxLength:"200" doc:"Name for people"`
	URL                string            `json:"url" format:"uri" minLength:"1" maxLength:"2048" doc:"Where deliveries go: an http or https address without user name, password and fragment; https alone unless the installation allows http"`
	Rules              []ruleForm        `json:"rules" minItems:"1" maxItems:"50" nullable:"false" doc:"It matches when any rule matches; one event gives at most one delivery"`
	PayloadFormat      string            `json:"payload_format,omitempty" enum:"standard,blue,cloudevents,slack,discord,teams" default:"standard" doc:"The shape of the body that is delivered"`
	Signature          string            `json:"signature,omitempty" enum:"hmac-sha256,ed25519" default:"hmac-sha256" doc:"How requests are signed: by a secret that the receiver has too, or by a private key whose public key the receiver has"`
	Secret             string            `json:"secret,omitempty" pattern:"^whsec_[A-Za-z0-9+/]{32,86}={0,2}$" doc:"A signing secret of your choice: whsec_ and 24 to 64 bytes in base64 with padding. Godwit makes one when it is left out, and always for ed25519"`
	Headers            map[string]string `json:"headers,omitempty" maxProperties:"32" doc:"Additional request headers, at most 32 and 8 KiB together. Values are secrets: answers show [hidden], and [hidden] in a patch keeps the value"`
	ClientCertificate  string            `json:"client_certificate,omitempty" maxLength:"32768" doc:"Shown to a receiver that asks for one (mutual TLS): PEM, the certificate first, then those that signed it"`
	ClientKey          string            `json:"client_key,omitempty" maxLength:"32768" doc:"The private key of client_certificate: PEM, without a passphrase. A secret: answers show [hidden], and [hidden] in a patch keeps it"`
	CACertificate      string            `json:"ca_certificate,omitempty" maxLength:"32768" doc:"The authorities that the receiver's certificate must be signed by, in the place of the system's: PEM, one or more"`
	TimeoutSeconds     *int              `json:"timeout_seconds,omitempty" nullable:"true" minimum:"1" maximum:"30" doc:"Bounds one attempt, all of it, in seconds; null = the installation's default"`
	RateLimitPerSecond *float64          `json:"rate_limit_per_second,omitempty" nullable:"true" minimum:"0.001" maximum:"1000000" doc:"How many attempts may begin in a second; below 1 they are further apart: 0.1 = one each 10 seconds. null = no limit"`
	MaxInFlight        *int              `json:"max_in_flight,omitempty" nullable:"true" minimum:"1" maximum:"1000000" doc:"How many deliveries may be under way at the same time; null = no limit"`
	MaxAge             *int              `json:"max_age,omitempty" nullable:"true" minimum:"1" maximum:"31536000" doc:"For how many seconds a delivery may wait, for whatever reason, until it is not sent any more and ends as cancelled, with the reason expired; null = any time"`
	AutoRecover        *bool             `json:"auto_recover,omitempty" nullable:"true" default:"true" doc:"Probe it, and switch it on again, after health has deactivated it"`
	Enabled            *bool             `json:"enabled,omitempty" nullable:"true" default:"true" doc:"false keeps what matches as held"`
	Metadata           metadata          `json:"metadata,omitempty" doc:"A JSON object that Godwit keeps for the caller, at most 16 KiB"`
	_                  struct{}          `additionalProperties:"false"`
}

// webhookPatch describes the body of a merge patch: webhookForm with every
// field left to choice. It is applied to the stored form as JSON (RFC 7396).
type webhookPatch struct {
	Name               string             `json:"name,omitempty" minLength:"1" maxLength:"200" doc:"Name for people"`
	URL                string             `json:"url,omitempty" format:"uri" minLength:"1" maxLength:"2048" doc:"Where deliveries go from the next attempt on"`
	Rules              []ruleForm         `json:"rules,omitempty" minItems:"1" maxItems:"50" nullable:"false" doc:"Replaces all rules"`
	PayloadFormat      *string            `json:"payload_format,omitempty" nullable:"true" enum:"standard,blue,cloudevents,slack,discord,teams" doc:"null = standard"`
	Signature          *string            `json:"signature,omitempty" nullable:"true" enum:"hmac-sha256,ed25519" doc:"Another way of signing means a new secret or key pair, which the answer shows; the old one signs on for a day. null = hmac-sha256"`
	Headers            map[string]*string `json:"headers,omitempty" nullable:"true" maxProperties:"32" doc:"Additional request headers, merged by name: null removes one, [hidden] keeps its value; null for all of it removes every one"`
	ClientCertificate  *string            `json:"client_certificate,omitempty" nullable:"true" maxLength:"32768" doc:"Shown to a receiver that asks for one (mutual TLS): PEM; null = none, and then client_key must be null too"`
	ClientKey          *string            `json:"client_key,omitempty" nullable:"true" maxLength:"32768" doc:"The private key of client_certificate: PEM, without a passphrase; [hidden] keeps it, null removes it"`
	CACertificate      *string            `json:"ca_certificate,omitempty" nullable:"true" maxLength:"32768" doc:"The authorities that the receiver's certificate must be signed by: PEM; null = the system's"`
	TimeoutSeconds     *int               `json:"timeout_seconds,omitempty" nullable:"true" minimum:"1" maximum:"30" doc:"Bounds one attempt, all of it, in seconds; null = the installation's default"`
	RateLimitPerSecond *float64           `json:"rate_limit_per_second,omitempty" nullable:"true" minimum:"0.001" maximum:"1000000" doc:"How many attempts may begin in a second; below 1 they are further apart: 0.1 = one each 10 seconds. null = no limit"`
	MaxInFlight        *int               `json:"max_in_flight,omitempty" nullable:"true" minimum:"1" maximum:"1000000" doc:"How many deliveries may be under way at the same time; null = no limit"`
	MaxAge             *int               `json:"max_age,omitempty" nullable:"true" minimum:"1" maximum:"31536000" doc:"For how many seconds a delivery may wait, for whatever reason, until it is not sent any more and ends as cancelled, with the reason expired; null = any time. It counts for what waits already"`
	AutoRecover        *bool              `json:"auto_recover,omitempty" nullable:"true" doc:"Probe it, and switch it on again, after health has deactivated it; null = true"`
	Enabled            *bool              `json:"enabled,omitempty" nullable:"true" doc:"false keeps what matches as held; null = true"`
	Metadata           metadata           `json:"metadata,omitempty" nullable:"true" doc:"Is merged by name, too; null empties it. At most 16 KiB as JSON after merging"`
	_                  struct{}           `additionalProperties:"false"`
}

// metadata is a JSON object that Godwit keeps for the caller.
type metadata json.RawMessage

const maxMetadata = 16 << 10

// Schema makes metadata a huma.SchemaProvider.
func (metadata) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// MarshalJSON gives the bytes, or an empty object for none.
func (m metadata) MarshalJSON() ([]byte, error) {
	if len(m) == 0 {
		return []byte("{}"), nil
	}
	return m, nil
}

// hidden stands for the value of a header in answers.
const hidden = "[hidden]"

func (f webhookForm) check() []hook.Field {
	bad := hook.CheckName("/name", f.Name)
	if !hook.ValidID(f.OwnerID) {
		bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "user_id"}, Pointer: "/owner_id", Detail: "is required, and must be the id of a user"})
	}
	bad = append(bad, hook.CheckRules(f.rules())...)
	if !slices.Contains(payloadFormats(), hook.PayloadFormat(f.PayloadFormat)) {
		bad = append(bad, hook.Field{Code: hook.FieldChoice, Params: hook.Params{"expected": "standard, blue, cloudevents, slack, discord, teams"}, Pointer: "/payload_format", Detail: "must be standard, blue, cloudevents, slack, discord or teams"})
	}
	if !slices.Contains(hook.Signatures, f.signature()) {
		bad = append(bad, hook.Field{Code: hook.FieldChoice, Params: hook.Params{"expected": "hmac-sha256, ed25519"}, Pointer: "/signature", Detail: "must be hmac-sha256 or ed25519"})
	}
	bad = append(bad, checkSecret(f.Secret, f.signature())...)
	bad = append(bad, checkBounds("/timeout_seconds", f.TimeoutSeconds, 30)...)
	bad = append(bad, checkRate("/rate_limit_per_second", f.RateLimitPerSecond)...)
	bad = append(bad, checkBounds("/max_in_flight", f.MaxInFlight, maxInFlight)...)
	bad = append(bad, checkBounds("/max_age", f.MaxAge, int(hook.MaxMaxAge/time.Second))...)
	bad = append(bad, checkMetadata(f.Metadata)...)
	if f.ClientKey == hidden {
		bad = append(bad, hook.Field{Code: hook.FieldHidden, Pointer: "/client_key", Detail: "is new, so " + hidden + " can't stand for it; give the key itself"})
	}
	for name, value := range f.Headers {
		if value == hidden {
			bad = append(bad, hook.Field{Code: hook.FieldHidden, Pointer: headerPointer(name), Detail: "is new, so " + hidden + " can't stand for its value; give the value itself"})
		}
	}
	slices.SortStableFunc(bad, func(a, b hook.Field) int { return strings.Compare(a.Pointer, b.Pointer) })
	return bad
}

// checkSecret says what is wrong with a secret that may be left out.
func checkSecret(secret string, signature hook.Signature) []hook.Field {
	if secret == "" {
		return nil
	}
	return hook.CheckSecret(secret, signature)
}

// maxInFlight keeps the limit inside of what a 32-bit column holds.
const maxInFlight = 1_000_000

func payloadFormats() []hook.PayloadFormat {
	return append([]hook.PayloadFormat{""}, hook.PayloadFormats...)
}

func checkBounds(pointer string, n *int, most int) []hook.Field {
	if n == nil || *n >= 1 && *n <= most {
		return nil
	}
	return []hook.Field{{Code: hook.FieldRange, Params: hook.Params{"min": 1, "max": most}, Pointer: pointer, Detail: fmt.Sprintf("must be 1 to %d, or null", most)}}
}

func checkRate(pointer string, rate *float64) []hook.Field {
	if rate == nil || *rate >= hook.MinRate && *rate <= hook.MaxRate {
		return nil
	}
	return []hook.Field{{Code: hook.FieldRange, Params: hook.Params{"min": hook.MinRate, "max": hook.MaxRate}, Pointer: pointer, Detail: fmt.Sprintf("must be %g to %d attempts a second, or null; 5 a minute are 0.0833", hook.MinRate, hook.MaxRate)}}
}

func checkMetadata(m metadata) []hook.Field {
	switch {
	case len(m) == 0:
		return nil
	case !strict.IsObject(m):
		return []hook.Field{{Code: hook.FieldType, Params: hook.Params{"expected": "object"}, Pointer: "/metadata", Detail: "must be an object"}}
	case len(m) > maxMetadata:
		return []hook.Field{{Code: hook.FieldTooLong, Params: hook.Params{"max": maxMetadata}, Pointer: "/metadata", Detail: fmt.Sprintf("must have at most %d bytes", maxMetadata)}}
	case holdsNUL(m):
		return []hook.Field{{Code: hook.FieldControl, Pointer: "/metadata", Detail: "must not contain the character U+0000"}}
	}
	return nil
}

// holdsNUL finds \u0000 in JSON text; an escaped backslash before the u is none.
func holdsNUL(text []byte) bool {
	plain := strings.ReplaceAll(string(text), `\\`, "")
	return strings.Contains(plain, `\u0000`)
}

func headerPointer(name string) string {
	return string(jsontext.Pointer("/headers").AppendToken(name))
}

func (f webhookForm) rules() []hook.Rule { return rulesOf(f.Rules) }

func (f webhookForm) signature() hook.Signature {
	return cmp.Or(hook.Signature(f.Signature), hook.HMACSHA256)
}

// apply writes the form into w, but for its secret. Fields left out get their
// defaults.
func (f webhookForm) apply(w *hook.Webhook) {
	w.OwnerID, w.Name, w.URL, w.Rules, w.Headers = f.OwnerID, f.Name, f.URL, f.rules(), f.Headers
	w.ClientCertificate, w.ClientKey, w.CACertificate = f.ClientCertificate, f.ClientKey, f.CACertificate
	w.PayloadFormat = hook.FormatStandard
	if f.PayloadFormat != "" {
		w.PayloadFormat = hook.PayloadFormat(f.PayloadFormat)
	}
	w.Timeout = time.Duration(orElse(f.TimeoutSeconds, 0)) * time.Second
	w.RateLimitPerSecond = orElse(f.RateLimitPerSecond, 0)
	w.MaxInFlight = orElse(f.MaxInFlight, 0)
	w.MaxAge = time.Duration(orElse(f.MaxAge, 0)) * time.Second
	w.AutoRecover = orElse(f.AutoRecover, true)
	w.Metadata = json.RawMessage("{}")
	if len(f.Metadata) > 0 {
		w.Metadata = json.RawMessage(f.Metadata)
	}
	if on := orElse(f.Enabled, true); on != w.Enabled {
		*w = w.Switched(on)
	}
}

func orElse[T any](v *T, fallback T) T {
	if v == nil {
		return fallback
	}
	return *v
}

// formOf gives the form that would make w what it is.
func formOf(w hook.Webhook) webhookForm {
	f := webhookForm{
		OwnerID: w.OwnerID, Name: w.Name, URL: w.URL, PayloadFormat: string(w.PayloadFormat), Signature: string(hook.SignatureOf(w.Secret)), Headers: w.Headers,
		ClientCertificate: w.ClientCertificate, CACertificate: w.CACertificate,
		TimeoutSeconds: view.Optional(int(w.Timeout / time.Second)), RateLimitPerSecond: view.Optional(w.RateLimitPerSecond),
		MaxInFlight: view.Optional(w.MaxInFlight), MaxAge: view.Optional(int(w.MaxAge / time.Second)), AutoRecover: &w.AutoRecover, Enabled: &w.Enabled, Metadata: metadata(w.Metadata),
	}
	if w.ClientKey != "" {
		f.ClientKey = hidden
	}
	for _, r := range w.Rules {
		f.Rules = append(f.Rules, formOfRule(r))
	}
	return f
}
