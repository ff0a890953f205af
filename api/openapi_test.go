package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// at walks a JSON document by keys.
func at(v any, keys ...string) any {
	for _, key := range keys {
		v, _ = v.(map[string]any)[key]
	}
	return v
}

func TestOpenAPIListsEveryRoute(t *testing.T) {
	c := newClient(t)
	doc := c.call("GET", "/openapi.json", "", "Authorization", "").is(200).json()
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
		for _, status := range []string{"401", "500", "503"} {
			ref := at(op, "responses", status, "content", "application/problem+json", "schema", "$ref")
			require.Equal(t, "#/components/schemas/Problem", ref, "%s %s", r.id, status)
		}
	}
}

// TestOpenAPIIsTrue compares what the document says of bodies with what
// handlers take and answer.
func TestOpenAPIIsTrue(t *testing.T) {
	c := newClient(t)
	doc := c.call("GET", "/openapi.json", "").json()
	schema := func(name string) map[string]any { return at(doc, "components", "schemas", name).(map[string]any) }

	answers := map[string]map[string]any{
		"Company":       c.call("PUT", "/v1/companies/c1", `{"name":"a"}`).json(),
		"Project":       c.call("PUT", "/v1/projects/p1", `{"name":"a","company_id":"c1"}`).json(),
		"User":          c.call("PUT", "/v1/users/u1", `{"name":"a","email":"a@example.com"}`).json(),
		"WebhookDetail": c.call("POST", "/v1/webhooks", fullWebhook).json(),
		"Preview":       c.call("POST", "/v1/webhooks/preview", `{"rules":[{"events":["*"]}]}`).json(),
		"Explanation":   c.call("POST", "/v1/webhooks/wh_1/explain", `{"event_id":"e1"}`).json(),
		"Problem":       c.call("GET", "/v1/companies/none", "").json(),
	}
	c.call("POST", "/v1/events", `{"id":"e1","type":"T","project_id":"p1","current":{}}`)
	c.store.deliveries = append(c.store.deliveries, deliveryOfTests())
	answers["Event"] = c.call("GET", "/v1/events/e1", "").is(200).json()
	answers["DeliveryDetail"] = c.call("GET", "/v1/deliveries/dlv_1", "").is(200).json()
	answers["Redelivery"] = c.call("POST", "/v1/deliveries/dlv_1/redeliver", "").is(202).json()
	answers["RecoverAnswer"] = c.call("POST", "/v1/webhooks/wh_1/recover", `{"since":"2026-05-04T09:30:00Z"}`).is(202).json()
	answers["RecoveryProgress"] = c.call("GET", "/v1/webhooks/wh_1/recoveries/rec_1", "").is(200).json()
	answers["TestAnswer"] = c.call("POST", "/v1/webhooks/wh_1/test", "").is(202).json()
	answers["WebhookHealth"] = c.call("GET", "/v1/webhooks/"+c.store.webhooks[0].ID+"/health", "").is(200).json()
	answers["Ledger"] = c.call("GET", "/v1/webhooks/"+c.store.webhooks[0].ID+"/ledger", "").is(200).json()
	answers["Stats"] = c.call("GET", "/v1/stats", "").is(200).json()
	for name, answer := range answers {
		properties := schema(name)["properties"].(map[string]any)
		for field := range answer {
			require.Contains(t, properties, field, name)
		}
		for _, required := range schema(name)["required"].([]any) {
			require.Contains(t, answer, required, name)
		}
	}

	for _, form := range []string{"CompanyForm", "ProjectForm", "UserForm", "EventTypeForm", "EventForm", "BatchForm", "WebhookForm", "WebhookPatch", "RuleForm", "PartForm", "PreviewForm", "ExplainForm", "EnableForm", "DisableForm", "RecoverForm", "TestForm"} {
		require.Equal(t, false, schema(form)["additionalProperties"], form)
	}
	require.ElementsMatch(t, []any{"type", "project_id"}, schema("EventForm")["required"])
	require.ElementsMatch(t, []any{"owner_id", "name", "url", "rules"}, schema("WebhookForm")["required"])
	require.NotContains(t, schema("WebhookPatch"), "required")
	require.Equal(t, []any{"object", "null"}, at(schema("EventForm"), "properties", "current", "type"))
	require.NotContains(t, at(doc, "components", "schemas"), "ErrorModel")
	require.Contains(t, at(doc, "paths", "/v1/webhooks/{id}", "patch", "requestBody", "content"), "application/merge-patch+json")
}

func TestDocsNeedNoKeyAndNoOtherHost(t *testing.T) {
	c := newClient(t)
	require.Equal(t, "/docs", c.call("GET", "/", "", "Authorization", "").is(303).Header().Get("Location"))
	a := c.call("GET", "/docs", "", "Authorization", "").is(200)
	require.Contains(t, a.Header().Get("Content-Type"), "text/html")
	require.Contains(t, a.Header().Get("Content-Security-Policy"), "default-src 'none'")
	page := a.Body.String()
	for _, r := range (&server{}).routes() {
		require.Contains(t, page, r.method+" "+r.path)
	}
	for _, k := range kinds() {
		require.Contains(t, page, `id="`+k.code+`"`)
	}
	for _, foreign := range []string{"<script", "http://", "https://", "src="} {
		require.NotContains(t, page, foreign)
	}
}
