package api

import (
	"encoding/base64"
	"time"
	"unicode/utf8"

	"godwit/internal/hook"
)

type attempt struct {
	Number     int             `json:"number" minimum:"1" maximum:"5" doc:"Which attempt of the delivery it is, from 1; a request that was put off has the number of the next one"`
	StartedAt  time.Time       `json:"started_at" doc:"When the request was begun"`
	DurationMS int64           `json:"duration_ms" minimum:"0" doc:"How long it took, in milliseconds; 0 while it is under way"`
	StatusCode int             `json:"status_code,omitempty" minimum:"0" maximum:"999" doc:"The receiver's HTTP status; left out when none arrived"`
	Outcome    hook.Outcome    `json:"outcome" enum:"success,failure,lost,put_off,in_flight" doc:"Its result: lost = its worker ended before it did, so that the result is unknown; put_off = the receiver asked for a pause, so that no attempt is used up"`
	Reason     hook.Reason     `json:"reason,omitempty" doc:"The cause of a failure, as a constant"`
	Error      string          `json:"error,omitempty" doc:"The cause of a failure, in words"`
	Request    attemptRequest  `json:"request" doc:"What was sent"`
	Response   attemptResponse `json:"response" doc:"Empty when none arrived"`
	ExpungedAt *time.Time      `json:"expunged_at" doc:"When what was sent and answered was removed for good; null = it was not"`
}

type attemptRequest struct {
	URL     string            `json:"url" doc:"Where it was sent"`
	Headers map[string]string `json:"headers" doc:"As sent, secret values hidden"`
}

type attemptResponse struct {
	Headers map[string]string `json:"headers" doc:"By name; values of one name are joined by a comma"`
	Text
}

// inFlight is the outcome that is shown of an attempt under way.
const inFlight hook.Outcome = "in_flight"

func viewAttempt(a hook.Attempt) attempt {
	r := a.Result
	out := attempt{
		Number: a.Number, StartedAt: a.StartedAt.UTC(), DurationMS: r.Duration.Milliseconds(),
		StatusCode: r.StatusCode, Outcome: r.Outcome, Reason: r.Reason, Error: r.Error,
		Request:  attemptRequest{URL: r.URL, Headers: joinHeaders(r.RequestHeaders)},
		Response: attemptResponse{joinHeaders(r.ResponseHeaders), textOf(r.ResponseBody, r.Truncated)}, ExpungedAt: optionalTime(a.ExpungedAt),
	}
	if out.Outcome == "" {
		out.Outcome = inFlight
	}
	return out
}

// textOf shows a body, which may have been cut.
func textOf(body []byte, truncated bool) Text {
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

func joinHeaders(headers []hook.Header) map[string]string {
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
