package strict_test

import (
	"fmt"
	"runtime"
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
		`{"a":"\q"}`:       "an escape sequence that JSON does not have at byte 6",
		`{"a":nil}`:        "invalid character 'i' in literal null (expecting 'u') at byte 6",
	} {
		require.EqualError(t, strict.Check([]byte(text)), want)
	}
}

// TestSyntaxError_PointsAtHalfOfASurrogatePair: producers that cut a text by
// UTF-16 units leave half of an emoji.
func TestSyntaxError_PointsAtHalfOfASurrogatePair(t *testing.T) {
	for text, pointer := range map[string]string{
		`{"current":{"title":"x\ud83d"}}`:                           "/current/title",
		`{"current":{"a/b":[1,"\ud83d\u0041 and more of it"]}}`:     "/current/a~1b/1",
		`{"current":{"title":"\ude00"}}`:                            "/current/title",
		`{"` + strings.Repeat("k", 400) + `":{"a":"\ud83d"},"b":1}`: "",
	} {
		var fault *strict.SyntaxError
		require.ErrorAs(t, strict.Check([]byte(text)), &fault, text)
		require.Equal(t, pointer, fault.Pointer)
		require.Regexp(t, `^half of a surrogate pair, which is no character \(send both halves, or leave it out\), at byte \d+$`, fault.Error())
	}
}

// TestOutline_RemembersFewNames: a body of 8 MiB whose names were all kept took more
// than 100 MiB.
func TestOutline_RemembersFewNames(t *testing.T) {
	var text strings.Builder
	text.WriteString(`{"a":0`)
	for i := 0; text.Len() < 8<<20; i++ {
		fmt.Fprintf(&text, `,"f%d":0`, i)
	}
	text.WriteString(`}`)
	body := []byte(text.String())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n := 0
	require.NoError(t, strict.Outline(body, func(string, []byte) { n++ }))
	runtime.ReadMemStats(&after)
	require.Greater(t, n, 500_000)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(48<<20), "each name is read into a text that is then free")
	require.Error(t, strict.Outline([]byte(`{"a":0,"a":1}`), func(string, []byte) {}))
}
