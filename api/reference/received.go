package reference

import (
	"embed"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"godwit/api/access"
	"godwit/internal/eventjson"
)

// What a receiver gets is described beside the API, as the webhooks of the
// OpenAPI document. The types are for the description alone: package send writes
// the bodies, and its tests compare them to the examples in received/.
//
//go:embed received/*.json
var receivedFiles embed.FS

type receivedEvent struct {
	Type      string       `json:"type" doc:"The event's type: a name of the catalogue, combination, or WEBHOOK_HEALTH_CHECK"`
	Timestamp time.Time    `json:"timestamp" doc:"When the event happened, as its producer says"`
	Data      receivedData `json:"data" doc:"The event"`
}

type receivedData struct {
	ID       string         `json:"id" doc:"The event's id, as in webhook-id: the same in every attempt and redelivery"`
	Sequence *int64         `json:"sequence" doc:"Rises in the order in which events were accepted, with gaps; null in a health check"`
	Project  *receivedParty `json:"project" doc:"Where it happened; null for what Godwit tells of your webhooks, and in a health check"`
	Company  *receivedParty `json:"company" doc:"The project's company; null without a project"`
	ActorID  *string        `json:"actor_id" doc:"Who did it; null when the producer did not say"`
	Events   []receivedPart `json:"events,omitempty" nullable:"false" doc:"Of a combination alone: the events that made it fire, in the order of its parts"`
	Previous anyState       `json:"previous" doc:"The state before, byte for byte as the producer sent it"`
	Current  anyState       `json:"current" doc:"The state after, byte for byte as the producer sent it"`
}

type receivedPart struct {
	ID        string         `json:"id" doc:"The event's id"`
	Sequence  int64          `json:"sequence" doc:"The event's sequence"`
	Type      string         `json:"type" doc:"The event's type"`
	Timestamp time.Time      `json:"timestamp" doc:"When it happened, as its producer says"`
	Project   *receivedParty `json:"project" doc:"Where it happened"`
	Company   *receivedParty `json:"company" doc:"The project's company"`
	ActorID   *string        `json:"actor_id" doc:"Who did it; null when the producer did not say"`
	Previous  anyState       `json:"previous" doc:"The state before, byte for byte as the producer sent it"`
	Current   anyState       `json:"current" doc:"The state after, byte for byte as the producer sent it"`
}

type receivedParty struct {
	ID   string `json:"id" doc:"Its id"`
	Name string `json:"name" doc:"Its name when the event was accepted"`
}

type receivedCloudEvent struct {
	SpecVersion     string            `json:"specversion" enum:"1.0" doc:"The version of CloudEvents"`
	ID              string            `json:"id" doc:"The event's id, as in webhook-id: the same in every attempt and redelivery"`
	Source          string            `json:"source" format:"uri-reference" doc:"Where it happened: /companies/{id}/projects/{id}, or /webhooks/{id} for what belongs to no project"`
	Type            string            `json:"type" doc:"The event's type"`
	Time            time.Time         `json:"time" doc:"When it happened, as its producer says"`
	Sequence        string            `json:"sequence,omitempty" pattern:"^[0-9]{19}$" doc:"The number of Godwit-Sequence, with zeros before it so that text sorts as the numbers do; left out in a health check"`
	DataContentType string            `json:"datacontenttype" enum:"application/json" doc:"What data is"`
	Data            receivedCloudData `json:"data" doc:"The rest of the event"`
}

type receivedCloudData struct {
	Project  *receivedParty `json:"project" doc:"Where it happened; null for what Godwit tells of your webhooks, and in a health check"`
	Company  *receivedParty `json:"company" doc:"The project's company; null without a project"`
	ActorID  *string        `json:"actor_id" doc:"Who did it; null when the producer did not say"`
	Events   []receivedPart `json:"events,omitempty" nullable:"false" doc:"Of a combination alone: the events that made it fire, in the order of its parts"`
	Previous anyState       `json:"previous" doc:"The state before, byte for byte as the producer sent it"`
	Current  anyState       `json:"current" doc:"The state after, byte for byte as the producer sent it"`
}

type receivedBlue struct {
	Event         string              `json:"event" doc:"The event's type"`
	Webhook       receivedBlueWebhook `json:"webhook" doc:"The webhook as it was when the event was accepted"`
	PreviousValue anyState            `json:"previousValue" doc:"The state before, byte for byte as the producer sent it"`
	CurrentValue  anyState            `json:"currentValue" doc:"The state after, byte for byte as the producer sent it"`
}

type receivedBlueWebhook struct {
	ID       string            `json:"id" doc:"The webhook's id"`
	Name     string            `json:"name" doc:"Its name"`
	URL      string            `json:"url" format:"uri" doc:"Its URL"`
	Status   string            `json:"status" enum:"HEALTHY,DEGRADED,UNHEALTHY" doc:"Its health"`
	Enabled  bool              `json:"enabled" doc:"Whether it was switched on"`
	Metadata receivedBlueScope `json:"metadata" doc:"What its rules name"`
}

type receivedBlueScope struct {
	Events     []string `json:"events" nullable:"false" doc:"The event types of all rules; empty = every type"`
	ProjectIDs []string `json:"projectIds" nullable:"false" doc:"The projects of all rules; empty = every project of the owner"`
}

// anyState is a JSON object, or null.
type anyState struct{}

// Schema makes anyState a huma.SchemaProvider.
func (anyState) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Nullable: true, AdditionalProperties: true}
}

// received describes the requests that receivers get. For reading, not for
// calling: their paths are those of the receivers.
func received(schemas huma.Registry) map[string]*huma.PathItem {
	media := func(body reflect.Type, file string) *huma.MediaType {
		example, err := receivedFiles.ReadFile("received/" + file)
		if err != nil {
			panic(err)
		}
		return &huma.MediaType{Schema: schemas.Schema(body, true, ""), Example: json.RawMessage(example)}
	}
	event, check := media(reflect.TypeFor[receivedEvent](), "standard.json"), media(reflect.TypeFor[receivedEvent](), "health-check.json")
	blue := schemas.Schema(reflect.TypeFor[receivedBlue](), true, "")
	for _, plain := range []*huma.MediaType{event, check} {
		plain.Schema = &huma.Schema{AnyOf: []*huma.Schema{plain.Schema, blue}}
	}
	cloud := media(reflect.TypeFor[receivedCloudEvent](), "cloudevents.json")
	return map[string]*huma.PathItem{
		"event": {Post: receivedOperation("receiveEvent", "An event that matched",
			"Sent to the webhook's URL for each event that matches, up to five times until an answer is 2xx. The body has the webhook's payload_format: "+
				"standard, blue (both application/json) or cloudevents; slack, discord and teams get a message in the form of that service. Events made by POST /v1/webhooks/{id}/test and the events of combinations come the same way.",
			map[string]*huma.MediaType{access.MediaJSON: event, eventjson.MediaCloudEvent: cloud})},
		"healthCheck": {Post: receivedOperation("receiveHealthCheck", "A health check",
			"Sent after a delivery has used up its attempts, when a webhook is enabled, and again and again while health keeps it switched off. It is signed like an event, "+
				"has the webhook's payload_format, the type WEBHOOK_HEALTH_CHECK, no project and null states, and no Godwit-Sequence. There is nothing to do but to answer.",
			map[string]*huma.MediaType{access.MediaJSON: check, eventjson.MediaCloudEvent: {Schema: cloud.Schema}})},
	}
}

// calledBack describes the same requests as a callback of the operation that
// creates a webhook. Some generators keep only the types that paths lead to, and
// the code that they make for the section webhooks then does not compile.
func calledBack(event *huma.PathItem) map[string]map[string]*huma.PathItem {
	content := map[string]*huma.MediaType{}
	for media, body := range event.Post.RequestBody.Content {
		content[media] = &huma.MediaType{Schema: body.Schema}
	}
	return map[string]map[string]*huma.PathItem{"event": {"{$request.body#/url}": {Post: &huma.Operation{
		OperationID: "deliverEvent", Method: http.MethodPost, Summary: event.Post.Summary,
		Description: "Described in full, with its headers, in the section webhooks.",
		Security:    event.Post.Security,
		RequestBody: &huma.RequestBody{Required: true, Content: content},
		Responses:   event.Post.Responses,
	}}}}
}

func receivedOperation(id, summary, description string, content map[string]*huma.MediaType) *huma.Operation {
	answer := func(words string) *huma.Response { return &huma.Response{Description: words} }
	return &huma.Operation{
		OperationID: id, Method: http.MethodPost, Path: "the webhook's URL", Summary: summary, Description: description, Tags: []string{"webhooks"},
		Security:    []map[string][]string{{}}, // the signature proves where it is from
		Parameters:  receivedHeaders(),
		RequestBody: &huma.RequestBody{Required: true, Content: content},
		Responses: map[string]*huma.Response{
			"2XX":     answer("Success: the delivery is done. The body is not looked at; its first 64 KiB are shown with the attempt."),
			"410":     answer("The receiver wants no more: the delivery has failed, and the webhook is switched off (disabled_reason gone)."),
			"429":     answer("Too much at once: Retry-After, in seconds or as a date, says when to go on."),
			"503":     answer("Not now: Retry-After, in seconds or as a date, says when to go on."),
			"default": answer("Anything else, redirects too, is a failed attempt, which is made again after a while, up to five times."),
		},
	}
}

// receivedHeaders are those that a description may name: Content-Type and Accept
// may not be parameters.
func receivedHeaders() []*huma.Param {
	var out []*huma.Param
	for _, h := range []struct {
		name, words string
		example     any
		sometimes   bool
	}{
		{"webhook-id", "The event's id: the same in every attempt and redelivery. What is there already need not be done again", "todo-9-created", false},
		{"webhook-timestamp", "When this attempt was signed, in seconds since 1970. Refuse one that is more than 5 minutes off", "1777863722", false},
		{"webhook-signature", "Standard Webhooks: v1,<base64 of HMAC-SHA256> or v1a,<base64 of Ed25519> of webhook-id.webhook-timestamp.body, one for each live secret, separated by spaces",
			"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=", false},
		{"X-Signature", "HMAC-SHA256 of the body in lower-case hex, by the text of the secret; left out for ed25519", "5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd", true},
		{"Godwit-Event", "The event's type", "TODO_CREATED", false},
		{"Godwit-Webhook", "The webhook's id", "wh_06f1v7q2m9s3k8d4h5j6n7p8r9", false},
		{"Godwit-Delivery", "The delivery's id; a redelivery has another one", "dlv_06f1v7q2m9s3k8d4h5j6n7p8r9", false},
		{"Godwit-Attempt", "Which attempt of the delivery it is, 1 to 5", "1", false},
		{"Godwit-Sequence", "Rises in the order in which events were accepted, with gaps; left out in a health check", "4711", true},
		{"User-Agent", "Godwit and its version", "Godwit/1.0.0", false},
	} {
		out = append(out, &huma.Param{Name: h.name, In: "header", Description: h.words, Required: !h.sometimes, Example: h.example,
			Schema: &huma.Schema{Type: huma.TypeString, MaxLength: new(8 << 10)}})
	}
	return out
}

// receivedOnPage is what receivers get, as a part of the page.
func receivedOnPage(doc *huma.OpenAPI) docsTag {
	out := docsTag{Tag: &huma.Tag{Name: "receivers", Description: "What Godwit sends to the URL of a webhook, and what it makes of the answer."}}
	for _, name := range slices.Sorted(maps.Keys(doc.Webhooks)) {
		op := doc.Webhooks[name].Post
		view := docsOperation{Operation: op, Who: "none, the signature proves where it is from", Request: mediaOf(op.RequestBody.Content)}
		for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
			view.Answers = append(view.Answers, docsAnswer{Status: status, Description: op.Responses[status].Description})
		}
		out.Operations = append(out.Operations, view)
	}
	return out
}
