package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"godwit/api/view"
	"godwit/internal/hook"
	"godwit/internal/match"
)

// searchForm asks for events by a condition on what is in them.
type searchForm struct {
	OwnerID  string   `json:"owner_id,omitempty" maxLength:"128" doc:"As this user sees them; when left out with an admin's key, every project counts. With a user's key it is that user and is left out"`
	Filter   string   `json:"filter" minLength:"1" maxLength:"4096" doc:"CEL, as the filter of a rule; an event is found when it is true"`
	Types    []string `json:"types,omitempty" maxItems:"200" nullable:"false" pattern:"^([A-Za-z0-9_.:-]{1,128}[*]?|[*][A-Za-z0-9_.:-]{0,128})$" doc:"Only events of these types, as in a rule; all when left out"`
	Projects []string `json:"projects,omitempty" maxItems:"200" nullable:"false" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{1,128}$" doc:"Only events of these projects; all that the key sees when left out"`
	Since    string   `json:"since" format:"date-time" doc:"Accepted at or after"`
	Until    string   `json:"until,omitempty" format:"date-time" doc:"Accepted before; now when left out"`
	Limit    int      `json:"limit,omitempty" minimum:"1" maximum:"200" default:"50" doc:"How many rows"`
	Cursor   string   `json:"cursor,omitempty" maxLength:"400" doc:"The next_cursor of the page before, with a body that is otherwise the same; opaque"`
	_        struct{} `additionalProperties:"false"`
}

// rule is what the search asks, as a rule of a webhook would.
func (f searchForm) rule() hook.Rule {
	r := hook.Rule{Events: f.Types, Projects: orNil(f.Projects), Filter: f.Filter}
	if len(r.Events) == 0 {
		r.Events = []string{"*"}
	}
	return r
}

// search is what is asked, with what is wrong with it.
func (f searchForm) search() (match.Search, []hook.Field) {
	q := match.Search{OwnerID: f.OwnerID, Rule: f.rule(), Limit: f.Limit}
	// A search names no combinations of type and project, however many there are.
	bad := slices.DeleteFunc(hook.CheckRules([]hook.Rule{q.Rule}), func(f hook.Field) bool { return f.Code == hook.FieldCombinations })
	for i, name := range f.Types {
		if hook.Operational(name) {
			bad = append(bad, hook.Field{Pointer: fmt.Sprintf("/rules/0/events/%d", i), Code: hook.FieldNotAllowed,
				Detail: "names what Godwit tells of webhooks, which is not searched; GET /v1/events lists it"})
		}
	}
	add := func(pointer string, code hook.FieldCode, values hook.Params, detail string) {
		bad = append(bad, hook.Field{Pointer: pointer, Code: code, Params: values, Detail: detail})
	}
	if f.OwnerID != "" && !hook.ValidID(f.OwnerID) {
		add("/owner_id", hook.FieldForm, hook.Params{"expected": "user_id"}, "must be the id of a user")
	}
	if f.Filter == "" {
		add("/filter", hook.FieldEmpty, nil, "must hold a condition, such as current.priority == 'high'; GET /v1/events lists events without one")
	}
	now, ok := time.Now(), false
	if q.Since, ok = hook.ParseTime(f.Since); !ok || q.Since.After(now) {
		add("/since", hook.FieldTime, hook.Params{"expected": "past"}, "must be a time of the past by RFC 3339, such as 2026-05-04T09:30:00Z")
	}
	if q.Until, ok = optionalInstant(f.Until); !ok || !q.Until.IsZero() && !q.Until.After(q.Since) {
		add("/until", hook.FieldTime, hook.Params{"expected": "after_since"}, "must be a time after since by RFC 3339, such as 2026-05-04T09:30:00Z")
	}
	if q.Limit == 0 {
		q.Limit = 50
	}
	if q.Limit < 1 || q.Limit > 200 {
		add("/limit", hook.FieldRange, hook.Params{"min": 1, "max": 200}, "must be a number from 1 to 200")
	}
	if f.Cursor != "" {
		after, ok := parseCursor(f.Cursor)
		if q.After = &after; !ok || after.Text != "" {
			add("/cursor", hook.FieldForm, hook.Params{"expected": "cursor"}, "must be the next_cursor of an answer to this search, unchanged")
		}
	}
	return q, bad
}

// foundEvents is a page of a search.
type foundEvents struct {
	Data          []listedEvent   `json:"data" nullable:"false" maxItems:"200" doc:"The events that were found, the newest first"`
	NextCursor    *string         `json:"next_cursor" maxLength:"400" doc:"Pass it as cursor for what lies further back, also where a page holds fewer rows than limit; null = everything since since was looked at"`
	Examined      int             `json:"examined" doc:"How many events were looked at for this page"`
	ExaminedSince time.Time       `json:"examined_since" doc:"How far back this page looked"`
	Failures      []searchFailure `json:"filter_failures" nullable:"false" maxItems:"21" doc:"On which of them the filter failed, so that they were not found; the most frequent failure first"`
}

type searchFailure struct {
	Detail  string `json:"detail" doc:"What went wrong, and what to write"`
	Count   int    `json:"count" doc:"On how many of the events that were looked at"`
	EventID string `json:"event_id" doc:"The newest of them"`
}

func (s *server) searchEvents(ctx context.Context, in *Payload) (*reply[foundEvents], error) {
	form, bad, err := decodeForm[searchForm](in.raw)
	if err != nil {
		return nil, err
	}
	var foreign []hook.Field
	form.OwnerID, foreign = owner(ctx, form.OwnerID)
	leave, err := s.computing.Enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	q, faults := form.search()
	if form.Filter != "" {
		faults = append(faults, s.conditionFaults([]hook.Rule{q.Rule})...)
	}
	err = withUnknown(slices.Concat(bad, foreign, ofSearch(faults)), func() error {
		if !hook.CountsFit([]hook.Rule{q.Rule}) {
			return nil
		}
		return ofSearchError(s.Matching.Searchable(ctx, q))
	})
	if err != nil {
		return nil, err
	}
	if q.Until.IsZero() {
		q.Until = s.Now()
	} else {
		q.Until = q.Until.Add(-time.Microsecond) // the resolution of the store, which includes the end
	}
	found, err := s.Matching.Search(ctx, q)
	if err != nil {
		return nil, ofSearchError(err)
	}
	out := viewFound(found)
	return &reply[foundEvents]{Body: out}, s.addToRows(ctx, out.Data)
}

func viewFound(found match.Found) foundEvents {
	out := foundEvents{Data: []listedEvent{}, Examined: found.Examined, ExaminedSince: found.ExaminedSince.UTC(), Failures: []searchFailure{}}
	for _, e := range found.Events {
		out.Data = append(out.Data, listedEvent{EventSummary: viewEvent(e)})
	}
	for _, f := range found.Failures {
		out.Failures = append(out.Failures, searchFailure{f.Message, f.Count, f.EventID})
	}
	if found.Next != nil {
		out.NextCursor = view.Optional(formatCursor(*found.Next))
	}
	return out
}

// ofSearch points what is wrong with the rule of a search at the search's own fields.
func ofSearch(bad []hook.Field) []hook.Field {
	fields := strings.NewReplacer("/rules/0/events", "/types", "/rules/0", "")
	out := slices.Clone(bad)
	for i := range out {
		out[i].Pointer = fields.Replace(out[i].Pointer)
	}
	return out
}

func ofSearchError(err error) error {
	var known *hook.Error
	if errors.As(err, &known) && len(known.Fields) > 0 {
		return &hook.Error{Code: known.Code, Message: known.Message, Fields: ofSearch(known.Fields)}
	}
	return err
}
