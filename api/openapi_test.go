package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/api/reference"
	"godwit/internal/contract"
)

// at walks a JSON document by keys.
func at(v any, keys ...string) any {
	for _, key := range keys {
		v, _ = v.(map[string]any)[key]
	}
	return v
}

func documentOf(t *testing.T, c *client) *contract.Document {
	t.Helper()
	d, err := contract.New(c.call("GET", "/openapi.json", "").is(200).Body.Bytes())
	require.NoError(t, err)
	return d
}

func TestDocument(t *testing.T) {
	raw := newClient(t).call("GET", "/openapi.json", "", "Authorization", "").is(200).Body.Bytes()
	var doc map[string]any
	require.NoError(t, json.Unmarshal(raw, &doc))
	require.Equal(t, "3.1.0", doc["openapi"])
	seen := map[string]bool{}
	for _, r := range (&server{}).routes() {
		op, _ := at(doc, "paths", r.path, strings.ToLower(r.method)).(map[string]any)
		require.NotNil(t, op, "%s %s", r.method, r.path)
		require.Equal(t, r.id, op["operationId"])
		require.False(t, seen[r.id], "%s is there twice", r.id)
		seen[r.id] = true
		require.NotEmpty(t, op["summary"])
		require.NotEmpty(t, op["security"])
		require.Equal(t, r.body != nil, op["requestBody"] != nil, r.id)
	}
	require.NotContains(t, at(doc, "components", "schemas"), "ErrorModel")
	require.Contains(t, at(doc, "paths", "/v1/webhooks/{id}", "patch", "requestBody", "content"), "application/merge-patch+json")
	require.Equal(t, []any{"object", "null"}, at(doc, "components", "schemas", "EventForm", "properties", "current", "type"))
	require.ElementsMatch(t, []any{"type", "project_id"}, at(doc, "components", "schemas", "EventForm", "required"))
}

// TestEveryOperationIsDescribed says what to write in reference/operations/ for a new
// route.
func TestEveryOperationIsDescribed(t *testing.T) {
	notes := reference.ReadNotes()
	known := 0
	for _, r := range (&server{}).routes() {
		tag := strings.Split(r.path, "/")[2]
		file := "api/reference/operations/" + tag + ".json"
		require.NotEmpty(t, notes[tag].Description, "%s: describe the tag", file)
		op, ok := notes[tag].Operations[r.id]
		require.True(t, ok, "%s: describe the operation %s", file, r.id)
		known++
		require.NotEmpty(t, op.Description, "%s: %s has no description", file, r.id)
		require.Equal(t, r.body != nil, op.Request != nil, "%s: %s needs an example of its body as request, if it has one", file, r.id)
		if r.outcome.status != http.StatusNoContent {
			require.Contains(t, op.Responses, strconv.Itoa(r.outcome.status), "%s: %s needs an example of its answer", file, r.id)
		}
		if r.method == http.MethodPut {
			require.Contains(t, op.Responses, "201", "%s: %s needs an example of its answer", file, r.id)
		}
		if r.method != http.MethodPut && strings.Contains(r.path, "{") {
			require.Contains(t, op.Problems, http.StatusNotFound, "%s: %s: say what is 404", file, r.id)
		}
		require.Equal(t, strings.Count(r.path, "{"), len(op.Path), "%s: %s: give an example of each path parameter", file, r.id)
	}
	for _, tag := range notes {
		known -= len(tag.Operations)
	}
	require.Zero(t, known, "api/reference/operations describes what is no route")
}

// TestEveryValueIsDescribed looks at all schemas, parameters and headers.
func TestEveryValueIsDescribed(t *testing.T) {
	doc := newClient(t).call("GET", "/openapi.json", "").is(200).json()
	for name, schema := range at(doc, "components", "schemas").(map[string]any) {
		properties, _ := at(schema, "properties").(map[string]any)
		for field, property := range properties {
			require.NotEmpty(t, at(property, "description"), "%s.%s: add a doc tag", name, field)
			if at(schema, "additionalProperties") == false {
				requireBounds(t, name+"."+field, property)
			}
		}
	}
	for path, operations := range doc["paths"].(map[string]any) {
		for method, op := range operations.(map[string]any) {
			parameters, _ := at(op, "parameters").([]any)
			for _, p := range parameters {
				require.NotEmpty(t, at(p, "description"), "%s %s: the parameter %s has no description", method, path, at(p, "name"))
				requireBounds(t, path+" "+at(p, "name").(string), at(p, "schema"))
			}
			for status, answer := range at(op, "responses").(map[string]any) {
				headers, _ := at(answer, "headers").(map[string]any)
				for name, header := range headers {
					require.True(t, at(header, "$ref") != nil || at(header, "description") != nil, "%s %s: the header %s of a %s has no description", method, path, name, status)
				}
			}
		}
	}
}

// requireBounds wants to know how much a caller may send.
func requireBounds(t *testing.T, place string, schema any) {
	t.Helper()
	bounds := map[string][]string{
		"string":  {"maxLength", "pattern", "format", "enum"},
		"integer": {"maximum", "enum"},
		"array":   {"maxItems"},
	}
	kind := at(schema, "type")
	if kinds, ok := kind.([]any); ok {
		kind = kinds[0]
	}
	wanted, ok := bounds[fmt.Sprint(kind)]
	has := func(bound string) bool { return at(schema, bound) != nil }
	require.True(t, !ok || slices.ContainsFunc(wanted, has), "%s: give it one of %v by a tag", place, wanted)
	if kind == "array" {
		requireBounds(t, place+"[]", at(schema, "items"))
	}
}
