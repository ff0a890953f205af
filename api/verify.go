package api

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"godwit/internal/hook"
	"godwit/internal/verify"
)

const (
	// maxVerified bounds the body: what a format adds to an event is far less than that
	// again. 32 requests of more would keep the API busy for seconds.
	maxVerified = 2 * hook.MaxEventBytes
	// checkLonger is what to do with a longer one, as that of a combination of several
	// large events can be.
	checkLonger = "godwit verify checks a longer one on your own machine"
	// maxVerifiedHeaders bounds the headers of a request that is checked.
	maxVerifiedHeaders = 100
	// maxReceiversSecret is longer than any secret, so that one with something around it
	// is answered in words.
	maxReceiversSecret = 1000
)

var largerVerified = fmt.Sprintf("A request with a body of up to %d bytes can be checked here; %s.", maxVerified, checkLonger)

// verifyForm is a request that a receiver got. Nothing of it is stored or logged.
type verifyForm struct {
	Headers    map[string]string `json:"headers" maxProperties:"100" doc:"The headers that arrived, by their names in any case"`
	Body       string            `json:"body,omitempty" maxLength:"524288" doc:"The body as it arrived, as text of UTF-8"`
	BodyBase64 string            `json:"body_base64,omitempty" maxLength:"699052" doc:"The body in base64, which keeps every byte; not beside body. Without either, the body is empty"`
	Secret     string            `json:"secret,omitempty" maxLength:"1000" doc:"What the receiver has as its secret: it is compared with those of the webhook"`
	At         string            `json:"at,omitempty" format:"date-time" doc:"When the request arrived, for one that was saved earlier; now when left out"`
	_          struct{}          `additionalProperties:"false"`
}

func (f verifyForm) check() []hook.Field {
	var bad []hook.Field
	if len(f.Headers) > maxVerifiedHeaders {
		bad = append(bad, hook.Field{Code: hook.FieldCount, Params: hook.Params{"min": 0, "max": maxVerifiedHeaders}, Pointer: "/headers", Detail: fmt.Sprintf("must be at most %d", maxVerifiedHeaders)})
	}
	seen := http.Header{}
	for _, name := range slices.Sorted(maps.Keys(f.Headers)) {
		if seen.Add(name, ""); len(seen.Values(name)) > 1 {
			bad = append(bad, hook.Field{Code: hook.FieldTwice, Pointer: headerPointer(name), Detail: "is there in another case, too; keep the one that arrived"})
		}
	}
	if f.Body != "" && f.BodyBase64 != "" {
		bad = append(bad, hook.Field{Code: hook.FieldBeside, Params: hook.Params{"field": "body"}, Pointer: "/body_base64", Detail: "can't be beside body; give one of them"})
	}
	tooLong := hook.Field{Code: hook.FieldTooLong, Params: hook.Params{"max": maxVerified}, Pointer: "/body", Detail: fmt.Sprintf("must be at most %d bytes; %s", maxVerified, checkLonger)}
	if len(f.Body) > maxVerified {
		bad = append(bad, tooLong)
	}
	tooLong.Pointer = "/body_base64"
	switch body, err := base64.StdEncoding.DecodeString(f.BodyBase64); {
	case err != nil:
		bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "base64"}, Pointer: "/body_base64", Detail: fmt.Sprintf("must be base64 of at most %d bytes", maxVerified)})
	case len(body) > maxVerified:
		bad = append(bad, tooLong)
	}
	if len(f.Secret) > maxReceiversSecret {
		bad = append(bad, hook.Field{Code: hook.FieldTooLong, Params: hook.Params{"max": maxReceiversSecret}, Pointer: "/secret", Detail: fmt.Sprintf("must be at most %d bytes", maxReceiversSecret)})
	}
	if _, ok := optionalInstant(f.At); !ok {
		bad = append(bad, hook.Field{Code: hook.FieldTime, Pointer: "/at", Detail: hook.TimeFormat})
	}
	return bad
}

// request is the form as a receiver would judge it, by all secrets of the webhook.
func (f verifyForm) request(secrets []string, now time.Time) verify.Request {
	r := verify.Request{Header: http.Header{}, Body: []byte(f.Body), Secrets: secrets, Now: now}
	for name, value := range f.Headers {
		r.Header.Set(name, value)
	}
	if f.BodyBase64 != "" {
		r.Body, _ = base64.StdEncoding.DecodeString(f.BodyBase64) // was checked
	}
	if at, _ := optionalInstant(f.At); !at.IsZero() {
		r.Now = at
	}
	return r
}

type verified struct {
	Code       verify.Code     `json:"code" doc:"ok = the signature fits; else the first part that is wrong, as a constant"`
	Detail     string          `json:"detail" doc:"The same in words"`
	Remedy     string          `json:"remedy,omitempty" doc:"What to do"`
	Spelling   verify.Spelling `json:"spelling,omitempty" doc:"Of body_changed: which spelling of the body was signed"`
	Steps      []verifiedStep  `json:"steps" nullable:"false" maxItems:"4" doc:"The parts in the order in which they are looked at. What comes after a wrong one can't be judged"`
	AgeSeconds *int64          `json:"age_seconds" minimum:"-1000000000000" doc:"How old the request was when it arrived; negative = its timestamp is in the future, null = there is none that can be read"`
	SignedBy   *string         `json:"signed_by" enum:"newest,old" doc:"Which of the webhook's secrets signed it: old = one that was replaced and still signs; null = none"`
	SecretIs   *string         `json:"secret_is" enum:"newest,old" doc:"Which of the webhook's secrets the given one is; null = none was given, or it is none of them"`
	OldEndsAt  *time.Time      `json:"old_ends_at" doc:"When the old secret that was given, or that signed it, stops to sign; null = it is the newest, or none"`
}

type verifiedStep struct {
	Part   verify.Part `json:"part" doc:"secret: what the receiver has; headers: webhook-id, webhook-timestamp and webhook-signature are there and whole; signature: it fits the secret, the headers and the body; time: it is not too old"`
	Result string      `json:"result" enum:"right,wrong,open" doc:"open = it was not looked at, since a part before it is wrong"`
}

// verify says whether a request that a receiver got is one of the webhook, and which
// part is wrong. Who may see a webhook gets signed requests of it anyway, so that the
// answer tells nobody more than that. Checking writes a body in other ways: it takes its
// turn with what else computes.
func (s *server) verify(ctx context.Context, in *switchInput) (*reply[verified], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	form, err := decode[verifyForm](in.raw)
	if err != nil {
		return nil, err
	}
	w, err := s.Store.Webhook(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	leave, err := s.computing.Enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return &reply[verified]{Body: verifyFor(w, form, s.Now())}, nil
}

func verifyFor(w hook.Webhook, form verifyForm, now time.Time) verified {
	secrets := publicSecrets(w, now)
	r := form.request(secretTexts(secrets), now)
	found := verify.Check(r)
	var signer, given *hook.OldSecret
	if found.Code == verify.OK || found.Code.Part() == verify.PartTime {
		signer = &secrets[max(found.Secret-1, 0)]
	}
	if form.Secret != "" && len(secrets) > 0 {
		given = amongThem(secrets, form.Secret)
		if wrong := receiversSecret(r, found, form.Secret, given); wrong != nil {
			found = *wrong
		}
	}
	if other := r.Header.Get("Godwit-Webhook"); hook.ValidID(other) && other != w.ID && slices.Contains([]verify.Code{verify.Mismatch, verify.OtherScheme, verify.OtherSecret}, found.Code) {
		found = verify.Finding{Code: verify.OtherWebhook, Detail: "The header Godwit-Webhook names " + other + ", and this is " + w.ID + ": the request is of another webhook.",
			Remedy: "Check it with that webhook. Each has its own secret."}
	}
	out := verified{Code: found.Code, Detail: found.Detail, Remedy: found.Remedy, Spelling: found.Spelling, Steps: stepsOf(found.Code),
		SignedBy: whichSecret(signer), SecretIs: whichSecret(given)}
	if old := cmp.Or(given, signer); old != nil && !old.ExpiresAt.IsZero() {
		out.OldEndsAt = &old.ExpiresAt
	}
	if at, ok := r.Timestamp(); ok {
		out.AgeSeconds = new(int64(r.Now.Sub(at).Seconds()))
	}
	return out
}

// amongThem finds a secret among those of a webhook; nil = it is none of them.
func amongThem(secrets []hook.OldSecret, secret string) (found *hook.OldSecret) {
	for i := range secrets {
		if subtle.ConstantTimeCompare([]byte(secrets[i].Secret), []byte(secret)) == 1 {
			found = &secrets[i]
		}
	}
	return found
}

// receiversSecret says what is wrong with the secret that a receiver has; given is the
// one of the webhook that it is.
func receiversSecret(r verify.Request, found verify.Finding, secret string, given *hook.OldSecret) *verify.Finding {
	if wrong := verify.Secret(secret); wrong.Code != verify.OK {
		return &wrong
	}
	if given == nil {
		return &verify.Finding{Code: verify.OtherSecret, Detail: "The secret is none of this webhook's: it belongs to another webhook, or has been replaced and signs no more.",
			Remedy: "Give the receiver the secret of this webhook. Where nobody has it any more, replace it: the new one is shown once."}
	}
	r.Secrets = []string{secret}
	if alone := verify.Check(r); alone.Code == verify.Mismatch && found.Code != verify.Mismatch {
		return &verify.Finding{Code: verify.OtherSecret, Detail: "Another secret of this webhook signed the request: it was sent before the secret was replaced.",
			Remedy: "While a secret is replaced, let the receiver check with both, the new one and the old one."}
	}
	return nil
}

func stepsOf(code verify.Code) []verifiedStep {
	out, result := []verifiedStep{}, "right"
	for _, part := range verify.Parts {
		if part == code.Part() {
			out, result = append(out, verifiedStep{part, "wrong"}), "open"
			continue
		}
		out = append(out, verifiedStep{part, result})
	}
	return out
}

// whichSecret says which one of a webhook it is.
func whichSecret(s *hook.OldSecret) *string {
	switch {
	case s == nil:
		return nil
	case s.ExpiresAt.IsZero():
		return new("newest")
	}
	return new("old")
}
