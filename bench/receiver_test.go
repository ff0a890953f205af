package main

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func deliver(t *testing.T, url, id string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	require.NoError(t, err)
	req.Header.Set("webhook-id", id)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}

func TestReceiverTellsDuplicatesAndMissingOnes(t *testing.T) {
	r, err := startReceiver(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.close()) })
	one, two := r.open("s/0", 2), r.open("s/1", 3)

	for _, id := range []string{"a", "b", "a"} {
		require.Equal(t, http.StatusOK, deliver(t, one.url, id))
	}
	require.Equal(t, http.StatusOK, deliver(t, two.url, "a"))
	require.Equal(t, http.StatusNotFound, deliver(t, r.base+"/nobody", "a"))

	require.NoError(t, one.await(t.Context()))
	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, two.await(over), "1 of 3 events arrived")

	result := throughputResult{Events: 3, Webhooks: 2}
	last := result.count([]*mailbox{one, two})
	require.Equal(t, 1, result.Duplicates)
	require.Equal(t, 3, result.Lost) // 3 of 6 came
	first, _ := two.arrivals()
	require.Equal(t, first["a"], last)
}

func TestStateHasItsSize(t *testing.T) {
	require.Len(t, state("done"), stateBytes)
}
