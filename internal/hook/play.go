package hook

import (
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// PlayPath is where the play receiver's addresses begin, below the public address.
const PlayPath = "/play/"

// Limits of the play receiver.
const (
	// MaxPlayAddresses is how many addresses a user has at a time, and those without a
	// user together.
	MaxPlayAddresses = 10
	// MaxPlayAddressesInAll bounds what the installation keeps: with the bytes of each it
	// makes 2 GiB at worst.
	MaxPlayAddressesInAll = 1000
	// MaxPlayRequests is how many requests of an address are kept, and MaxPlayBytes how
	// many bytes of their headers and bodies; the oldest go first.
	MaxPlayRequests = 100
	MaxPlayBytes    = 2 << 20
	// MaxPlayBody is how much of a body is kept. The signature is checked over all of it.
	MaxPlayBody = 64 << 10
	// PlayRequestAge is how long a request is kept, and PlayAddressAge how long an address
	// stays to which nothing comes.
	PlayRequestAge = 24 * time.Hour
	PlayAddressAge = 7 * 24 * time.Hour
	// MaxPlayDelay is more than the longest time-out of a webhook, so that time-outs can
	// be tried.
	MaxPlayDelay = 35 * time.Second
	// MaxPlayAnswer is how long the answer's body may be, in bytes.
	MaxPlayAnswer = 4 << 10
	// MaxPlayRetryAfter is the longest Retry-After, in seconds.
	MaxPlayRetryAfter = 86400
)

// PlayAddress is an address of the play receiver. Its id is all that a request to it
// needs, and can't be guessed.
type PlayAddress struct {
	ID string
	// OwnerID is the user who sees what comes; empty = only admins do.
	OwnerID   string
	CreatedAt time.Time
	// ExpiresAt is when the address goes unless something comes.
	ExpiresAt time.Time
	// Received is how many requests came since it was made, kept or not.
	Received int64
}

// PlayRequest is a request that came to an address.
type PlayRequest struct {
	ID         string
	AddressID  string
	ReceivedAt time.Time
	Method     string
	Query      string // as it was sent, without ?
	Headers    []Header
	Body       []byte // the first MaxPlayBody bytes
	// Size is that of the whole body.
	Size int
	// StatusCode is what was answered.
	StatusCode int
	// EventID is what the header webhook-id says, where it can be an id.
	EventID string
	// WebhookID is the webhook whose secrets the signature was checked with; empty =
	// no webhook of the owner leads to the address.
	WebhookID string
	Finding   PlayFinding
}

// PlayFinding is the result of the signature check.
type PlayFinding struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

// PlayTarget is what a request to an address is judged by.
type PlayTarget struct {
	Address PlayAddress
	// Webhooks lead to the address and may be checked with; the one that the request
	// names comes first.
	Webhooks []Webhook
}

var playID = regexp.MustCompile(`^play_[0-9a-v]{26}$`)

// ValidPlayID says whether the text can be the id of a play address.
func ValidPlayID(id string) bool { return playID.MatchString(id) }

// PlayAnswer is what the play receiver answers, as the query of its address says.
type PlayAnswer struct {
	StatusCode int
	Delay      time.Duration
	// FailureRate is the share of requests that are answered 500 instead.
	FailureRate float64
	// RetryAfter goes with every answer but 2xx, in seconds; 0 = it does not.
	RetryAfter int
	Body       string
}

// ParsePlayAnswer reads the answer from the query of an address. Parameters that it
// doesn't know are the caller's own. The error names the parameter that is wrong.
func ParsePlayAnswer(q url.Values) (a PlayAnswer, err error) {
	a = PlayAnswer{StatusCode: http.StatusOK, Body: q.Get("body")}
	wrong := func(name, must string) (PlayAnswer, error) {
		return PlayAnswer{}, Errorf(CodeInvalid, "The parameter %s of the play address must be %s.", name, must)
	}
	if text := q.Get("status"); text != "" {
		if a.StatusCode, err = strconv.Atoi(text); err != nil || a.StatusCode < 200 || a.StatusCode > 599 {
			return wrong("status", "a status of 200 to 599, such as 503")
		}
	}
	if text := q.Get("delay"); text != "" {
		if a.Delay, err = parseDelay(text); err != nil || a.Delay < 0 || a.Delay > MaxPlayDelay {
			return wrong("delay", "0s to "+MaxPlayDelay.String()+", such as 2s or 300ms")
		}
	}
	if text := q.Get("failure_rate"); text != "" {
		if a.FailureRate, err = strconv.ParseFloat(text, 64); err != nil || math.IsNaN(a.FailureRate) || a.FailureRate < 0 || a.FailureRate > 1 {
			return wrong("failure_rate", "0 to 1: the share of requests that are answered 500, such as 0.3")
		}
	}
	if text := q.Get("retry_after"); text != "" {
		if a.RetryAfter, err = strconv.Atoi(text); err != nil || a.RetryAfter < 0 || a.RetryAfter > MaxPlayRetryAfter {
			return wrong("retry_after", "0 to "+strconv.Itoa(MaxPlayRetryAfter)+" seconds")
		}
	}
	if len(a.Body) > MaxPlayAnswer {
		return wrong("body", "at most "+strconv.Itoa(MaxPlayAnswer)+" bytes")
	}
	return a, nil
}

// parseDelay reads a duration; a plain number is seconds.
func parseDelay(text string) (time.Duration, error) {
	if strings.Trim(text, "0123456789.") == "" {
		text += "s"
	}
	return time.ParseDuration(text)
}

// Failed is the answer with the failure that FailureRate asks for, where chance, 0 to
// 1 without 1, falls below it.
func (a PlayAnswer) Failed(chance float64) PlayAnswer {
	if chance < a.FailureRate {
		a.StatusCode = http.StatusInternalServerError
	}
	return a
}
