package api

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// The document describes what a receiver gets, with every header and every body
// that package send makes; its tests hold the examples to be what is sent.
func TestReceived_IsDescribed(t *testing.T) {
	doc := newClient(t).call("GET", "/openapi.json", "").is(200).json()
	webhooks := doc["webhooks"].(map[string]any)
	require.Len(t, webhooks, 2)
	for name, types := range map[string][]string{"event": {"application/json", "application/cloudevents+json"}, "healthCheck": {"application/json"}} {
		op := at(webhooks, name, "post")
		require.NotEmpty(t, at(op, "operationId"), name)
		require.NotEmpty(t, at(op, "description"), name)
		var headers []any
		for _, p := range at(op, "parameters").([]any) {
			require.Equal(t, "header", at(p, "in"))
			require.NotEmpty(t, at(p, "description"))
			headers = append(headers, at(p, "name"))
		}
		require.ElementsMatch(t, []any{"webhook-id", "webhook-timestamp", "webhook-signature", "X-Signature",
			"Godwit-Event", "Godwit-Webhook", "Godwit-Delivery", "Godwit-Attempt", "Godwit-Sequence", "User-Agent"}, headers)
		for _, media := range types {
			require.NotEmpty(t, at(op, "requestBody", "content", media, "example"), "%s: %s", name, media)
		}
		for _, status := range []string{"2XX", "410", "429", "503", "default"} {
			require.NotEmpty(t, at(op, "responses", status, "description"), "%s: %s", name, status)
		}
	}
}

// The schemas of the bodies fit the examples.
func TestReceived_ExamplesFitTheirSchemas(t *testing.T) {
	d := documentOf(t, newClient(t))
	for file, schema := range map[string]string{
		"standard.json": "ReceivedEvent", "health-check.json": "ReceivedEvent", "blue.json": "ReceivedBlue", "cloudevents.json": "ReceivedCloudEvent",
	} {
		example, err := os.ReadFile("reference/received/" + file)
		require.NoError(t, err)
		require.NoError(t, d.Fits(schema, example), file)
	}
}

func TestReceived_IsOnThePage(t *testing.T) {
	page := newClient(t).call("GET", "/docs", "").is(200).Body.String()
	for _, want := range []string{`id="receiveEvent"`, `id="receiveHealthCheck"`, "Godwit-Sequence", "todo-9-created", "<b>410</b>"} {
		require.Contains(t, page, want)
	}
}
