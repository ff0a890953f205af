// Package verify says whether a request is signed as its receiver expects and, if it
// is not, which part is wrong. It uses the standard library and hook alone.
package verify

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"godwit/internal/hook"
)

// DefaultTolerance is how far a timestamp may be from the receiver's clock, as the
// libraries of Standard Webhooks have it.
const DefaultTolerance = 5 * time.Minute

// Code names a finding. The values are part of the output of godwit verify.
type Code string

// The codes in the order in which they are looked for.
const (
	OK                   Code = "ok"
	SecretMissing        Code = "secret_missing"
	SecretIsSignature    Code = "secret_is_signature"     // v1,… was given in place of a secret
	SecretForm           Code = "secret_form"             // neither whsec_<base64> nor whpk_<base64>
	SecretPrivate        Code = "secret_private"          // whsk_…, which no receiver has
	SignatureMissing     Code = "signature_missing"       // no webhook-signature
	IDMissing            Code = "id_missing"              // no webhook-id
	TimestampMissing     Code = "timestamp_missing"       // no webhook-timestamp
	TimestampForm        Code = "timestamp_form"          // no whole number
	TimestampUnit        Code = "timestamp_unit"          // milliseconds
	SignatureForm        Code = "signature_form"          // no v1,<base64> in it
	BodyChanged          Code = "body_changed"            // another spelling of the body fits
	HeadersChanged       Code = "headers_changed"         // X-Signature fits, so the body and the secret do
	OtherScheme          Code = "other_scheme"            // the secret is of another scheme than the signature
	Mismatch             Code = "mismatch"                // nothing fits: another secret, or another body
	TimestampOld         Code = "timestamp_old"           // the signature fits, but is too old
	TimestampInTheFuture Code = "timestamp_in_the_future" // the signature fits, but is from the future
	// Of those who know the webhook:
	OtherSecret  Code = "other_secret"  // the receiver has another secret than the webhook
	OtherWebhook Code = "other_webhook" // the request is of another webhook
)

// Codes are all of them.
var Codes = []Code{
	OK, SecretMissing, SecretIsSignature, SecretForm, SecretPrivate, SignatureMissing, IDMissing, TimestampMissing, TimestampForm, TimestampUnit, SignatureForm,
	BodyChanged, HeadersChanged, OtherScheme, Mismatch, TimestampOld, TimestampInTheFuture, OtherSecret, OtherWebhook,
}

// Finding is the result of a check.
type Finding struct {
	Code   Code   `json:"code"`
	Detail string `json:"detail"`           // what is wrong, or that all is well
	Remedy string `json:"remedy,omitempty"` // what to do; empty where all is well
	// Spelling is which one of the body was signed, where the code is BodyChanged.
	Spelling Spelling `json:"spelling,omitempty"`
	// Secret is which of several secrets fits, from 2; 0 = the first, or none.
	Secret int `json:"secret,omitempty"`
}

// Part is what a code is about.
type Part string

// The parts in the order in which they are looked at.
const (
	PartSecret    Part = "secret"    // what the receiver checks with
	PartHeaders   Part = "headers"   // webhook-id, webhook-timestamp, webhook-signature: there, and whole
	PartSignature Part = "signature" // it fits the secret, the headers and the body
	PartTime      Part = "time"      // it is not too old
)

// Parts are all of them, in their order.
var Parts = []Part{PartSecret, PartHeaders, PartSignature, PartTime}

// Part is the one that the code says is wrong; "" for OK.
func (c Code) Part() Part {
	switch c {
	case OK:
		return ""
	case SecretMissing, SecretIsSignature, SecretForm, SecretPrivate, OtherSecret:
		return PartSecret
	case SignatureMissing, IDMissing, TimestampMissing, TimestampForm, TimestampUnit, SignatureForm:
		return PartHeaders
	case TimestampOld, TimestampInTheFuture:
		return PartTime
	}
	return PartSignature
}

// Request is what arrived, and how to judge it.
type Request struct {
	Header    http.Header
	Body      []byte // byte for byte
	Secrets   []string
	Now       time.Time
	Tolerance time.Duration // 0 = DefaultTolerance
}

// Check judges the request, and stops at the first part that is wrong: what comes
// after it can't be judged. It never repeats a secret.
func Check(r Request) Finding {
	keys, wrong := keysOf(r.Secrets)
	if wrong != nil {
		return *wrong
	}
	sent, wrong := partsOf(r)
	if wrong != nil {
		return *wrong
	}
	n, fits := sent.fits(keys, r.Body)
	if !fits {
		return r.mismatch(keys, sent)
	}
	found := r.age(sent)
	if n > 0 {
		found.Secret = n + 1
		found.Detail += fmt.Sprintf(" It is number %d of those that were given: the ones before it did not sign this request.", n+1)
	}
	return found
}

// key is what one secret verifies with.
type key struct {
	text   string // the secret as it was shown
	scheme string // v1 or v1a
	bytes  []byte
}

// keysOf decodes secrets, or says what is wrong with the first bad one.
func keysOf(secrets []string) ([]key, *Finding) {
	var keys []key
	for _, text := range secrets {
		k, wrong := keyOf(text)
		if wrong != nil {
			return nil, wrong
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, &Finding{Code: SecretMissing, Detail: "There is no secret to check with.",
			Remedy: "Give the secret that was shown when the webhook was made (whsec_…), or its public key for ed25519 (whpk_…)."}
	}
	return keys, nil
}

// Secret says what is wrong with the form of a receiver's secret; OK = nothing.
func Secret(text string) Finding {
	if _, wrong := keyOf(text); wrong != nil {
		return *wrong
	}
	return Finding{Code: OK}
}

func keyOf(text string) (key, *Finding) {
	encoded, isSecret := strings.CutPrefix(text, hook.SecretPrefix)
	if isSecret {
		bytes, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil && len(bytes) > 0 {
			return key{text, "v1", bytes}, nil
		}
	}
	encoded, isPublic := strings.CutPrefix(text, hook.PublicKeyPrefix)
	if isPublic {
		bytes, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil && len(bytes) == ed25519.PublicKeySize {
			return key{text, "v1a", bytes}, nil
		}
	}
	switch {
	case strings.TrimSpace(text) != text || strings.Trim(text, `"'`) != text:
		return key{}, &Finding{Code: SecretForm, Detail: "The secret has white space or quotation marks around it.", Remedy: "Remove them: the secret begins with whsec_ and ends with its base64."}
	case strings.HasPrefix(text, "v1,") || strings.HasPrefix(text, "v1a,"):
		return key{}, &Finding{Code: SecretIsSignature, Detail: "What was given as the secret is a signature: v1,… is the value of the header webhook-signature.",
			Remedy: "Give the secret, which begins with whsec_. It was shown when the webhook was made, and rotate-secret shows a new one."}
	case strings.HasPrefix(text, hook.PrivateKeyPrefix):
		return key{}, &Finding{Code: SecretPrivate, Detail: "The secret is a private key, which a receiver does not have.", Remedy: "Give the webhook's public key, which begins with whpk_."}
	case isSecret || isPublic:
		return key{}, &Finding{Code: SecretForm, Detail: "What follows whsec_ or whpk_ is not base64 with its padding, or not all of it is there.", Remedy: "Copy the secret once more, up to the = at its end where there is one."}
	}
	return key{}, &Finding{Code: SecretForm, Detail: "The secret does not begin with whsec_ (or whpk_, for ed25519).", Remedy: "Give the secret as it was shown, with whsec_ at its beginning."}
}

// parts are those of a request that its signature is made of.
type parts struct {
	id, timestamp string
	at            time.Time
	signatures    []signature
}

type signature struct {
	scheme string
	bytes  []byte
}

func partsOf(r Request) (parts, *Finding) {
	p := parts{id: r.Header.Get("webhook-id"), timestamp: r.Header.Get("webhook-timestamp")}
	value := r.Header.Get("webhook-signature")
	missing := func(code Code, header string) *Finding {
		return &Finding{Code: code, Detail: "The header " + header + " did not arrive.",
			Remedy: "Look whether a proxy or a framework in front of the receiver drops headers that it doesn't know. Names of headers have no upper or lower case."}
	}
	switch {
	case value == "":
		return p, missing(SignatureMissing, "webhook-signature")
	case p.id == "":
		return p, missing(IDMissing, "webhook-id")
	case p.timestamp == "":
		return p, missing(TimestampMissing, "webhook-timestamp")
	}
	seconds, err := strconv.ParseInt(p.timestamp, 10, 64)
	switch {
	case err != nil:
		return p, &Finding{Code: TimestampForm, Detail: "The header webhook-timestamp is not a whole number.", Remedy: "It holds seconds since 1970; give it as it arrived."}
	case seconds > maxSeconds:
		return p, &Finding{Code: TimestampUnit, Detail: "The header webhook-timestamp seems to be in milliseconds.", Remedy: "It holds seconds since 1970; give it as it arrived."}
	}
	p.at = time.Unix(seconds, 0)
	for _, one := range strings.Fields(value) {
		scheme, encoded, _ := strings.Cut(one, ",")
		if bytes, err := base64.StdEncoding.DecodeString(encoded); err == nil && (scheme == "v1" || scheme == "v1a") {
			p.signatures = append(p.signatures, signature{scheme, bytes})
		}
	}
	if len(p.signatures) == 0 {
		return p, &Finding{Code: SignatureForm, Detail: "The header webhook-signature holds no signature of the form v1,<base64>.", Remedy: "Give the header as it arrived, with its v1, and up to the = at its end."}
	}
	return p, nil
}

// Timestamp is when the request says that it was signed; false = it can't be read.
func (r Request) Timestamp() (time.Time, bool) {
	seconds, err := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64)
	return time.Unix(seconds, 0), err == nil && seconds >= 0 && seconds <= maxSeconds
}

// maxSeconds is the year 5138: a number beyond it is none of seconds.
const maxSeconds = 1e11

// fits says which of the keys, the first that does, one of the signatures is of for body.
func (p parts) fits(keys []key, body []byte) (n int, ok bool) {
	content := append([]byte(p.id+"."+p.timestamp+"."), body...)
	for n, k := range keys {
		for _, s := range p.signatures {
			if s.scheme != k.scheme {
				continue
			}
			if k.scheme == "v1" && hmac.Equal(s.bytes, digest(k.bytes, content)) || k.scheme == "v1a" && ed25519.Verify(k.bytes, content, s.bytes) {
				return n, true
			}
		}
	}
	return 0, false
}

func digest(key, content []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(content)
	return mac.Sum(nil)
}

// mismatch says why no signature fits, as far as that can be found out.
func (r Request) mismatch(keys []key, p parts) Finding {
	for how, body := range spellings(r.Body) {
		if _, fits := p.fits(keys, body); fits {
			return Finding{Code: BodyChanged, Spelling: how, Detail: "The signature fits the body " + how.words() + ": the body was changed after it arrived.",
				Remedy: "Check the bytes as they arrived, before any JSON parser, and turn off what rewrites bodies."}
		}
	}
	if r.plainFits(keys) {
		return Finding{Code: HeadersChanged, Detail: "X-Signature fits the body and the secret, so webhook-id or webhook-timestamp is not the one that was sent.",
			Remedy: "Give all headers of one request: both change with each event, the timestamp with each attempt."}
	}
	for _, k := range keys {
		for _, s := range p.signatures {
			if s.scheme == k.scheme {
				return Finding{Code: Mismatch, Detail: "No signature fits: it was made with another secret, or the body, the id or the timestamp is another.",
					Remedy: "Compare the secret with that of the webhook named in the header Godwit-Webhook. After a rotation the old secret fits until its overlap ends. Check that the body is whole."}
			}
		}
	}
	return Finding{Code: OtherScheme, Detail: "The request is signed in another way than the secret is for: v1 (whsec_…) is HMAC-SHA256, v1a (whpk_…) is Ed25519.",
		Remedy: "Give the webhook's secret where its signature is hmac-sha256, and its public key where it is ed25519."}
}

// plainFits says whether X-Signature is that of the body, whose key is the text of
// the secret.
func (r Request) plainFits(keys []key) bool {
	sent, err := hex.DecodeString(r.Header.Get("X-Signature"))
	if err != nil || len(sent) == 0 {
		return false
	}
	for _, k := range keys {
		if hmac.Equal(sent, digest([]byte(k.text), r.Body)) {
			return true
		}
	}
	return false
}

// age judges the timestamp of a request whose signature fits.
func (r Request) age(p parts) Finding {
	tolerance := r.Tolerance
	if tolerance == 0 {
		tolerance = DefaultTolerance
	}
	switch age := r.Now.Sub(p.at).Round(time.Second); {
	case age > tolerance:
		return Finding{Code: TimestampOld, Detail: fmt.Sprintf("The signature fits, but it is %s old, and %s are allowed.", age, tolerance),
			Remedy: "A receiver refuses such a request, which may be a copy. If it has just arrived, this machine's clock is wrong. A request that was saved earlier can be checked as of its time (at)."}
	case -age > tolerance:
		return Finding{Code: TimestampInTheFuture, Detail: fmt.Sprintf("The signature fits, but it is %s ahead of this machine's clock, and %s are allowed.", -age, tolerance),
			Remedy: "Set this machine's clock (NTP)."}
	}
	return Finding{Code: OK, Detail: "The signature fits the body and the secret."}
}
