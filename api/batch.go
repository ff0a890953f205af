package api

import (
	"context"
	"fmt"
	"strings"

	"godwit/api/access"
	"godwit/internal/eventjson"
	"godwit/internal/hook"
)

// batchForm describes the body of a batch; see eventForm.
type batchForm struct {
	Events []eventForm `json:"events" minItems:"1" maxItems:"500" nullable:"false" doc:"Each is accepted or refused by itself"`
	_      struct{}    `additionalProperties:"false"`
}

type batchAnswer struct {
	Results []batchResult `json:"results" nullable:"false" minItems:"1" maxItems:"500" doc:"One for each event, in order"`
}

// batchResult is either published or an error.
type batchResult struct {
	ID        string          `json:"id,omitempty" doc:"The event's id; left out when it was refused"`
	Matched   *int            `json:"matched,omitempty" doc:"How many deliveries the event has"`
	Judging   bool            `json:"judging,omitempty" doc:"Filters that take long are asked about the event after this answer, so that matched may still grow; left out when all are asked"`
	Duplicate *bool           `json:"duplicate,omitempty" doc:"The event was accepted before; nothing is delivered again"`
	Error     *access.Problem `json:"error,omitempty" doc:"Why this event was refused; its pointers lead into the whole body"`
}

func (s *server) publishBatch(ctx context.Context, in *Payload) (*reply[batchAnswer], error) {
	o, err := s.offerOf(ctx, func() ([]eventjson.Item, error) { return eventjson.ParseBatch(in.raw) })
	if err != nil {
		return nil, err
	}
	answer, err := s.publishItems(ctx, o, "/events")
	if err != nil {
		return nil, err
	}
	return &reply[batchAnswer]{Body: *answer}, nil
}

// publishItems publishes each item as by itself; at is the pointer to them in the
// request's body.
func (s *server) publishItems(ctx context.Context, o offer, at string) (*batchAnswer, error) {
	items, results := o.items, make([]batchResult, len(o.items))
	left := hook.MaxFaults // to be named in the answer
	for i, item := range items {
		if item.Err != nil {
			results[i].Error = itemProblem(at, i, item.Err, &left)
			s.rejected(results[i].Error.Code)
		}
	}
	if events, places := o.events(); len(events) > 0 {
		answers, err := s.ingest(ctx, events, o.checks)
		if err != nil {
			return nil, err
		}
		for k, a := range answers {
			if i := places[k]; a.err != nil {
				results[i].Error = itemProblem(at, i, seenFrom(items[i], a.err), &left)
				s.rejected(results[i].Error.Code)
			} else {
				results[i] = batchResult{ID: a.ID, Matched: &a.Matched, Judging: a.Judging, Duplicate: &a.Duplicate}
			}
		}
	}
	return &batchAnswer{Results: results}, nil
}

// itemProblem is the problem of the event at place in the list at, a pointer, seen
// from the whole body. Its faults are named as long as the answer may name some more; left counts them.
func itemProblem(at string, place int, err error, left *int) *access.Problem {
	p := access.ProblemOf(err)
	if n := len(p.Errors) - *left; n > 0 {
		p.Detail = fmt.Sprintf("%s %d faults of this event are not named, as an answer names %d at most.", ended(p.Detail), n, hook.MaxFaults)
		p.Errors = p.Errors[:*left]
	}
	*left -= len(p.Errors)
	for i := range p.Errors {
		p.Errors[i].Pointer = fmt.Sprintf("%s/%d%s", at, place, p.Errors[i].Pointer)
	}
	return p
}

// ended ends a sentence, where it is not.
func ended(sentence string) string { return strings.TrimSuffix(sentence, ".") + "." }
