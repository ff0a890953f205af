package match_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/match"
)

func TestFields_TellKindsExamplesAndHowOften(t *testing.T) {
	f := match.NewFields(hook.EventType{ExampleCurrent: []byte(`{"status":"Open","total":3}`), ExamplePrevious: []byte(`{"gone":true}`)})
	for _, e := range []string{
		`{"status":"Done","total":"4","due":"2026-05-04T09:30:00Z","nothing":null,"empty":[],"tags":["late"],"list":{"title":"To do"}}`,
		`{"status":null,"total":5,"custom":[{"name":"Budget","value":1}],"people":[{"id":"una"}],"nothing":null}`,
	} {
		f.Add(hook.Event{Current: []byte(e), Previous: []byte(`{"status":"Open"}`)})
	}
	kinds := func(of ...match.FieldKind) []match.FieldKind { return append([]match.FieldKind{}, of...) }
	require.Equal(t, []match.Field{
		{Path: "status", Kinds: kinds("text"), Example: "Open", Seen: 2},
		{Path: "total", Kinds: kinds("number", "text"), Example: "3", Seen: 2},
		{Path: "gone", Kinds: kinds("boolean"), Example: "true"},
		{Path: "due", Kinds: kinds("time"), Example: "2026-05-04T09:30:00Z", Seen: 1},
		{Path: "nothing", Kinds: kinds()},
		{Path: "empty", Kinds: kinds("list"), Seen: 1},
		{Path: "tags", Kinds: kinds("list"), Example: "late", Seen: 1},
		{Path: "list", Kinds: kinds("object"), Seen: 1},
		{Path: "list.title", Kinds: kinds("text"), Example: "To do", Seen: 1},
		{Path: "custom", Kinds: kinds("named_values"), Example: "Budget", Seen: 1},
		{Path: "people", Kinds: kinds("objects"), Seen: 1},
	}, f.List())
}

func TestFields_AreThoseOfTheSchema(t *testing.T) {
	f := match.NewFields(hook.EventType{Schema: []byte(`{"type":"object","properties":{
		"status":{"enum":["Open","Done"],"type":["string","null"]}, "at":{"type":"string","format":"date-time"}, "odd key":{"type":"string"},
		"who":{"$ref":"#/$defs/person"}, "fields":{"type":"array","items":{"properties":{"name":{},"value":{}}}},
		"rows":{"type":"array","items":{"$ref":"#/$defs/person"}}, "tags":{"type":"array"}, "n":{"type":"integer","const":7}, "on":{"type":"boolean"}, "any":true
	},"$defs":{"person":{"type":"object","properties":{"mail":{"type":"string","examples":["una@example.org"]}}}}}`)})
	var got []string
	for _, one := range f.List() {
		require.Zero(t, one.Seen)
		got = append(got, fmt.Sprint(one.Path, one.Kinds, one.Example))
	}
	require.Equal(t, []string{"status[text]Open", "at[time]", "who[object]", "who.mail[text]una@example.org", "fields[named_values]", "rows[objects]", "tags[list]", "n[number]7", "on[boolean]", "any[]"}, got)
}

// TestFields_AreBounded: by what hostile events and schemas hold.
func TestFields_AreBounded(t *testing.T) {
	many := map[string]any{}
	for i := range 5000 {
		many[fmt.Sprintf("f%d", i)] = i
	}
	text, err := json.Marshal(many)
	require.NoError(t, err)
	f := match.NewFields(hook.EventType{})
	f.Add(hook.Event{Current: text})
	require.Len(t, f.List(), match.MaxFields)

	var loop strings.Builder
	for i := range 100 {
		fmt.Fprintf(&loop, `"f%d":{"$ref":"#/$defs/a"},`, i)
	}
	f = match.NewFields(hook.EventType{Schema: []byte(`{"$ref":"#/$defs/a","$defs":{"a":{"type":"object","properties":{` + loop.String() + `"b":{"$ref":"#/$defs/b"}}},"b":{"$ref":"#/$defs/b"}}}`)})
	require.Len(t, f.List(), match.MaxFields)

	f = match.NewFields(hook.EventType{})
	long := strings.Repeat("n", 200)
	f.Add(hook.Event{Current: []byte(`{"a":{"b":{"c":{"d":{"e":1}}}},"a.b":1,"in":1,"ü":1,"x y":1,"` + long + `":{"` + long + `":1},"text":"` + strings.Repeat("ü", 300) + `"}`)})
	var paths []string
	for _, one := range f.List() {
		paths = append(paths, one.Path)
	}
	require.Equal(t, []string{"a", "a.b", "a.b.c", "a.b.c.d", long, "text"}, paths)
	require.Equal(t, strings.Repeat("ü", 100)+"…", f.List()[5].Example)
}
