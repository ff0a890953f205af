package hook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of combination rules.
const (
	// MinParts and MaxParts bound all_of of a combination rule.
	MinParts = 2
	MaxParts = 5
	// MinWithin and MaxWithin bound the window of a combination rule.
	MinWithin = time.Second
	MaxWithin = 30 * 24 * time.Hour
	// MaxOpenWindows is how many windows of combinations one webhook may have
	// open at a time; what would open another one is refused and counted.
	MaxOpenWindows = 10_000
)

// Rule is one combination: event types x projects/companies, and a condition.
// A rule without projects and companies covers every project that the owner is
// a member of. It has either Events (and perhaps a Filter) or a Combination.
type Rule struct {
	// Events holds exact names, "*", prefixes such as "TODO_*" and suffixes such as
	// "*_CREATED". What NotEvents covers, in the same form, is left out.
	Events    []string
	NotEvents []string
	Projects  []string
	Companies []string
	// Filter is a CEL expression; empty = every event.
	Filter string
	// Combination is nil for a rule that single events match.
	Combination *Combination
}

// Combination fires once when all parts have happened for the same key within
// the window. Its JSON is what the store keeps.
type Combination struct {
	// AllOf holds the MinParts..MaxParts parts; one event fills at most one.
	AllOf []Part `json:"all_of"`
	// Within is the window's length, such as "90s", "10m" or "30d".
	Within string `json:"within"`
	// Same is the path whose value the parts share; empty = SameProject.
	Same string `json:"same,omitempty"`
	// InOrder asks for the parts one after another.
	InOrder bool `json:"in_order,omitempty"`
	// NoneOf holds what must not happen between the first part and the last.
	NoneOf []Part `json:"none_of,omitempty"`
}

// Part is one event of a combination.
type Part struct {
	Events    []string `json:"events"`
	NotEvents []string `json:"not_events,omitempty"`
	Filter    string   `json:"filter,omitempty"`
}

// Covers says whether events of a type can fill the part.
func (p Part) Covers(name string) bool { return Covers(p.Events, name) && !Covers(p.NotEvents, name) }

// SameProject is the path that a combination without Same shares.
const SameProject = "project_id"

// Path is Same with its default.
func (c Combination) Path() string {
	if c.Same == "" {
		return SameProject
	}
	return c.Same
}

// Window is the length of Within; 0 when that is no length.
func (c Combination) Window() time.Duration {
	d, _ := ParseWithin(c.Within)
	return d
}

// ParseWithin reads a duration of Go's form, with d for days beside: "1d12h",
// "10m", "90s".
func ParseWithin(s string) (time.Duration, error) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is no number of days", days)
	}
	d := time.Duration(n) * 24 * time.Hour
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil || more < 0 {
		return 0, fmt.Errorf("%q is no length of time", rest)
	}
	return d + more, nil
}

// Covers says whether a type name is one of the patterns. "*" and suffixes do not
// cover operational events.
func Covers(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if suffix, many := strings.CutPrefix(p, "*"); many {
			return strings.HasSuffix(name, suffix) && !Operational(name)
		}
		prefix, many := strings.CutSuffix(p, "*")
		return p == name || many && strings.HasPrefix(name, prefix)
	})
}

// PatternsOf lists the patterns that cover a type name, each as it may be written in a
// rule.
func PatternsOf(name string) []string {
	patterns := OperationalPatterns(name)
	if Operational(name) {
		return patterns
	}
	for n := range len(name) + 1 {
		patterns = append(patterns, "*"+name[n:])
	}
	return patterns
}

// coversPattern says whether a pattern stands for every type that another one
// stands for.
func coversPattern(p, other string) bool {
	if suffix, many := strings.CutPrefix(p, "*"); many {
		return strings.HasSuffix(other, suffix) && !CoversOperational([]string{other})
	}
	prefix, many := strings.CutSuffix(p, "*")
	return p == other || many && strings.HasPrefix(other, prefix)
}

// InScope says whether the rule reaches a project of a company, the owner's
// membership apart.
func (r Rule) InScope(projectID, companyID string) bool {
	return len(r.Projects)+len(r.Companies) == 0 || slices.Contains(r.Projects, projectID) || slices.Contains(r.Companies, companyID)
}

// Patterns lists every pattern of event types in the rule, those of none_of and
// those that are left out too.
func (r Rule) Patterns() []string {
	out := slices.Concat(r.Events, r.NotEvents)
	if r.Combination != nil {
		for _, p := range slices.Concat(r.Combination.AllOf, r.Combination.NoneOf) {
			out = slices.Concat(out, p.Events, p.NotEvents)
		}
	}
	return out
}

// FilterAt is a filter, and its JSON pointer below its rule.
type FilterAt struct{ Pointer, Source string }

// Filters lists every filter of the rule.
func (r Rule) Filters() []FilterAt {
	var out []FilterAt
	add := func(at, source string) {
		if source != "" {
			out = append(out, FilterAt{Pointer: at, Source: source})
		}
	}
	add("/filter", r.Filter)
	if c := r.Combination; c != nil {
		for i, p := range c.AllOf {
			add(fmt.Sprintf("/all_of/%d/filter", i), p.Filter)
		}
		for i, p := range c.NoneOf {
			add(fmt.Sprintf("/none_of/%d/filter", i), p.Filter)
		}
	}
	return out
}
