// Command client calls Godwit by a client that oapi-codegen has made from its
// OpenAPI document: it creates a webhook, publishes an event and lists the
// delivery of it. The client is generated beside it, as client.gen.go.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"

	_ "github.com/oapi-codegen/runtime" // what is generated imports it
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// bearer adds a key to a request.
func bearer(key string) RequestEditorFn {
	return func(_ context.Context, req *http.Request) error {
		req.Header.Set("Authorization", "Bearer "+key)
		return nil
	}
}

func run(ctx context.Context) error {
	client, err := NewClientWithResponses(os.Getenv("GODWIT_URL"), WithRequestEditorFn(bearer(os.Getenv("GODWIT_USER_KEY"))))
	if err != nil {
		return err
	}
	// Requests with the required fields alone.
	form := WebhookForm{Name: "n", Url: os.Getenv("GODWIT_RECEIVER"), Rules: []RuleForm{{Events: &[]string{"*"}}}}
	event := EventForm{Type: "TODO_CREATED", ProjectId: os.Getenv("GODWIT_PROJECT")}

	made, err := client.CreateWebhookWithResponse(ctx, nil, form)
	if err != nil || made.JSON201 == nil {
		return errors.Join(err, errors.New("the webhook was not created"))
	}
	event.Current = &map[string]any{"id": "t1"}
	published, err := client.PublishEventWithResponse(ctx, nil, event, bearer(os.Getenv("GODWIT_PUBLISHER_KEY")))
	if err != nil || published.JSON202 == nil {
		return errors.Join(err, errors.New("the event was not accepted"))
	}
	listed, err := client.ListDeliveriesWithResponse(ctx, &ListDeliveriesParams{WebhookId: &made.JSON201.Id})
	if err != nil || listed.JSON200 == nil || len(listed.JSON200.Data) == 0 {
		return errors.Join(err, errors.New("no delivery is listed"))
	}
	gone, err := client.DeleteWebhookWithResponse(ctx, made.JSON201.Id, nil)
	if err != nil || gone.StatusCode() != http.StatusNoContent {
		return errors.Join(err, errors.New("the webhook was not deleted"))
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"webhook": made.JSON201.Id, "event": published.JSON202.Id, "delivered": listed.JSON200.Data[0]})
}
