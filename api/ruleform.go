package api

import (
	"reflect"

	"godwit/internal/hook"
)

// ruleForm is a rule of either kind: for single events, or a combination.
type ruleForm struct {
	Events    []string   `json:"events,omitempty" maxItems:"200" nullable:"false" pattern:"^([A-Za-z0-9_.:-]{1,128}[*]?|[*][A-Za-z0-9_.:-]{0,128})$" doc:"Event types, prefixes such as TODO_*, suffixes such as *_CREATED, or * for every type. Required unless there is all_of"`
	NotEvents []string   `json:"not_events,omitempty" maxItems:"200" nullable:"false" pattern:"^([A-Za-z0-9_.:-]{1,128}[*]?|[*][A-Za-z0-9_.:-]{0,128})$" doc:"What is left out of events, in the same form"`
	Projects  []string   `json:"projects,omitempty" maxItems:"200" nullable:"false" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{1,128}$" doc:"Ids of projects"`
	Companies []string   `json:"companies,omitempty" maxItems:"200" nullable:"false" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{1,128}$" doc:"Ids of companies. Without projects and companies: every project that the owner is a member of"`
	Filter    string     `json:"filter,omitempty" maxLength:"4096" doc:"CEL over type, project_id, company_id, actor_id, occurred_at, previous, current, changed; the event matches when it is true"`
	AllOf     []partForm `json:"all_of,omitempty" minItems:"2" maxItems:"5" nullable:"false" doc:"Makes it a combination: it fires once when all parts happened for the same key within the window"`
	Within    string     `json:"within,omitempty" maxLength:"64" doc:"Of a combination: the length of the window, 1s to 30d, such as 10m or 1d12h"`
	Same      string     `json:"same,omitempty" maxLength:"256" doc:"Of a combination: the path whose value the parts share, such as current.id; project_id when left out"`
	InOrder   bool       `json:"in_order,omitempty" doc:"Of a combination: the parts must happen one after another"`
	NoneOf    []partForm `json:"none_of,omitempty" maxItems:"5" nullable:"false" doc:"Of a combination: what must not happen between the first part and the last"`
	_         struct{}   `additionalProperties:"false"`
}

// partForm is one part of a combination.
type partForm struct {
	Events    []string `json:"events" minItems:"1" maxItems:"200" nullable:"false" pattern:"^([A-Za-z0-9_.:-]{1,128}[*]?|[*][A-Za-z0-9_.:-]{0,128})$" doc:"Event types, prefixes such as TODO_*, suffixes such as *_CREATED, or * for every type"`
	NotEvents []string `json:"not_events,omitempty" maxItems:"200" nullable:"false" pattern:"^([A-Za-z0-9_.:-]{1,128}[*]?|[*][A-Za-z0-9_.:-]{0,128})$" doc:"What is left out of events, in the same form"`
	Filter    string   `json:"filter,omitempty" maxLength:"4096" doc:"CEL, as in a rule; the event fills the part when it is true"`
	_         struct{} `additionalProperties:"false"`
}

func rulesOf(forms []ruleForm) []hook.Rule {
	rules := make([]hook.Rule, len(forms))
	for i, f := range forms {
		rules[i] = f.rule()
	}
	return rules
}

// rulesIn reads the rules of a patch, which holds them all or none. What can't be
// read as rules is none: the form says so.
func rulesIn(raw []byte) []hook.Rule {
	var forms []ruleForm
	d := newDecoder()
	d.readSlice(reflect.ValueOf(&forms).Elem(), raw, "", hook.MaxRules+1)
	if !d.bad.None() {
		return nil
	}
	return rulesOf(forms)
}

func (f ruleForm) rule() hook.Rule {
	r := hook.Rule{Events: f.Events, NotEvents: orNil(f.NotEvents), Projects: orNil(f.Projects), Companies: orNil(f.Companies), Filter: f.Filter}
	if f.AllOf != nil || f.Within != "" || f.Same != "" || f.InOrder || f.NoneOf != nil {
		r.Combination = &hook.Combination{AllOf: parts(f.AllOf), Within: f.Within, Same: f.Same, InOrder: f.InOrder, NoneOf: parts(f.NoneOf)}
	}
	return r
}

// orNil makes a list that is empty equal to one that was left out.
func orNil(items []string) []string {
	if len(items) == 0 {
		return nil
	}
	return items
}

func parts(forms []partForm) []hook.Part {
	var out []hook.Part
	for _, f := range forms {
		out = append(out, hook.Part{Events: f.Events, NotEvents: orNil(f.NotEvents), Filter: f.Filter})
	}
	return out
}

// formOfRule gives the form that would make r what it is.
func formOfRule(r hook.Rule) ruleForm {
	f := ruleForm{Events: r.Events, NotEvents: r.NotEvents, Projects: r.Projects, Companies: r.Companies, Filter: r.Filter}
	if c := r.Combination; c != nil {
		f.AllOf, f.Within, f.Same, f.InOrder, f.NoneOf = partForms(c.AllOf), c.Within, c.Same, c.InOrder, partForms(c.NoneOf)
	}
	return f
}

func partForms(parts []hook.Part) []partForm {
	var out []partForm
	for _, p := range parts {
		out = append(out, partForm{Events: p.Events, NotEvents: p.NotEvents, Filter: p.Filter})
	}
	return out
}
