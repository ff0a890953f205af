package api

import (
	"context"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/api/access"
	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
	"godwit/internal/match"
)

// WebhookPatch is webhookPatch under a name by which it can be a part of another form.
type WebhookPatch = webhookPatch

// checkForm describes the body of a check: any part of webhookForm, and a sample. It
// is read as those two.
type checkForm struct {
	OwnerID string `json:"owner_id,omitempty" doc:"The user who owns it; with a user's key it is that user and is left out"`
	Secret  string `json:"secret,omitempty" pattern:"^whsec_[A-Za-z0-9+/]{32,86}={0,2}$" doc:"A signing secret of your choice"`
	WebhookPatch
	Sample *sampleForm `json:"sample,omitempty" doc:"The event that the filters are asked about: one that exists, by its id, or one that is made up"`
	_      struct{}    `additionalProperties:"false"`
}

type sampleForm struct {
	EventID  string   `json:"event_id,omitempty" doc:"An event that the key may see. Beside it there is nothing else"`
	Type     string   `json:"type,omitempty" doc:"The type of an event that is made up"`
	Previous state    `json:"previous,omitempty" doc:"Its state before; null = none"`
	Current  state    `json:"current,omitempty" doc:"Its state after; null = none"`
	_        struct{} `additionalProperties:"false"`
}

type checkAnswer struct {
	OK       bool                `json:"ok" doc:"There are no errors. What is missing is none: the body may be any part of a webhook"`
	Errors   []access.FieldError `json:"errors" nullable:"false" maxItems:"201" doc:"Everything that is wrong, at once"`
	Warnings []warning           `json:"warnings" nullable:"false" doc:"What is acceptable, but may not be meant"`
	URL      *checkedURL         `json:"url,omitempty" doc:"The URL, where there is an acceptable one"`
	Filters  []trial             `json:"filters" nullable:"false" maxItems:"500" doc:"What each filter that can be read says to the sample; empty without a sample"`
}

type warning struct {
	Pointer string           `json:"pointer" doc:"JSON pointer (RFC 6901) into the request body"`
	Code    hook.WarningCode `json:"code" doc:"What may not be meant, as a constant for programs"`
	Params  access.Params    `json:"params" doc:"What belongs to it, by name"`
}

type checkedURL struct {
	Kept string `json:"kept" format:"uri" doc:"The URL as a webhook keeps it"`
	Host string `json:"host" doc:"Its host"`
}

type trial struct {
	Pointer string            `json:"pointer" doc:"JSON pointer (RFC 6901) to the filter in the request body"`
	Result  match.TrialResult `json:"result" enum:"true,false,fails" doc:"What the filter says to the sample; one that fails does not match"`
	Detail  string            `json:"detail" doc:"Why it fails; else empty"`
}

// draft is a webhook that is being written.
type draft struct {
	form         webhookForm
	present      []string // the fields that are there
	sample       []byte   // nil = none
	unknown, bad []hook.Field
}

// readDraft reads the fields that are there, whatever they are.
func readDraft(raw []byte) (d draft, err error) {
	if err := strict.Check(raw); err != nil {
		return d, err
	}
	if !strict.IsObject(raw) {
		return d, hook.Field{Code: hook.FieldType, Params: hook.Params{"expected": "object"}, Detail: "The body must be a JSON object with fields of a webhook."}.Invalid()
	}
	read := newDecoder()
	var form []jsonMember
	for _, m := range read.known(raw, append(fieldsOf(reflect.TypeFor[webhookForm]()), field{name: "sample"})) {
		switch {
		case m.name != "sample":
			form, d.present = append(form, m), append(d.present, m.name)
		case !strict.IsNull(m.value):
			d.sample = m.value
		}
	}
	d.unknown = read.bad.Fields()
	d.form, d.bad, err = decodeForm[webhookForm](object(form))
	return d, err
}

// has says whether a field is there.
func (d draft) has(name string) bool { return slices.Contains(d.present, name) }

// ofPresent leaves out what is said of fields that are not there, and what is said
// of one value twice.
func (d draft) ofPresent(bad []hook.Field) []hook.Field {
	return slices.DeleteFunc(firstOfEach(bad), func(f hook.Field) bool {
		name, _, _ := strings.Cut(strings.TrimPrefix(f.Pointer, "/"), "/")
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		return f.Pointer != "" && name != "sample" && !d.has(name)
	})
}

func (s *server) checkWebhook(ctx context.Context, in *Payload) (*reply[checkAnswer], error) {
	d, err := readDraft(in.raw)
	if err != nil {
		return nil, err
	}
	leave, err := s.computing.Enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var foreign []hook.Field
	d.form.OwnerID, foreign = owner(ctx, d.form.OwnerID)
	kept, badURL := s.checkURL(d.form.URL)
	bad := slices.Concat(d.bad, foreign, d.form.check(), badURL, s.checkHeaders(d.form.Headers), s.checkIdentity(d.form))
	rules := d.form.rules()
	if d.has("rules") && hook.CountsFit(rules) {
		unknown, err := fieldsOf422(s.Store.CheckRules(ctx, d.form.OwnerID, rules))
		if err != nil {
			return nil, err
		}
		bad = slices.Concat(bad, s.conditionFaults(rules), unknown)
	}
	event, faults, err := s.sampleOf(ctx, d.sample)
	if err != nil {
		return nil, err
	}
	bad = append(d.unknown, d.ofPresent(append(bad, faults...))...)
	out := checkAnswer{OK: len(bad) == 0, Errors: []access.FieldError{}, Filters: []trial{}}
	for _, f := range hook.FirstFaults(bad, hook.MaxFaults) {
		out.Errors = append(out.Errors, access.OfField(f))
	}
	if d.has("url") && len(badURL) == 0 {
		out.URL = viewURL(kept)
	}
	if event != nil {
		out.Filters = s.try(ctx, rules, bad, *event)
	}
	d.form.URL = kept
	out.Warnings, err = s.warn(ctx, d, rules)
	return &reply[checkAnswer]{Body: out}, err
}

func viewURL(kept string) *checkedURL {
	u, err := url.Parse(kept)
	if err != nil {
		return nil
	}
	return &checkedURL{Kept: kept, Host: u.Host}
}

// sampleOf gives the event that filters are asked about; nil where there is none, or
// none that can be used.
func (s *server) sampleOf(ctx context.Context, raw []byte) (*hook.Event, []hook.Field, error) {
	if raw == nil {
		return nil, nil, nil
	}
	form, bad, err := decodeForm[sampleForm](raw)
	if bad = slices.Concat(bad, form.check()); err != nil || len(bad) > 0 {
		own, err := fieldsOf422(err)
		bad = append(bad, own...)
		for i := range bad {
			bad[i].Pointer = "/sample" + bad[i].Pointer
		}
		return nil, bad, err
	}
	if form.EventID == "" {
		now := s.Now()
		return &hook.Event{Type: form.Type, Previous: []byte(form.Previous), Current: []byte(form.Current), OccurredAt: now, AcceptedAt: now}, nil, nil
	}
	err = s.Store.Visible(ctx, hook.KindEvent, form.EventID)
	var e hook.Event
	if err == nil {
		e, err = s.Store.Event(ctx, form.EventID)
	}
	switch {
	case hook.CodeOf(err) == hook.CodeNotFound:
		return nil, []hook.Field{{Pointer: "/sample/event_id", Code: hook.FieldNotFound, Params: hook.Params{"kind": "event", "id": form.EventID}, Detail: "there is no such event"}}, nil
	case err != nil:
		return nil, nil, err
	case !e.ExpungedAt.IsZero():
		return nil, []hook.Field{{Pointer: "/sample/event_id", Code: hook.FieldDeleted, Params: hook.Params{"kind": "event", "id": form.EventID},
			Detail: "the states of this event were removed; choose another one"}}, nil
	}
	return &e, nil, nil
}

func (f sampleForm) check() []hook.Field {
	var bad []hook.Field
	alone := f.Type == "" && f.Previous == nil && f.Current == nil
	switch {
	case f.EventID != "" && !alone:
		bad = append(bad, hook.Field{Pointer: "/event_id", Code: hook.FieldBeside, Params: hook.Params{"field": "type"}, Detail: "must be alone, or be left out for an event that is made up"})
	case f.EventID != "" && !hook.ValidID(f.EventID):
		bad = append(bad, hook.Field{Pointer: "/event_id", Code: hook.FieldForm, Params: hook.Params{"expected": "event_id"}, Detail: "must be the id of an event"})
	case f.EventID == "" && alone:
		bad = append(bad, hook.Field{Pointer: "", Code: hook.FieldRequired, Detail: "must hold event_id, or type, previous and current"})
	}
	return slices.Concat(bad, testForm{Type: f.Type, Previous: f.Previous, Current: f.Current}.check())
}

// try asks the filters that can be read about a sample.
func (s *server) try(ctx context.Context, rules []hook.Rule, bad []hook.Field, event hook.Event) []trial {
	out, sources := []trial{}, []string(nil)
	if !hook.CountsFit(rules) {
		return out
	}
	for i, r := range rules {
		for _, f := range r.Filters() {
			pointer := fmt.Sprintf("/rules/%d%s", i, f.Pointer)
			if !slices.ContainsFunc(bad, func(b hook.Field) bool { return b.Pointer == pointer }) {
				out, sources = append(out, trial{Pointer: pointer}), append(sources, f.Source)
			}
		}
	}
	for i, t := range s.Matching.Try(ctx, sources, event) {
		out[i].Result, out[i].Detail = t.Result, t.Detail
	}
	return out
}

// warn looks for what is acceptable, but may not be meant.
func (s *server) warn(ctx context.Context, d draft, rules []hook.Rule) ([]warning, error) {
	out := []warning{}
	add := func(pointer string, code hook.WarningCode, values access.Params) {
		out = append(out, warning{pointer, code, values})
	}
	if d.has("url") && d.form.OwnerID != "" && hook.ValidID(d.form.OwnerID) {
		same, err := s.Store.SameURL(ctx, d.form.OwnerID, d.form.URL)
		if err != nil {
			return nil, err
		}
		if same != "" {
			add("/url", hook.WarnSameURL, access.Params{"webhook_id": same})
		}
	}
	if !hook.CountsFit(rules) {
		return out, nil
	}
	places := map[string]string{} // of event types
	for i, r := range rules {
		at := fmt.Sprintf("/rules/%d", i)
		everywhere, all := len(r.Projects)+len(r.Companies) == 0, slices.Contains(r.Events, "*")
		if (everywhere || all) && r.Filter == "" && r.Combination == nil {
			add(at, hook.WarnEverything, access.Params{"event_types": all, "projects": everywhere})
		}
		for j, name := range r.Events {
			if !hook.IsPattern(name) && !hook.Operational(name) && hook.ValidTypeName(name) && places[name] == "" {
				places[name] = string(jsontext.Pointer(at + "/events").AppendToken(fmt.Sprint(j)))
			}
		}
	}
	unseen, err := s.unseen(ctx, d.form.OwnerID, places)
	return append(out, unseen...), err
}

// unseen warns of event types of which there was nothing lately.
func (s *server) unseen(ctx context.Context, ownerID string, places map[string]string) (out []warning, err error) {
	if len(places) == 0 || ownerID != "" && !hook.ValidID(ownerID) {
		return nil, nil
	}
	types := make([]string, 0, len(places))
	for name := range places {
		types = append(types, name)
	}
	slices.Sort(types)
	names, err := s.Store.Unseen(ctx, ownerID, types)
	slices.Sort(names)
	for _, name := range names {
		out = append(out, warning{places[name], hook.WarnUnseen, access.Params{"event_type": name, "days": hook.UnseenDays}})
	}
	return out, err
}
