package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/stretchr/testify/require"
)

// TestCloudEvents_BySDKs publishes by the SDKs that producers use. The events have
// to be stored as they were meant.
func TestCloudEvents_BySDKs(t *testing.T) {
	w := newWorkshop(t)
	t.Run("JavaScript", func(t *testing.T) {
		lines := strings.Split(strings.TrimSpace(string(w.run(t, "clients", "node", "cloudevents.mjs"))), "\n")
		require.Len(t, lines, 2)
		for _, line := range lines {
			var answer struct {
				Status int
				Body   struct{ ID string }
			}
			require.NoError(t, json.Unmarshal([]byte(line), &answer))
			require.Equal(t, http.StatusAccepted, answer.Status, line)
			w.requireRecord(t, answer.Body.ID)
		}
	})
	t.Run("Go", func(t *testing.T) {
		client, err := cloudevents.NewClientHTTP(cehttp.WithTarget(w.base+"/v1/events"), cehttp.WithHeader("Authorization", "Bearer "+w.key))
		require.NoError(t, err)
		text, err := json.Marshal(publishedState)
		require.NoError(t, err)
		for id, send := range map[string]struct {
			mode func(context.Context) context.Context
			data any
		}{
			"go-structured": {binding.WithForceStructured, publishedState},
			"go-binary":     {binding.WithForceBinary, publishedState},
			"go-base64":     {binding.WithForceStructured, text}, // which the SDK writes as data_base64
		} {
			result := client.Send(send.mode(t.Context()), w.cloudEvent(t, id, send.data))
			require.True(t, cloudevents.IsACK(result), "%s: %v", id, result)
			w.requireRecord(t, w.prefix+id)
			require.Equal(t, publishedAt.Format(time.RFC3339), w.get(t, "/v1/events/"+w.prefix+id)["occurred_at"])
		}
		batch := []cloudevents.Event{w.cloudEvent(t, "go-1", publishedState), w.cloudEvent(t, "go-2", publishedState)}
		request, err := cehttp.NewHTTPRequestFromEvents(t.Context(), w.base+"/v1/events", batch)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+w.key)
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer answer.Body.Close()
		require.Equal(t, http.StatusAccepted, answer.StatusCode)
		w.requireRecord(t, w.prefix+"go-1")
		w.requireRecord(t, w.prefix+"go-2")
	})
}

var (
	publishedState = map[string]any{"title": "Zürich ☃"}
	publishedAt    = time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
)

func (w workshop) cloudEvent(t *testing.T, id string, data any) cloudevents.Event {
	t.Helper()
	e := cloudevents.NewEvent()
	e.SetID(w.prefix + id)
	e.SetSource("/go")
	e.SetType("TODO_CREATED")
	e.SetTime(publishedAt)
	e.SetExtension("projectid", w.prefix+"p")
	require.NoError(t, e.SetData(cloudevents.ApplicationJSON, data))
	return e
}

// requireRecord requires that an event is stored with publishedState as its current one.
func (w workshop) requireRecord(t *testing.T, id string) {
	t.Helper()
	e := w.get(t, "/v1/events/"+id)
	require.Equal(t, w.prefix+"p", e["project_id"])
	require.Nil(t, e["previous"])
	require.Equal(t, publishedState, e["current"])
}

// TestCloudEvents_BindTheIdempotencyKeyToAttributes: the headers of binary mode are
// a part of the event.
func TestCloudEvents_BindTheIdempotencyKeyToAttributes(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	publish := func(id string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.base+"/v1/events", strings.NewReader(`{"n":1}`))
		require.NoError(t, err)
		for name, value := range map[string]string{"Authorization": "Bearer " + c.key, "Content-Type": "application/json", "Idempotency-Key": c.prefix + "key",
			"ce-specversion": "1.0", "ce-id": id, "ce-source": "/app", "ce-type": "TODO_CREATED", "ce-projectid": c.prefix + "p"} {
			r.Header.Set(name, value)
		}
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		t.Cleanup(func() { answer.Body.Close() })
		return answer
	}
	require.Equal(t, http.StatusAccepted, publish(c.prefix+"a").StatusCode)
	again := publish(c.prefix + "a")
	require.Equal(t, http.StatusAccepted, again.StatusCode)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, http.StatusUnprocessableEntity, publish(c.prefix+"b").StatusCode)
}
