package api

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/api/access"
	"godwit/internal/hook"
	"godwit/internal/match"
)

// TestCodes_AreThoseOfTheDocs compares the tables of docs/errors.md, section by
// section, with what the program can say.
func TestCodes_AreThoseOfTheDocs(t *testing.T) {
	raw, err := os.ReadFile("../docs/errors.md")
	require.NoError(t, err)
	listed := map[string][]string{}
	section := ""
	row := regexp.MustCompile("^\\| `([a-z_]+)` \\|")
	for _, line := range strings.Split(string(raw), "\n") {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = title
		}
		if m := row.FindStringSubmatch(line); m != nil {
			listed[section] = append(listed[section], m[1])
		}
	}
	var problems []string
	for _, k := range access.Kinds() {
		problems = append(problems, k.Code)
	}
	require.ElementsMatch(t, problems, listed["Problems"])
	require.ElementsMatch(t, texts(hook.FieldCodes), listed["Values"])
	require.ElementsMatch(t, texts(match.Codes), listed["Explain"])
	require.ElementsMatch(t, texts(hook.WarningCodes), listed["Warnings"])
}

func texts[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return out
}

// TestProblems_HaveACodeForEachValue: what is wrong with a value is said in words
// and as a constant, with the values of the words.
func TestProblems_HaveACodeForEachValue(t *testing.T) {
	c := newClient(t)
	got := c.call("POST", "/v1/webhooks", `{"owner_id":"u1","name":"`+strings.Repeat("x", 201)+`","url":"https://example.com/","nope":1,"timeout_seconds":31,"max_age":"1",
		"rules":[{"events":[]},{"events":["*"],"filter":"bad"}]}`).is(422).json()
	codes, params := map[string]any{}, map[string]any{}
	for _, e := range got["errors"].([]any) {
		e := e.(map[string]any)
		codes[e["pointer"].(string)], params[e["pointer"].(string)] = e["code"], e["params"]
	}
	require.Equal(t, map[string]any{"/name": "too_long", "/nope": "unknown_field", "/timeout_seconds": "out_of_range", "/max_age": "wrong_type",
		"/rules/0/events": "required", "/rules/1/filter": "filter", "/owner_id": "not_found"}, codes)
	require.Equal(t, map[string]any{"/name": map[string]any{"max": 200.0}, "/nope": map[string]any{}, "/timeout_seconds": map[string]any{"min": 1.0, "max": 30.0},
		"/max_age": map[string]any{"expected": "integer"}, "/rules/0/events": map[string]any{}, "/rules/1/filter": map[string]any{"line": 1.0, "column": 1.0},
		"/owner_id": map[string]any{"kind": "user", "id": "u1"}}, params)
}

// TestExplain_HasACodeBesideEachReason includes a reason that quotes a filter's error.
func TestExplain_HasACodeBesideEachReason(t *testing.T) {
	got := shown(t, viewExplanation(match.Explanation{Rule: -1, Reason: match.ReasonFilterError + "no such key", Event: hook.Event{Type: "A", ProjectID: "p1"}, OwnerID: "u1", Rules: []match.Verdict{
		{Reason: match.ReasonMembership}, {Reason: match.ReasonEventType}, {Reason: match.ReasonNoKey + "current.id"}, {Reason: match.ReasonFilterFalse}}}))
	require.Equal(t, "filter_error", got["code"])
	require.Equal(t, map[string]any{"detail": "no such key"}, got["params"])
	var rules []any
	for _, r := range got["rules"].([]any) {
		rules = append(rules, r.(map[string]any)["code"], r.(map[string]any)["params"])
	}
	require.Equal(t, []any{"membership", map[string]any{"owner_id": "u1", "project_id": "p1"}, "event_type", map[string]any{"event_type": "A"},
		"no_key", map[string]any{"path": "current.id"}, "filter_false", map[string]any{}}, rules)
}
