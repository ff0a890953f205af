package filter

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"cel.dev/cel-go/cel"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"godwit/internal/hook"
)

func TestPlainFilters(t *testing.T) {
	f, err := New(1)
	require.NoError(t, err)
	for source, plain := range map[string]bool{
		"true": true,
		"current.priority == 'p17' && 'status' in changed && current.amount > 1700": true,
		"!has(current.a) || current.?b.?c.orValue('') != 'x'":                       true,
		"type in ['A', 'B'] ? current.list[0] == 1 : project_id == 'p'":             true,
		"previous == null":                  true,
		"current.a == previous.a":           false, // both may be large
		"current.a in current.list":         false,
		"'a' in current.list":               false,
		"current.a + 1 > 2":                 false,
		"current.a.contains('x')":           false,
		"current.list.exists(i, i == 1)":    false,
		"current.?a.orValue(current.b) > 1": false,
		"[current.a] == [1]":                false,
	} {
		c := f.compile(source, maxDepth)
		require.NoError(t, c.err, source)
		require.Equal(t, plain, c.cost > 0, source)
	}
	require.EqualValues(t, 1, f.compile("current == null", maxDepth).cost)
}

// TestPlainFiltersSayTheSame runs plain filters with and without metering.
func TestPlainFiltersSayTheSame(t *testing.T) {
	f, err := New(1)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		source := drawPlain(t, 3)
		c := f.compile(source, maxDepth)
		require.NoError(t, c.err, source)
		require.Positive(t, c.cost, source)
		checked, issues := f.env.Compile(source)
		require.NoError(t, issues.Err())
		program, err := f.env.Program(checked, append(metering(MaxCost), cel.EvalOptions(cel.OptOptimize))...)
		require.NoError(t, err)
		s := NewSubject(hook.Event{Type: "A", Previous: drawPlainState(t, "previous"), Current: drawPlainState(t, "current")})
		got, _, gotErr := c.run(context.Background(), c.quick, s, QuickCost)
		want, _, wantErr := compiled{}.run(context.Background(), program, s, MaxCost)
		require.Equal(t, fmt.Sprint(wantErr), fmt.Sprint(gotErr), source)
		require.Equal(t, want, got, source)
	})
}

func drawPlain(t *rapid.T, depth int) string {
	if depth > 0 && rapid.Bool().Draw(t, "deeper") {
		a, b := drawPlain(t, depth-1), drawPlain(t, depth-1)
		return rapid.SampledFrom([]string{"(" + a + ") && (" + b + ")", "(" + a + ") || (" + b + ")", "!(" + a + ")", "(" + a + ") ? (" + b + ") : " + a}).Draw(t, "logic")
	}
	value := rapid.SampledFrom([]string{"current.a", "previous.a", "current.a.b", "current.l[0]", "current.?x.orValue(7)", "current.?a.?b.orValue(null)"}).Draw(t, "value")
	literal := rapid.SampledFrom([]string{"1", "1.5", "'A'", "null", "true", "-3", "9007199254740993"}).Draw(t, "literal")
	return rapid.SampledFrom([]string{
		value + " == " + literal, literal + " != " + value, "has(current.a)", "has(previous.a.b)", "'a' in changed", value + " in ['A', 'B']",
		"type == 'A'", "current.a > 1", "1.5 <= current.l[1]", "current.a < 'b'",
	}).Draw(t, "comparison")
}

func drawPlainState(t *rapid.T, name string) json.RawMessage {
	members := rapid.SliceOfN(rapid.SampledFrom([]string{`"a":1`, `"b":"A"`, `"l":[1,2.5]`, `"x":null`}), 0, 4).Draw(t, name)
	a := rapid.SampledFrom([]string{`"a":1`, `"a":"A"`, `"a":{"b":1.5}`, `"a":true`, `"c":0`}).Draw(t, name)
	seen := map[string]bool{a[:4]: true}
	state := a
	for _, m := range members {
		if !seen[m[:4]] {
			seen[m[:4]] = true
			state += "," + m
		}
	}
	if rapid.IntRange(0, 5).Draw(t, name) == 0 {
		return nil
	}
	return json.RawMessage("{" + state + "}")
}
