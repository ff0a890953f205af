package store_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strings"

	"pgregory.net/rapid"

	"godwit/internal/hook"
)

// condition is a filter twice: as CEL, and as what it means, written in Go
// without it. An empty one holds always.
type condition struct {
	source string
	means  func(e hook.Event) verdict
}

// verdict is CEL's logic: an expression may also fail.
type verdict int

const (
	no verdict = iota
	yes
	failed
)

func (c condition) holds(e hook.Event) bool { return c.means == nil || c.means(e) == yes }

func drawCondition(t *rapid.T, depth int) condition {
	if depth == 0 || rapid.Bool().Draw(t, "simple") {
		return rapid.SampledFrom(simpleConditions()).Draw(t, "condition")
	}
	a, b := drawCondition(t, depth-1), drawCondition(t, depth-1)
	switch rapid.SampledFrom([]string{"&&", "||", "!"}).Draw(t, "operator") {
	case "&&":
		return condition{fmt.Sprintf("(%s) && (%s)", a.source, b.source), func(e hook.Event) verdict { return either(a.means(e), b.means(e), no) }}
	case "||":
		return condition{fmt.Sprintf("(%s) || (%s)", a.source, b.source), func(e hook.Event) verdict { return either(a.means(e), b.means(e), yes) }}
	}
	return condition{fmt.Sprintf("!(%s)", a.source), func(e hook.Event) verdict {
		return map[verdict]verdict{yes: no, no: yes, failed: failed}[a.means(e)]
	}}
}

// either is && (decided by no) and || (decided by yes): the side that decides
// makes up for a failure of the other one.
func either(a, b, decides verdict) verdict {
	switch {
	case a == decides || b == decides:
		return decides
	case a == failed || b == failed:
		return failed
	}
	return a
}

func truth(b bool) verdict {
	if b {
		return yes
	}
	return no
}

func simpleConditions() []condition {
	return []condition{
		{"current.p == 'high'", func(e hook.Event) verdict {
			return of(e.Current, "p", func(v any) verdict { return truth(v == "high") })
		}},
		{"previous.p == current.p", func(e hook.Event) verdict {
			return of(e.Previous, "p", func(v any) verdict { return of(e.Current, "p", func(w any) verdict { return truth(v == w) }) })
		}},
		{"has(current.done)", func(e hook.Event) verdict { return truth(member(e.Current, "done") != nil) }},
		{"current.n > 9007199254740992", func(e hook.Event) verdict { return compare(e.Current, "9007199254740992") }},
		{"previous.n > 7.25", func(e hook.Event) verdict { return compare(e.Previous, "7.25") }},
		{"'p' in changed", func(e hook.Event) verdict {
			return truth(!reflect.DeepEqual(member(e.Previous, "p"), member(e.Current, "p")))
		}},
		{"type.startsWith('TODO_')", func(e hook.Event) verdict { return truth(strings.HasPrefix(e.Type, "TODO_")) }},
		{"project_id in ['p1', 'p3'] && company_id != 'c2'", func(e hook.Event) verdict { return truth(e.ProjectID == "p1") }},
		{"previous == null", func(e hook.Event) verdict { return truth(e.Previous == nil) }},
		{"actor_id == ''", func(hook.Event) verdict { return yes }},
	}
}

func member(state []byte, name string) any {
	var members map[string]any
	if state == nil {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(string(state)))
	decoder.UseNumber()
	if err := decoder.Decode(&members); err != nil {
		panic(err)
	}
	return members[name]
}

// of asks about a member; without it a filter fails.
func of(state []byte, name string, ask func(any) verdict) verdict {
	v := member(state, name)
	if v == nil {
		return failed
	}
	return ask(v)
}

func compare(state []byte, than string) verdict {
	return of(state, "n", func(v any) verdict {
		n, ok := v.(json.Number)
		if !ok {
			return failed
		}
		a, _ := new(big.Rat).SetString(n.String())
		b, _ := new(big.Rat).SetString(than)
		return truth(a.Cmp(b) > 0)
	})
}
