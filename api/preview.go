package api

import (
	"context"
	"slices"
	"time"

	"godwit/api/access"
	"godwit/api/view"
	"godwit/internal/hook"
	"godwit/internal/match"
)

type previewForm struct {
	OwnerID string     `json:"owner_id,omitempty" maxLength:"128" doc:"Whose memberships count; when left out with an admin's key, every project counts. With a user's key it is that user and is left out"`
	Rules   []ruleForm `json:"rules" minItems:"1" maxItems:"50" nullable:"false" doc:"As in a webhook"`
	Since   string     `json:"since,omitempty" format:"date-time" doc:"How far to look back; 24 hours when left out"`
	_       struct{}   `additionalProperties:"false"`
}

func (f previewForm) check() []hook.Field {
	bad := hook.CheckRules(rulesOf(f.Rules))
	if f.OwnerID != "" && !hook.ValidID(f.OwnerID) {
		bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "user_id"}, Pointer: "/owner_id", Detail: "must be the id of a user"})
	}
	if since, ok := optionalInstant(f.Since); !ok || since.After(time.Now()) {
		bad = append(bad, hook.Field{Code: hook.FieldTime, Params: hook.Params{"expected": "past"}, Pointer: "/since", Detail: "must be a time of the past by RFC 3339, such as 2026-05-04T09:30:00Z"})
	}
	return bad
}

type preview struct {
	Since         time.Time        `json:"since" doc:"How far back was asked"`
	Until         time.Time        `json:"until" doc:"When it was asked"`
	Examined      int              `json:"examined" doc:"How many events were looked at, the newest first"`
	Sampled       bool             `json:"sampled" doc:"There are more events than were looked at; those before examined_since were not"`
	ExaminedSince time.Time        `json:"examined_since" doc:"The time of acceptance of the oldest event that was looked at"`
	Matched       int              `json:"matched" doc:"How many deliveries the rules would have made"`
	ByType        []countByType    `json:"by_type" nullable:"false" doc:"The most frequent first"`
	ByProject     []countByProject `json:"by_project" nullable:"false" doc:"The most frequent first"`
	ByRule        []previewRule    `json:"by_rule" nullable:"false" maxItems:"50" doc:"One for each rule that was asked about"`
	Examples      []previewExample `json:"examples" nullable:"false" maxItems:"10" doc:"Up to 10 of what would have matched, the newest first"`
	Failures      []filterFailure  `json:"filter_failures" nullable:"false" maxItems:"70" doc:"On which events a filter failed, so that they did not match; the most frequent failure first"`
}

type filterFailure struct {
	Rule    int    `json:"rule" minimum:"0" maximum:"49" doc:"Position of the rule, from 0"`
	Detail  string `json:"detail" doc:"What went wrong, and what to write"`
	Count   int    `json:"count" doc:"On how many of the events that were looked at"`
	EventID string `json:"event_id" doc:"The newest of them"`
}

type countByType struct {
	EventType string `json:"event_type" doc:"The type"`
	Count     int    `json:"count" doc:"How many deliveries"`
}

type countByProject struct {
	ProjectID string `json:"project_id" doc:"The project"`
	Count     int    `json:"count" doc:"How many deliveries"`
}

type previewRule struct {
	Rule    int          `json:"rule" minimum:"0" maximum:"49" doc:"Position of the rule, from 0"`
	Count   int          `json:"count" minimum:"0" doc:"How many deliveries are this rule's; what an earlier rule matches is that rule's"`
	Stopped *ruleStopped `json:"stopped" doc:"Of a rule that matched nothing: the clause that the events which came furthest did not pass; null when it matched, or when no event was looked at"`
}

type ruleStopped struct {
	Reason  string        `json:"reason" doc:"The clause, in words, as explain has it"`
	Code    match.Code    `json:"code" doc:"The reason as a constant for programs"`
	Params  access.Params `json:"params" doc:"The values in the words, by name"`
	Count   int           `json:"count" minimum:"1" doc:"How many events failed there"`
	EventID string        `json:"event_id" doc:"The newest of them"`
}

func viewOutcome(rule int, o match.RuleOutcome, ownerID string) previewRule {
	out := previewRule{Rule: rule, Count: o.Matched}
	if s := o.Stopped; s != nil {
		code, values := match.Explanation{Event: s.Event, OwnerID: ownerID}.Code(s.Reason)
		out.Stopped = &ruleStopped{Reason: s.Reason, Code: code, Params: access.Params(values), Count: s.Count, EventID: s.Event.ID}
	}
	return out
}

type previewExample struct {
	EventSummary
	Rule  int      `json:"rule" minimum:"0" maximum:"49" doc:"Position of the first rule that matched, from 0"`
	Parts []string `json:"parts,omitempty" maxItems:"5" nullable:"false" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{1,128}$" doc:"Of a combination: the ids of its events, in the order of its parts; the example itself is the newest of them"`
}

func (s *server) preview(ctx context.Context, in *Payload) (*reply[preview], error) {
	form, bad, err := decodeForm[previewForm](in.raw)
	if err != nil {
		return nil, err
	}
	var foreign []hook.Field
	form.OwnerID, foreign = owner(ctx, form.OwnerID)
	rules := rulesOf(form.Rules)
	leave, err := s.computing.Enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	if hook.CountsFit(rules) {
		bad = append(bad, s.conditionFaults(rules)...)
	}
	bad = slices.Concat(bad, foreign, form.check())
	if err := withUnknown(bad, func() error { return s.unknownRules(ctx, form.OwnerID, rules, nil) }); err != nil {
		return nil, err
	}
	since, _ := optionalInstant(form.Since) // check has read it
	p, err := s.Matching.Preview(ctx, match.Question{OwnerID: form.OwnerID, Rules: rules, Since: since})
	if err != nil {
		return nil, err
	}
	return &reply[preview]{Body: viewPreview(p, form.OwnerID)}, nil
}

func viewPreview(p match.Preview, ownerID string) preview {
	out := preview{Since: p.Since, Until: p.Until, Examined: p.Examined, Sampled: p.Sampled, ExaminedSince: p.ExaminedSince.UTC(), Matched: p.Matched,
		ByType: []countByType{}, ByProject: []countByProject{}, ByRule: []previewRule{}, Examples: []previewExample{}, Failures: []filterFailure{}}
	for _, c := range p.ByType {
		out.ByType = append(out.ByType, countByType{c.Name, c.N})
	}
	for _, c := range p.ByProject {
		out.ByProject = append(out.ByProject, countByProject{c.Name, c.N})
	}
	for i, o := range p.ByRule {
		out.ByRule = append(out.ByRule, viewOutcome(i, o, ownerID))
	}
	for _, x := range p.Examples {
		out.Examples = append(out.Examples, previewExample{viewEvent(x.Event), x.Rule, x.Parts})
	}
	for _, f := range p.Failures {
		out.Failures = append(out.Failures, filterFailure{f.Rule, f.Message, f.Count, f.EventID})
	}
	return out
}

type explainForm struct {
	EventID string   `json:"event_id" doc:"The event to ask about"`
	_       struct{} `additionalProperties:"false"`
}

func (f explainForm) check() []hook.Field {
	if !hook.ValidID(f.EventID) {
		return []hook.Field{{Code: hook.FieldForm, Params: hook.Params{"expected": "event_id"}, Pointer: "/event_id", Detail: "must be the id of an event"}}
	}
	return nil
}

type explainInput struct {
	ByID
	Payload
}

type explanation struct {
	Matched    bool                 `json:"matched" doc:"The event went to the webhook, or waits to"`
	Rule       *int                 `json:"rule" minimum:"0" maximum:"49" doc:"Position of the rule that matched, from 0; null = none"`
	Reason     string               `json:"reason" doc:"matched, or the first clause that failed, in words"`
	Code       match.Code           `json:"code" doc:"The reason as a constant for programs"`
	Params     access.Params        `json:"params" doc:"The values in the words, by name"`
	DeliveryID *string              `json:"delivery_id" doc:"The delivery of the event to this webhook; null = there is none"`
	Status     *hook.DeliveryStatus `json:"delivery_status" enum:"pending,retrying,succeeded,failed,held,cancelled" doc:"Where that delivery stands; null = there is none"`
	Rules      []ruleVerdict        `json:"rules" nullable:"false" maxItems:"50" doc:"One for each rule that the webhook has now"`
}

type ruleVerdict struct {
	Rule    int           `json:"rule" minimum:"0" maximum:"49" doc:"Position of the rule, from 0"`
	Matched bool          `json:"matched" doc:"The event matches this rule"`
	Reason  string        `json:"reason" doc:"matched, or the first clause that failed, in words"`
	Code    match.Code    `json:"code" doc:"The reason as a constant for programs"`
	Params  access.Params `json:"params" doc:"The values in the words, by name"`
	Parts   []int         `json:"parts,omitempty" maxItems:"5" nullable:"false" minimum:"1" maximum:"5" doc:"Of a combination: which of its parts the event fills, from 1"`
	FiredAs *string       `json:"fired_as,omitempty" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{1,128}$" doc:"Of a combination: the id of the event that it made of this one and the others"`
}

func (s *server) explain(ctx context.Context, in *explainInput) (*reply[explanation], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	form, err := decode[explainForm](in.raw)
	if err != nil {
		return nil, err
	}
	if err := s.Store.Visible(ctx, hook.KindEvent, form.EventID); err != nil {
		return nil, err
	}
	leave, err := s.computing.Enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	x, err := s.Matching.Explain(ctx, in.ID, form.EventID)
	if err != nil {
		return nil, err
	}
	return &reply[explanation]{Body: viewExplanation(x)}, nil
}

func viewExplanation(x match.Explanation) explanation {
	code, values := x.Code(x.Reason)
	out := explanation{Matched: x.Matched, Reason: x.Reason, Code: code, Params: access.Params(values), Rules: []ruleVerdict{}}
	if x.Rule >= 0 {
		out.Rule = &x.Rule
	}
	if x.Delivery != nil {
		out.DeliveryID, out.Status = &x.Delivery.ID, &x.Delivery.Status
	}
	for i, v := range x.Rules {
		code, values := x.Code(v.Reason)
		out.Rules = append(out.Rules, ruleVerdict{Rule: i, Matched: v.Matched, Reason: v.Reason, Code: code, Params: access.Params(values), Parts: v.Parts, FiredAs: view.Optional(v.FiredAs)})
	}
	return out
}
