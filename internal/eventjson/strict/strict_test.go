package strict_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/eventjson/strict"
)

func TestMembersAreSubSlices(t *testing.T) {
	text := []byte(` { "a" : [1, 2] , "\u0062":"x" } `)
	var names, values []string
	require.NoError(t, strict.Members(text, func(name string, value []byte) {
		names, values = append(names, name), append(values, string(value))
		require.Equal(t, len(value), cap(value), "appending must not write into the text")
	}))
	require.Equal(t, []string{"a", "b"}, names)
	require.Equal(t, []string{"[1, 2]", `"x"`}, values)
}

func TestKinds(t *testing.T) {
	none := func(string, []byte) {}
	require.ErrorIs(t, strict.Members([]byte(`[1]`), none), strict.ErrKind)
	require.ErrorIs(t, strict.Elements([]byte(`{}`), func([]byte) {}), strict.ErrKind)
	for _, text := range []string{`[`, `[1] 2`, `tru`} {
		var syntax *strict.SyntaxError
		require.ErrorAs(t, strict.Members([]byte(text), none), &syntax, text)
	}
	_, ok := strict.Text([]byte(`1`))
	require.False(t, ok)
}

func TestDepth(t *testing.T) {
	nested := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	require.NoError(t, strict.Check(nested(strict.MaxDepth)))
	require.EqualError(t, strict.Check(nested(strict.MaxDepth+1)), "more than 100 levels of nesting at byte 100")
	require.NoError(t, strict.Elements([]byte("["+string(nested(strict.MaxDepth))+"]"), func([]byte) {}), "each element is judged by itself")
	require.NoError(t, strict.Check([]byte(`"`+strings.Repeat(`[\"`, 2*strict.MaxDepth)+`"`)), "brackets in strings are text")
}

func TestOutlineLeavesValuesToOthers(t *testing.T) {
	var inner []byte
	err := strict.Outline([]byte("{\"a\":{\"x\":1,\"x\":\"\xff\"}}"), func(_ string, value []byte) { inner = value })
	require.NoError(t, err)
	require.Error(t, strict.Check(inner))
	require.Error(t, strict.Outline([]byte(`{"a":1,"a":2}`), func(string, []byte) {}))
}

func TestSyntaxErrorsSayWhere(t *testing.T) {
	for text, want := range map[string]string{
		``:                 "no JSON value at byte 0",
		`{"a":1,"a":2}`:    "a name that its object already holds at byte 7",
		`{"a":1} x`:        "invalid character 'x' at start of value at byte 8",
		`{"a":1} 2`:        "more data after the JSON value at byte 9",
		"{\"a\":\"\xff\"}": "invalid UTF-8 at byte 6",
	} {
		require.EqualError(t, strict.Check([]byte(text)), want)
	}
}
