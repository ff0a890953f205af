package hook

import (
	"fmt"
	"slices"
)

// CheckRules returns what is wrong with a webhook's rules by form alone, each
// with its pointer below "/rules". Whether the named types, projects and
// companies exist is for the store to say; whether filters and paths are well
// formed, for package filter.
func CheckRules(rules []Rule) []Field {
	if len(rules) == 0 || len(rules) > MaxRules {
		return []Field{{Pointer: "/rules", Code: FieldCount, Params: Params{"min": 1, "max": MaxRules}, Detail: fmt.Sprintf("must hold 1 to %d rules", MaxRules)}}
	}
	if n := FilterBytes(rules); n > MaxFilters {
		return []Field{{Pointer: "/rules", Code: FieldFilters, Params: Params{"max": MaxFilters, "bytes": n}, Detail: fmt.Sprintf("must hold at most %d bytes of filters together, not %d; make them shorter, or spread the rules over several webhooks", MaxFilters, n)}}
	}
	var bad []Field
	if n := combinations(rules); n > MaxCombinations {
		bad = append(bad, Field{Pointer: "/rules", Code: FieldCombinations, Params: Params{"max": MaxCombinations, "count": n}, Detail: fmt.Sprintf("must stand for at most %d combinations of event and scope, not %d; use prefixes or companies", MaxCombinations, n)})
	}
	for i, r := range rules {
		at := fmt.Sprintf("/rules/%d", i)
		if r.Combination == nil {
			bad = append(bad, checkEvents(at, r.Events, r.NotEvents)...)
		} else {
			bad = append(bad, r.checkCombination(at)...)
		}
		bad = append(bad, checkList(at+"/projects", r.Projects, ValidID, "must be a project id")...)
		bad = append(bad, checkList(at+"/companies", r.Companies, ValidID, "must be a company id")...)
		bad = append(bad, r.checkOperational(at)...)
	}
	return bad
}

// CountsFit says whether there are no more rules, parts, names and bytes of filters than
// there may be: of more, no filter is read and no name is looked up.
func CountsFit(rules []Rule) bool {
	for _, r := range rules {
		lists := [][]string{r.Events, r.NotEvents, r.Projects, r.Companies}
		if c := r.Combination; c != nil {
			if len(c.AllOf) > MaxParts || len(c.NoneOf) > MaxParts {
				return false
			}
			for _, p := range slices.Concat(c.AllOf, c.NoneOf) {
				lists = append(lists, p.Events, p.NotEvents)
			}
		}
		if slices.ContainsFunc(lists, func(list []string) bool { return len(list) > MaxRuleItems }) {
			return false
		}
	}
	return len(rules) <= MaxRules && FilterBytes(rules) <= MaxFilters
}

// FilterBytes is how long the filters of all rules are together.
func FilterBytes(rules []Rule) int {
	n := 0
	for _, r := range rules {
		n += len(r.Filter)
		if c := r.Combination; c != nil {
			for _, p := range slices.Concat(c.AllOf, c.NoneOf) {
				n += len(p.Filter)
			}
		}
	}
	return n
}

// combinations counts what the rules amount to: each event type with each
// project and company.
func combinations(rules []Rule) int {
	n := 0
	for _, r := range rules {
		n += len(r.Patterns()) * max(1, len(r.Projects)+len(r.Companies))
	}
	return n
}

func (r Rule) checkCombination(at string) []Field {
	c := *r.Combination
	var bad []Field
	if len(r.Events) > 0 {
		bad = append(bad, Field{Pointer: at + "/events", Code: FieldBeside, Params: Params{"field": "all_of"}, Detail: "can't stand beside all_of; put each event type into a part of all_of"})
	}
	if len(r.NotEvents) > 0 {
		bad = append(bad, Field{Pointer: at + "/not_events", Code: FieldBeside, Params: Params{"field": "all_of"}, Detail: "can't stand beside all_of; put it into the part of all_of that it is about"})
	}
	if r.Filter != "" {
		bad = append(bad, Field{Pointer: at + "/filter", Code: FieldBeside, Params: Params{"field": "all_of"}, Detail: "can't stand beside all_of; put it into the part of all_of that it is about"})
	}
	if len(c.AllOf) < MinParts || len(c.AllOf) > MaxParts {
		bad = append(bad, Field{Pointer: at + "/all_of", Code: FieldCount, Params: Params{"min": MinParts, "max": MaxParts}, Detail: fmt.Sprintf("must hold %d to %d parts", MinParts, MaxParts)})
	}
	if len(c.NoneOf) > MaxParts {
		bad = append(bad, Field{Pointer: at + "/none_of", Code: FieldCount, Params: Params{"min": 0, "max": MaxParts}, Detail: fmt.Sprintf("must hold at most %d parts", MaxParts)})
	}
	for i, p := range c.AllOf {
		bad = append(bad, checkEvents(fmt.Sprintf("%s/all_of/%d", at, i), p.Events, p.NotEvents)...)
	}
	for i, p := range c.NoneOf {
		bad = append(bad, checkEvents(fmt.Sprintf("%s/none_of/%d", at, i), p.Events, p.NotEvents)...)
	}
	if d, err := ParseWithin(c.Within); err != nil || d < MinWithin || d > MaxWithin {
		bad = append(bad, Field{Pointer: at + "/within", Code: FieldForm, Params: Params{"expected": "duration"}, Detail: `must be a duration from 1s to 30d, such as "10m"`})
	}
	return bad
}

// checkEvents looks at the event types of a rule or of a part, and at those that it
// leaves out.
func checkEvents(at string, events, not []string) []Field {
	var bad []Field
	if len(events) == 0 {
		bad = append(bad, Field{Pointer: at + "/events", Code: FieldRequired, Detail: `must name at least one event type; ["*"] means every type`})
	}
	const want = `must be an event type, a prefix such as "TODO_*", a suffix such as "*_CREATED", or "*"`
	bad = slices.Concat(bad, checkList(at+"/events", events, validPattern, want), checkList(at+"/not_events", not, validPattern, want))
	for _, e := range events {
		if j := slices.IndexFunc(not, func(n string) bool { return validPattern(e) && coversPattern(n, e) }); j >= 0 {
			bad = append(bad, Field{Pointer: fmt.Sprintf("%s/not_events/%d", at, j), Code: FieldLeftOut, Params: Params{"event_type": e}, Detail: fmt.Sprintf("leaves out all of %q, which events names; take one of the two away", e)})
		}
	}
	return bad
}
