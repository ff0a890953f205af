package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIngestCostIsPerEvent(t *testing.T) {
	c := ingestCostOf([]statement{
		{database: productDatabase, text: "BEGIN", calls: 10, milliseconds: 1},
		{database: productDatabase, text: "insert", calls: 20, milliseconds: 9, blocks: 50},
	}, 10)
	require.Equal(t, 2.0, c.Statements)
	require.Equal(t, 1.0, c.Milliseconds)
	require.Equal(t, 5.0, c.Blocks)
	require.Equal(t, "insert", c.Top[0].Statement)
}

func TestIngestCostIsComparedWithTheFirst(t *testing.T) {
	first := ingestCost{Accepted: spread{P50: 2}, Blocks: 10}
	result := matchingResult{Ten: ingestCost{Accepted: spread{P50: 5}, Blocks: 10}, One: first}
	result.compare(matchingResult{None: first, One: first, Ten: first})
	require.Equal(t, 2.5, result.Ten.Ratio)
	require.Equal(t, 1.0, result.Ten.BlocksRatio)
	require.Equal(t, 1.0, result.One.Ratio)
}

func TestCreateAllMakesEachWebhookOnce(t *testing.T) {
	var mu sync.Mutex
	var names []string
	refused := ""
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var got webhook
		err := json.NewDecoder(r.Body).Decode(&got)
		mu.Lock()
		defer mu.Unlock()
		names = append(names, got.Name)
		if err != nil || got.OwnerID != ownerID || got.Name == refused {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		_, _ = w.Write([]byte(`{"id":"wh_1"}`)) // a client that is gone fails the test by itself
	}))
	defer api.Close()
	b := &bench{api: newClient("key", api.Listener.Addr().String())}
	webhooks := []webhook{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	require.NoError(t, b.createAll(t.Context(), webhooks))
	slices.Sort(names)
	require.Equal(t, []string{"a", "b", "c"}, names)
	refused = "b"
	require.ErrorContains(t, b.createAll(t.Context(), webhooks), "1 of 3 requests failed")
}
