package client_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"testing"

	"godwit/client"
)

// TestMain leaves the examples to e2e (TestClientPackages), which gives them a Godwit.
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("GODWIT_URL") == "" {
		_ = flag.Set("test.skip", "^Example")
	}
	os.Exit(m.Run())
}

func Example() {
	ctx := context.Background()
	user := client.New(os.Getenv("GODWIT_URL"), os.Getenv("GODWIT_USER_KEY"))
	webhook, err := user.CreateWebhook(ctx, client.WebhookForm{
		Name: "Urgent todos", URL: os.Getenv("GODWIT_RECEIVER"),
		Rules: []client.RuleForm{{Events: []string{"TODO_*"}, Projects: []string{os.Getenv("GODWIT_PROJECT")}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	publisher := client.New(os.Getenv("GODWIT_URL"), os.Getenv("GODWIT_PUBLISHER_KEY"))
	published, err := publisher.Publish(ctx, client.EventForm{
		Type: "TODO_CREATED", ProjectID: os.Getenv("GODWIT_PROJECT"), Current: map[string]any{"title": "See a webhook arrive"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	deliveries, err := user.ListDeliveries(ctx, &client.ListDeliveriesParams{EventID: &published.ID, WebhookID: &webhook.ID})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(deliveries.Data), "delivery of", deliveries.Data[0].EventType)
	fmt.Println(user.DeleteWebhook(ctx, webhook.ID, nil))
	// Output:
	// 1 delivery of TODO_CREATED
	// <nil>
}

func ExampleClient_PublishAll() {
	publisher := client.New(os.Getenv("GODWIT_URL"), os.Getenv("GODWIT_PUBLISHER_KEY"))
	events := []client.EventForm{
		{Type: "TODO_CREATED", ProjectID: os.Getenv("GODWIT_PROJECT"), Current: map[string]any{"id": "todo-1"}},
		{Type: "NO_SUCH_TYPE", ProjectID: os.Getenv("GODWIT_PROJECT"), Current: map[string]any{"id": "todo-2"}},
	}
	results, err := publisher.PublishAll(context.Background(), events)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, result := range results {
		if result.Error != nil {
			fmt.Println("refused:", result.Error.Code)
			continue
		}
		fmt.Println("accepted")
	}
	// Output:
	// accepted
	// refused: invalid
}

func ExampleRows() {
	user := client.New(os.Getenv("GODWIT_URL"), os.Getenv("GODWIT_USER_KEY"))
	types := client.Rows(context.Background(), func(ctx context.Context, cursor *string) ([]client.EventType, *string, error) {
		page, err := user.ListEventTypes(ctx, &client.ListEventTypesParams{Cursor: cursor, Limit: new(int64(10))})
		if err != nil {
			return nil, nil, err
		}
		return page.Data, page.NextCursor, nil
	})
	for one, err := range types {
		if err != nil {
			fmt.Println(err)
			return
		}
		if one.Name == "TODO_MOVED" {
			fmt.Println(one.Name)
		}
	}
	// Output:
	// TODO_MOVED
}

// A change that is made only when nobody else was faster, and that takes a limit away.
func ExampleETag() {
	ctx := context.Background()
	user := client.New(os.Getenv("GODWIT_URL"), os.Getenv("GODWIT_USER_KEY"))
	var version string
	made, err := user.CreateWebhook(ctx, client.WebhookForm{
		Name: "Slow receiver", URL: os.Getenv("GODWIT_RECEIVER"), MaxInFlight: new(int64(1)),
		Rules: []client.RuleForm{{Events: []string{"TODO_*"}}},
	}, client.ETag(&version))
	if err != nil {
		fmt.Println(err)
		return
	}
	change := &client.PatchWebhookParams{IfMatch: &version}
	changed, err := user.PatchWebhook(ctx, made.ID, change, client.WebhookPatch{Name: new("Fast receiver")}, client.Null("max_in_flight"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(changed.Name, changed.MaxInFlight == nil)
	_, err = user.PatchWebhook(ctx, made.ID, change, client.WebhookPatch{Name: new("Too late")})
	fmt.Println(client.IsCode(err, client.ProblemCodeStale))
	fmt.Println(user.DeleteWebhook(ctx, made.ID, nil))
	// Output:
	// Fast receiver true
	// true
	// <nil>
}

func ExampleReceive() {
	http.HandleFunc("POST /hook", func(w http.ResponseWriter, r *http.Request) {
		event, err := client.Receive(r, os.Getenv("GODWIT_SECRET"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		// Put it where work waits, unless event.Data.ID is there already, and answer at once.
		fmt.Println(event.Type, event.Data.ID)
		w.WriteHeader(http.StatusNoContent)
	})
}
