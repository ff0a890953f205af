package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/eventschema"
	"godwit/internal/hook"
)

func TestEventTypes(t *testing.T) {
	c := newClient(t)
	c.exec(`DELETE FROM event_types`)
	c.exec(`INSERT INTO event_types (name, "group", description, builtin, example_current) VALUES ('A', 'g', '', true, '{"price":1.10}'), ('B', 'g', '', false, NULL), ('C', 'h', '', false, NULL)`)
	all := c.call("GET", "/v1/event-types", "").is(200)
	require.Contains(t, all.Body.String(), `{"name":"A","group":"g","title":"A","description":"","translations":{},"builtin":true,"archived_at":null,"example":{"previous":null,"current":{"price":1.10}},"schema":null}`)
	require.Len(t, all.json()["data"], 3)

	first := c.call("GET", "/v1/event-types?limit=2", "").is(200).json()
	rest := c.call("GET", "/v1/event-types?limit=2&cursor="+first["next_cursor"].(string), "").is(200).json()
	require.Len(t, first["data"], 2)
	require.Len(t, rest["data"], 1)
	require.Nil(t, rest["next_cursor"])
	c.call("GET", "/v1/event-types?cursor=abc", "").problem(422, "invalid")

	c.call("PUT", "/v1/event-types/D", `{"group":"g","description":"two\nlines"}`).is(201)
	c.call("PUT", "/v1/event-types/D", `{"group":"g","description":""}`).is(200)
	c.call("DELETE", "/v1/event-types/D", "").is(204)
	c.call("DELETE", "/v1/event-types/A", "").problem(409, "conflict")
}

func TestEventTypeIsAnsweredByteForByte(t *testing.T) {
	c := newClient(t)
	c.exec(`DELETE FROM event_types`)
	const schema, previous, current = `{ "type":"object",  "maximum":1.50, "title":"<&>" }`, `{ "total" : 1.10 }`, "{\n\t\"total\":2.0 }"
	put := c.call("PUT", "/v1/event-types/T", `{"group":"g","description":"d","schema": `+schema+` ,"example":{"previous":`+previous+`,"current": `+current+`},"archived":true}`).is(201)
	kept := c.eventTypes()[0]
	require.Equal(t, schema, string(kept.Schema))
	require.Equal(t, previous, string(kept.ExamplePrevious))
	require.Equal(t, current, string(kept.ExampleCurrent))
	for _, body := range []string{put.Body.String(), c.call("GET", "/v1/event-types", "").is(200).Body.String()} {
		require.Contains(t, body, `"example":{"previous":`+previous+`,"current":`+current+`},"schema":`+schema+`}`)
	}
	require.WithinDuration(t, time.Now(), kept.ArchivedAt, time.Minute)
	require.Equal(t, kept.ArchivedAt.UTC().Format(time.RFC3339Nano), put.json()["archived_at"])

	for _, bare := range []string{`{"group":"g","description":"d"}`, `{"group":"g","description":"d","schema":null,"example":null,"archived":null}`,
		`{"group":"g","description":"d","example":{"previous":null},"archived":false}`} {
		answer := c.call("PUT", "/v1/event-types/T", bare).is(200).json()
		require.Equal(t, map[string]any{"previous": nil, "current": nil}, answer["example"])
		require.Nil(t, answer["schema"])
		require.Nil(t, answer["archived_at"])
		kept = c.eventTypes()[0]
		require.Equal(t, hook.EventType{Name: "T", Group: "g", Description: "d", SchemaVersion: kept.SchemaVersion, CreatedAt: kept.CreatedAt, UpdatedAt: kept.UpdatedAt}, kept)
	}
}

// languages writes n translations.
func languages(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`"aa-x%d":{"title":"t"}`, i+10))
	}
	return strings.Join(out, ",")
}

func TestEventTypeHasWordsForPeople(t *testing.T) {
	c := newClient(t)
	c.exec(`DELETE FROM event_types`)
	words := `{"title":"Deal won","translations":{"de":{"title":"Geschäft gewonnen","group":"Geschäft"},"pt-BR":{"description":"x"}},"group":"Deal","description":"d"}`
	put := c.call("PUT", "/v1/event-types/DEAL_WON", words).is(201).json()
	require.Equal(t, "Deal won", put["title"])
	require.Equal(t, map[string]any{"de": map[string]any{"title": "Geschäft gewonnen", "group": "Geschäft"}, "pt-BR": map[string]any{"description": "x"}}, put["translations"])
	require.Equal(t, "Geschäft gewonnen", c.eventTypes()[0].TitleIn(hook.German))
	require.Equal(t, "Deal won", c.eventTypes()[0].TitleIn("pt-BR"))
	c.call("PUT", "/v1/event-types/DEAL_WON", `{"group":"Deal","description":"d","translations":{`+languages(20)+`}}`).is(200)
	bare := c.call("PUT", "/v1/event-types/DEAL_WON", `{"group":"Deal","description":"d"}`).is(200).json()
	require.Equal(t, "DEAL_WON", bare["title"])
	require.Empty(t, bare["translations"])
}

func TestArchivedEventTypesAreFiltered(t *testing.T) {
	c := newClient(t)
	c.exec(`DELETE FROM event_types`)
	c.exec(`INSERT INTO event_types (name, "group", description, archived_at) VALUES ('A', '', '', NULL), ('B', '', '', now()), ('C', '', '', NULL), ('D', '', '', now())`)
	names := func(query string) (out []string, next string) {
		page := c.call("GET", "/v1/event-types"+query, "").is(200).json()
		for _, row := range page["data"].([]any) {
			out = append(out, row.(map[string]any)["name"].(string))
		}
		next, _ = page["next_cursor"].(string)
		return out, next
	}
	for query, want := range map[string][]string{"": {"A", "B", "C", "D"}, "?archived=true": {"B", "D"}, "?archived=false": {"A", "C"}} {
		got, _ := names(query)
		require.Equal(t, want, got, query)
	}
	first, next := names("?archived=true&limit=1")
	require.Equal(t, []string{"B"}, first)
	second, end := names("?archived=true&limit=1&cursor=" + next)
	require.Equal(t, []string{"D"}, second)
	require.Empty(t, end)
	require.Len(t, c.eventTypes(), 4)
	c.call("GET", "/v1/event-types?archived=maybe", "").problem(422, "invalid")
}

func TestEventTypeNamesEveryBadField(t *testing.T) {
	c := newClient(t)
	before := len(c.eventTypes())
	const strict = `{"type":"object","required":["id"],"properties":{"id":{"type":"string"}},"additionalProperties":false}`
	for _, tc := range []struct {
		fields string
		want   map[string]string
	}{
		{`"schema":true`, map[string]string{"/schema": "must be an object that holds a JSON Schema 2020-12"}},
		{`"schema":{"properties":{"a":{"type":"txt"}}}`, map[string]string{"/schema/properties/a/type": `must be one of "array", "boolean", "integer", "null", "number", "object", "string"`}},
		{`"schema":{"$ref":"https://example.com/a.json"}`, map[string]string{"/schema/$ref": `refers to "https://example.com/a.json", which is not part of this schema and is not loaded; put it into $defs and refer to it as #/$defs/<name>`}},
		{`"schema":{"title":"` + strings.Repeat("x", eventschema.MaxSchema) + `"}`, map[string]string{"/schema": "must have at most 65536 bytes, not 65548; leave out what only describes"}},
		{`"schema":` + strict + `,"example":{"previous":{},"current":{"id":7,"x":1}}`, map[string]string{
			"/example/previous/id": "is required", "/example/current/id": "must be string, not number", "/example/current/x": "is not allowed by the schema; leave it out"}},
		{`"schema":{"type":"txt"},"example":{"current":[]}`, map[string]string{
			"/schema/type": `must be one of "array", "boolean", "integer", "null", "number", "object", "string"`, "/example/current": "must be an object, or null for none"}},
		{`"example":{"previous":1,"current":"x"}`, map[string]string{"/example/previous": "must be an object, or null for none", "/example/current": "must be an object, or null for none"}},
		{`"example":[]`, map[string]string{"/example": "must be an object"}},
		{`"example":{"curent":{}}`, map[string]string{"/example/curent": "is not a field that can be set here; leave it out"}},
		{`"title":"` + strings.Repeat("x", 201) + `","translations":{"DE":{},"de":{"title":"a\u0000","group":" ","word":"x"},"pl":"x"}`, map[string]string{
			"/translations/de/word": "is not a field that can be set here; leave it out", "/translations/pl": "must be an object",
			"/title": "must have at most 200 characters", "/translations/DE": "must be a language such as de or pt-BR (BCP 47)",
			"/translations/de/title": "must not contain control characters", "/translations/de/group": "must not be empty"}},
		{`"translations":{"a":{"description":"` + strings.Repeat("x", 2001) + `"},"de":{"description":"` + strings.Repeat("x", 2001) + `"}}`, map[string]string{
			"/translations/a":              "must be a language such as de or pt-BR (BCP 47)",
			"/translations/a/description":  "must have at most 2000 characters, no control characters but line breaks and tabs",
			"/translations/de/description": "must have at most 2000 characters, no control characters but line breaks and tabs"}},
		{`"translations":{` + languages(21) + `}`, map[string]string{"/translations": "must have at most 20 languages, not 21"}},
		{`"archived":"yes"`, map[string]string{"/archived": "must be true or false"}},
		{`"archived_at":null`, map[string]string{"/archived_at": "is not a field that can be set here; leave it out"}},
	} {
		bad := c.call("PUT", "/v1/event-types/T", `{"group":"g","description":"d",`+tc.fields+`}`).problem(422, "invalid")
		require.Equal(t, tc.want, bad, tc.fields)
	}
	require.Len(t, c.eventTypes(), before)
	c.call("PUT", "/v1/event-types/T", `{"group":"g","description":"d","schema":`+strict+`,"example":{"current":{"id":"a"}}}`).is(201)
	c.call("PUT", "/v1/event-types/combination", `{"group":"g","description":"d"}`).problem(422, "invalid")
	c.call("PUT", "/v1/event-types/T", `{"group":"g","description":"d","schema":{"a":1,"a":2}}`).problem(400, "malformed")
}

func TestOpenAPIOfEventTypesIsTrue(t *testing.T) {
	c := newClient(t)
	doc := c.call("GET", "/openapi.json", "").json()
	answer := c.call("PUT", "/v1/event-types/T", `{"group":"g","description":"d"}`).is(201).json()
	list := c.call("GET", "/v1/event-types", "").json()
	for name, shown := range map[string]map[string]any{"EventType": answer, "EventTypeList": list, "Example": answer["example"].(map[string]any)} {
		properties := at(doc, "components", "schemas", name, "properties").(map[string]any)
		require.Len(t, properties, len(shown), name)
		for field := range shown {
			require.Contains(t, properties, field, name)
		}
	}
	require.Equal(t, false, at(doc, "components", "schemas", "ExampleForm", "additionalProperties"))
	require.ElementsMatch(t, []any{"group", "description"}, at(doc, "components", "schemas", "EventTypeForm", "required"))
}
