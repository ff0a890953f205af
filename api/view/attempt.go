// Package view shows what is stored as answers show it, where problems show it, too.
package view

import (
	"encoding/base64"
	"time"
	"unicode/utf8"

	"godwit/internal/hook"
)

// Attempt is an attempt as answers show it.
type Attempt struct {
	Number     int             `json:"number" minimum:"1" maximum:"5" doc:"Which attempt of the delivery it is, from 1; a request that was put off has the number of the next one"`
	StartedAt  time.Time       `json:"started_at" doc:"When the request was begun"`
	DurationMS int64           `json:"duration_ms" minimum:"0" doc:"How long it took, in milliseconds; 0 while it is under way"`
	StatusCode int             `json:"status_code,omitempty" minimum:"0" maximum:"999" doc:"The receiver's HTTP status; left out when none arrived"`
	Outcome    hook.Outcome    `json:"outcome" enum:"success,failure,lost,put_off,in_flight" doc:"Its result: lost = its worker ended before it did, so that the result is unknown; put_off = the receiver asked for a pause, so that no attempt is used up"`
	Reason     hook.Reason     `json:"reason,omitempty" doc:"The cause of a failure, as a constant"`
	Error      string          `json:"error,omitempty" doc:"The cause of a failure, in words"`
	Request    AttemptRequest  `json:"request" doc:"What was sent"`
	Response   AttemptResponse `json:"response" doc:"Empty when none arrived"`
	ExpungedAt *time.Time      `json:"expunged_at" doc:"When what was sent and answered was removed for good; null = it was not"`
}

// AttemptRequest is what was sent.
type AttemptRequest struct {
	URL     string            `json:"url" doc:"Where it was sent"`
	Headers map[string]string `json:"headers" doc:"As sent, secret values hidden"`
}

// AttemptResponse is what was answered.
type AttemptResponse struct {
	Headers map[string]string `json:"headers" doc:"By name; values of one name are joined by a comma"`
	Text
}

// InFlight is the outcome that is shown of an attempt under way.
const InFlight hook.Outcome = "in_flight"

// OfAttempt shows an attempt.
func OfAttempt(a hook.Attempt) Attempt {
	r := a.Result
	out := Attempt{
		Number: a.Number, StartedAt: a.StartedAt.UTC(), DurationMS: r.Duration.Milliseconds(),
		StatusCode: r.StatusCode, Outcome: r.Outcome, Reason: r.Reason, Error: r.Error,
		Request:  AttemptRequest{URL: r.URL, Headers: JoinHeaders(r.RequestHeaders)},
		Response: AttemptResponse{JoinHeaders(r.ResponseHeaders), TextOf(r.ResponseBody, r.Truncated)}, ExpungedAt: OptionalTime(a.ExpungedAt),
	}
	if out.Outcome == "" {
		out.Outcome = InFlight
	}
	return out
}

// Text is a body that is shown to a person.
type Text struct {
	Body      string `json:"body" doc:"The body, or its beginning"`
	Encoding  string `json:"encoding,omitempty" enum:"base64" doc:"base64 when the body is no UTF-8 text"`
	Truncated bool   `json:"truncated" doc:"There is more of the body than is shown"`
}

// TextOf shows a body, which may have been cut.
func TextOf(body []byte, truncated bool) Text {
	text := wholeRunes(body, truncated)
	if !utf8.Valid(text) {
		return Text{Body: base64.StdEncoding.EncodeToString(body), Encoding: "base64", Truncated: truncated}
	}
	return Text{Body: string(text), Truncated: truncated}
}

// wholeRunes gives the body without the part of a character that cutting it
// may have left at its end.
func wholeRunes(body []byte, truncated bool) []byte {
	for i := 1; truncated && i < utf8.UTFMax && i <= len(body); i++ {
		if tail := body[len(body)-i:]; utf8.RuneStart(tail[0]) && !utf8.FullRune(tail) {
			return body[:len(body)-i]
		}
	}
	return body
}

// JoinHeaders shows headers by their names.
func JoinHeaders(headers []hook.Header) map[string]string {
	out := map[string]string{}
	for _, h := range headers {
		if before, ok := out[h.Name]; ok {
			out[h.Name] = before + ", " + h.Value
			continue
		}
		out[h.Name] = h.Value
	}
	return out
}
