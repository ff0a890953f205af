package eventjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"godwit/internal/eventjson"
	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

func TestParseKeepsTheBytesOfStates(t *testing.T) {
	for _, state := range []string{
		`{}`,
		`{"price":1.10,"big":1e400,"exact":12345678901234567890.000}`,
		`{"b":1,"a":2,"10":3,"9":4}`,
		"{ \"a\" :\t[ 1 ,\n 2 ] }",
		`{"nul":"\u0000","slash":"\/","snow":"\u2603 ☃","pair":"\ud83d\ude00"}`,
		`{"":null,"x":{"":{}}}`,
	} {
		body := fmt.Sprintf(`{"type":"TODO_CREATED", "previous": %s ,"project_id":"p1","current":%s}`, state, state)
		event, err := eventjson.Parse([]byte(body))
		require.NoError(t, err, state)
		require.Equal(t, state, string(event.Previous))
		require.Equal(t, state, string(event.Current))
	}
}

func TestParseReadsEveryField(t *testing.T) {
	event, err := eventjson.Parse([]byte(`{"id":"a:1.b-c_D","type":"TODO_CREATED","project_id":"p1","actor_id":"u1",
		"occurred_at":"2026-05-04T11:30:00.5+02:00","previous":null,"current":{}}`))
	require.NoError(t, err)
	require.Equal(t, hook.Event{ID: "a:1.b-c_D", Type: "TODO_CREATED", ProjectID: "p1", ActorID: "u1",
		OccurredAt: time.Date(2026, 5, 4, 9, 30, 0, 5e8, time.UTC), Current: []byte(`{}`)}, event)
}

func TestParseTakesNullForAbsent(t *testing.T) {
	event, err := eventjson.Parse([]byte(`{"id":null,"type":"T","project_id":"p1","actor_id":null,"occurred_at":null,"previous":{},"current":null}`))
	require.NoError(t, err)
	require.Equal(t, hook.Event{Type: "T", ProjectID: "p1", Previous: []byte(`{}`)}, event)
}

func TestParseNamesEveryBadField(t *testing.T) {
	const good = `"type":"T","project_id":"p1","current":{}`
	long := strings.Repeat("x", 129)
	for name, tc := range map[string]struct {
		body string
		want []string
	}{
		"nothing":            {`{}`, []string{"/type", "/project_id", "/current"}},
		"both null":          {`{"type":"T","project_id":"p1","previous":null,"current":null}`, []string{"/current"}},
		"state is an array":  {`{"type":"T","project_id":"p1","current":[]}`, []string{"/current"}},
		"state is a string":  {`{"type":"T","project_id":"p1","previous":"{}","current":{}}`, []string{"/previous"}},
		"state is a number":  {`{"type":"T","project_id":"p1","previous":1}`, []string{"/previous"}},
		"type is null":       {`{"type":null,"project_id":"p1","current":{}}`, []string{"/type"}},
		"type is a number":   {`{"type":7,"project_id":"p1","current":{}}`, []string{"/type"}},
		"type is the probe":  {`{"type":"WEBHOOK_HEALTH_CHECK","project_id":"p1","current":{}}`, []string{"/type"}},
		"type is Godwit's":   {`{"type":"webhook.degraded","project_id":"p1","current":{}}`, []string{"/type"}},
		"type with a space":  {`{"type":"A B","project_id":"p1","current":{}}`, []string{"/type"}},
		"project is empty":   {`{"type":"T","project_id":"","current":{}}`, []string{"/project_id"}},
		"project with NUL":   {`{"type":"T","project_id":"p\u0000","current":{}}`, []string{"/project_id"}},
		"id is empty":        {`{"id":"",` + good + `}`, []string{"/id"}},
		"id is too long":     {`{"id":"` + long + `",` + good + `}`, []string{"/id"}},
		"id is an object":    {`{"id":{},` + good + `}`, []string{"/id"}},
		"actor with a space": {`{"actor_id":"a b",` + good + `}`, []string{"/actor_id"}},
		"time is a number":   {`{"occurred_at":1,` + good + `}`, []string{"/occurred_at"}},
		"time without zone":  {`{"occurred_at":"2026-05-04T09:30:00",` + good + `}`, []string{"/occurred_at"}},
		"time in year 0":     {`{"occurred_at":"0000-05-04T09:30:00Z",` + good + `}`, []string{"/occurred_at"}},
		"unknown fields":     {`{"a/b~c":1,"Type":"T",` + good + `}`, []string{"/a~1b~0c", "/Type"}},
		"all at once": {`{"id":"a b","type":1,"project_id":2,"actor_id":3,"occurred_at":4,"previous":5,"current":6,"x":7}`,
			[]string{"/id", "/type", "/project_id", "/actor_id", "/occurred_at", "/previous", "/current", "/x"}},
		"an array":  {`[]`, []string{""}},
		"null":      {`null`, []string{""}},
		"a string":  {`"{}"`, []string{""}},
		"one digit": {`1`, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := eventjson.Parse([]byte(tc.body))
			var invalid *hook.Error
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, hook.CodeInvalid, invalid.Code)
			var pointers []string
			for _, f := range invalid.Fields {
				pointers = append(pointers, f.Pointer)
				require.NotEmpty(t, f.Detail)
			}
			require.Equal(t, tc.want, pointers)
		})
	}
}

func TestParseRefusesMalformedJSON(t *testing.T) {
	deep := strings.Repeat(`{"a":`, strict.MaxDepth) + "1" + strings.Repeat("}", strict.MaxDepth)
	for name, body := range map[string]string{
		"empty":                "",
		"spaces":               " \n",
		"cut off":              `{"type":"T"`,
		"trailing data":        `{"type":"T","project_id":"p1","current":{}} {}`,
		"trailing comma":       `{"type":"T",}`,
		"duplicate name":       `{"type":"T","type":"T"}`,
		"duplicate, escaped":   `{"type":"T","typ\u0065":"T"}`,
		"duplicate in a state": `{"type":"T","project_id":"p1","current":{"a":{"b":1,"b":1}}}`,
		"invalid UTF-8":        "{\"type\":\"T\",\"project_id\":\"p1\",\"current\":{\"a\":\"\xff\"}}",
		"overlong UTF-8":       "{\"type\":\"\xc0\xaf\"}",
		"lone surrogate":       `{"type":"T","project_id":"p1","current":{"a":"\ud800"}}`,
		"raw NUL":              "{\"type\":\"T\x00\"}",
		"raw NUL outside":      "{\"type\":\"T\"}\x00",
		"control character":    "{\"type\":\"T\n\"}",
		"byte order mark":      "\ufeff{}",
		"NaN":                  `{"current":{"a":NaN}}`,
		"leading zero":         `{"current":{"a":01}}`,
		"single quotes":        `{'type':'T'}`,
		"comment":              `{/**/}`,
		"nested too deep":      `{"type":"T","project_id":"p1","current":` + deep + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := eventjson.Parse([]byte(body))
			var syntax *strict.SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.NotEmpty(t, syntax.Reason)
		})
	}
}

func TestParseBatchJudgesEachEventByItself(t *testing.T) {
	const good = `{"id":"e","type":"T","project_id":"p1","current":{"a": 1.10}}`
	large := `{"type":"T","project_id":"p1","current":{"a":"` + strings.Repeat("x", hook.MaxEventBytes) + `"}}`
	deep := strings.Repeat("[", 2*strict.MaxDepth) + strings.Repeat("]", 2*strict.MaxDepth)
	items, err := eventjson.ParseBatch([]byte(`{"events":[` + strings.Join([]string{
		good, `{}`, `{"type":"T","type":"T"}`, large, "{\"a\":\"\xff\"}", `7`, deep, good}, ",") + `]}`))
	require.NoError(t, err)
	require.Len(t, items, 8)
	for _, i := range []int{0, 7} {
		require.NoError(t, items[i].Err)
		require.Equal(t, `{"a": 1.10}`, string(items[i].Event.Current))
	}
	var syntax *strict.SyntaxError
	require.Equal(t, hook.CodeInvalid, hook.CodeOf(items[1].Err))
	require.ErrorAs(t, items[2].Err, &syntax)
	require.ErrorIs(t, items[3].Err, eventjson.ErrTooLarge)
	require.ErrorAs(t, items[4].Err, &syntax)
	require.Equal(t, hook.CodeInvalid, hook.CodeOf(items[5].Err))
	require.ErrorContains(t, items[6].Err, "levels of nesting")
}

func TestParseBatchRefusesTheWhole(t *testing.T) {
	for name, tc := range map[string]struct {
		body      string
		malformed bool
	}{
		"not an object": {`[]`, false},
		"no events":     {`{}`, false},
		"none":          {`{"events":[]}`, false},
		"null":          {`{"events":null}`, false},
		"501":           {`{"events":[1` + strings.Repeat(",1", 500) + `]}`, false},
		"other fields":  {`{"events":[1],"x":1}`, false},
		"twice":         {`{"events":[1],"events":[1]}`, true},
		"cut off":       {`{"events":[1`, true},
		"trailing data": {`{"events":[1]}]`, true},
		"empty":         {``, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := eventjson.ParseBatch([]byte(tc.body))
			require.Error(t, err)
			var syntax *strict.SyntaxError
			require.Equal(t, tc.malformed, errors.As(err, &syntax), err)
		})
	}
}

// TestParseKeepsAnyBytes: whatever object a producer sends, in whatever
// spelling, comes out as it went in.
func TestParseKeepsAnyBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		space := rapid.StringMatching(`[ \t\n\r]{0,3}`)
		number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,4})?`)
		text := rapid.StringMatching(`"([a-zé☃ /]|\\n|\\u0000|\\/|\\\\){0,8}"`)
		var object strings.Builder
		object.WriteString("{" + space.Draw(t, "space"))
		for i := range rapid.IntRange(0, 5).Draw(t, "members") {
			if i > 0 {
				object.WriteString("," + space.Draw(t, "space"))
			}
			value := rapid.OneOf(number, text).Draw(t, "value")
			fmt.Fprintf(&object, "%q%s:%s%s", string(rune('z'-i)), space.Draw(t, "space"), space.Draw(t, "space"), value)
		}
		object.WriteString(space.Draw(t, "space") + "}")
		event, err := eventjson.Parse([]byte(`{"type":"T","project_id":"p","current":` + object.String() + `,"previous":null}`))
		if err != nil || string(event.Current) != object.String() {
			t.Fatalf("%s: got %s, %v", object.String(), event.Current, err)
		}
	})
}

// orNone takes null for nothing.
func orNone(value json.RawMessage) string {
	if string(value) == "null" {
		return ""
	}
	return string(value)
}

// FuzzParse: what is accepted is strict JSON, and its states are the producer's
// bytes, numbers and order of keys included.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"type":"T","project_id":"p1","previous":null,"current":{"a": 1.10}}`))
	f.Add([]byte(`{"events":[{"id":"x","type":"T","project_id":"p1","current":{}}]}`))
	f.Add([]byte(`{"type":"T","type":1}`))
	f.Add([]byte("{\"a\":\"\xff\\ud800\"}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := string(body)
		if event, err := eventjson.Parse(body); err == nil {
			var want map[string]json.RawMessage // another JSON library's reading
			require.NoError(t, json.Unmarshal(body, &want))
			require.Equal(t, orNone(want["current"]), string(event.Current))
			require.Equal(t, orNone(want["previous"]), string(event.Previous))
			require.NoError(t, strict.Check(body))
			require.True(t, hook.ValidID(event.ProjectID) && hook.ValidTypeName(event.Type))
		}
		_, _ = eventjson.ParseBatch(body)
		require.Equal(t, before, string(body), "the body was changed")
	})
}

func BenchmarkParse(b *testing.B) {
	body := []byte(`{"id":"e1","type":"TODO_CREATED","project_id":"p1","actor_id":"u1","occurred_at":"2026-05-04T09:30:00Z",
		"previous":null,"current":{"id":"t1","title":"` + strings.Repeat("x", 1000) + `","tags":["a","b"],"price":1.10}}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := eventjson.Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}
