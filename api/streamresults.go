package api

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"godwit/internal/hook"
)

const (
	// maxStreamResults is how many results one request brings: as many as there are
	// requests on the wire.
	maxStreamResults = hook.MaxOnTheWire
	// maxAnswerBody is how much of an answer's body is kept, as of any receiver's.
	maxAnswerBody = 64 << 10
	// maxAnswerHeaders bounds the headers of an answer.
	maxAnswerHeaders = 100
	// maxAnswerMS bounds what a client says about how long the receiver took: twice the
	// longest timeout.
	maxAnswerMS = 60_000
)

// resultsForm is what a client says about requests of its stream.
type resultsForm struct {
	Results []resultForm `json:"results" minItems:"1" maxItems:"50" nullable:"false" doc:"What the receiver answered, or why it did not"`
	_       struct{}     `additionalProperties:"false"`
}

type resultForm struct {
	Delivery   string            `json:"delivery" maxLength:"128" doc:"The delivery of the request"`
	Attempt    int               `json:"attempt" minimum:"1" maximum:"5" doc:"The attempt of the request"`
	StatusCode int               `json:"status_code,omitempty" minimum:"100" maximum:"999" doc:"What the receiver answered"`
	Headers    map[string]string `json:"headers,omitempty" maxProperties:"100" doc:"The answer's headers"`
	BodyBase64 string            `json:"body_base64,omitempty" maxLength:"87384" doc:"The answer's body in base64, at most 64 KiB of it"`
	DurationMS int               `json:"duration_ms,omitempty" minimum:"0" maximum:"60000" doc:"How long the receiver took, in milliseconds"`
	Error      string            `json:"error,omitempty" maxLength:"500" doc:"Why there is no answer, in words"`
	Reason     string            `json:"reason,omitempty" enum:"connect_refused,connect,connect_timeout,timeout_headers,timeout_body,reset,protocol,tls" doc:"What kind of failure it was, where there is no answer"`
	Returned   bool              `json:"returned,omitempty" doc:"true: the request was not made and is wanted later; it uses up no attempt"`
	_          struct{}          `additionalProperties:"false"`
}

func (f resultsForm) check() []hook.Field {
	if n := len(f.Results); n < 1 || n > maxStreamResults {
		return []hook.Field{{Code: hook.FieldCount, Params: hook.Params{"min": 1, "max": maxStreamResults}, Pointer: "/results", Detail: fmt.Sprintf("must be 1 to %d results", maxStreamResults)}}
	}
	var bad []hook.Field
	for i, r := range f.Results {
		for _, b := range r.check() {
			b.Pointer = fmt.Sprintf("/results/%d%s", i, b.Pointer)
			bad = append(bad, b)
		}
	}
	return bad
}

func (f resultForm) check() []hook.Field {
	var bad []hook.Field
	out := func(pointer string, least, most int) {
		bad = append(bad, hook.Field{Code: hook.FieldRange, Params: hook.Params{"min": least, "max": most}, Pointer: pointer, Detail: fmt.Sprintf("must be %d to %d", least, most)})
	}
	if !hook.ValidID(f.Delivery) {
		bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "delivery_id"}, Pointer: "/delivery", Detail: "is required: the delivery that the stream has named"})
	}
	if f.Attempt < 1 || f.Attempt > hook.MaxAttempts {
		out("/attempt", 1, hook.MaxAttempts)
	}
	switch {
	case f.StatusCode != 0 && (f.StatusCode < 100 || f.StatusCode > 999):
		out("/status_code", 100, 999)
	case f.StatusCode == 0 && !f.Returned && !slices.Contains(hook.StreamReasons, hook.Reason(f.Reason)):
		bad = append(bad, hook.Field{Code: hook.FieldRequired, Pointer: "/status_code", Detail: "is required, unless reason says why there is no answer, or returned is true"})
	}
	if len(f.Headers) > maxAnswerHeaders {
		bad = append(bad, hook.Field{Code: hook.FieldCount, Params: hook.Params{"min": 0, "max": maxAnswerHeaders}, Pointer: "/headers", Detail: fmt.Sprintf("must be at most %d", maxAnswerHeaders)})
	}
	if body, err := base64.StdEncoding.DecodeString(f.BodyBase64); err != nil || len(body) > maxAnswerBody {
		bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "base64"}, Pointer: "/body_base64", Detail: fmt.Sprintf("must be base64 of at most %d bytes", maxAnswerBody)})
	}
	if f.DurationMS < 0 || f.DurationMS > maxAnswerMS {
		out("/duration_ms", 0, maxAnswerMS)
	}
	if len(f.Error) > hook.MaxStreamError {
		bad = append(bad, hook.Field{Code: hook.FieldTooLong, Params: hook.Params{"max": hook.MaxStreamError}, Pointer: "/error", Detail: fmt.Sprintf("must be at most %d bytes", hook.MaxStreamError)})
	}
	return bad
}

// answer is the result as the attempt reads it.
func (f resultForm) answer() hook.StreamAnswer {
	body, _ := base64.StdEncoding.DecodeString(f.BodyBase64) // was checked
	a := hook.StreamAnswer{
		DeliveryID: f.Delivery, Attempt: f.Attempt, StatusCode: f.StatusCode, Body: body, Duration: time.Duration(f.DurationMS) * time.Millisecond,
		Error: strings.ToValidUTF8(f.Error, "\uFFFD"), Reason: hook.Reason(f.Reason), Returned: f.Returned,
	}
	for name, value := range f.Headers {
		a.Headers = append(a.Headers, hook.Header{Name: http.CanonicalHeaderKey(name), Value: value})
	}
	return a
}

// resultsTaken says the outcome of results.
type resultsTaken struct {
	Accepted int      `json:"accepted" doc:"How many of them were waited for"`
	Late     []string `json:"late" nullable:"false" maxItems:"50" doc:"The others, as delivery.attempt: their time is over, or they were answered before"`
}

func (s *server) takeResults(ctx context.Context, in *switchInput) (*reply[resultsTaken], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	form, err := decode[resultsForm](in.raw)
	if err != nil {
		return nil, err
	}
	answers := make([]hook.StreamAnswer, len(form.Results))
	for i, r := range form.Results {
		answers[i] = r.answer()
	}
	took, err := s.Store.Answer(ctx, in.ID, answers)
	if err != nil {
		return nil, err
	}
	out := resultsTaken{Accepted: len(took), Late: []string{}}
	for _, a := range answers {
		if key := hook.StreamKey(a.DeliveryID, a.Attempt); !slices.Contains(took, key) {
			out.Late = append(out.Late, key)
		}
	}
	return &reply[resultsTaken]{out}, nil
}
