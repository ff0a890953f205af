package e2e_test

import (
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/contract"
)

// described is what the API says of itself, as the first process that was asked
// gave it; all are of one build.
var described struct {
	sync.Once
	document *contract.Document
	err      error
}

// exchange sends a request of the API and holds it and its answer against the
// OpenAPI document: every test of the API shows whether that is true.
func exchange(t testing.TB, req *http.Request) reply {
	t.Helper()
	var sent []byte
	if req.GetBody != nil {
		body, err := req.GetBody()
		require.NoError(t, err)
		sent, err = io.ReadAll(body)
		require.NoError(t, err)
	}
	got := fetch(t, req)
	described.Do(func() {
		described.document, described.err = contract.New(documentOf(t, "http://"+req.URL.Host))
	})
	require.NoError(t, described.err)
	require.NotNil(t, described.document, "the document could not be fetched")
	require.NoError(t, described.document.Check(contract.Exchange{Method: req.Method, Path: req.URL.EscapedPath(), Sent: sent,
		Status: got.status, Header: got.header, Body: got.raw}), string(got.raw))
	return got
}

// documentOf is the OpenAPI document of a server.
func documentOf(t testing.TB, base string) []byte {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, base+"/openapi.json", nil)
	require.NoError(t, err)
	got := fetch(t, req)
	require.Equal(t, http.StatusOK, got.status)
	return got.raw
}

func fetch(t testing.TB, req *http.Request) reply {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return reply{resp.StatusCode, resp.Header, raw}
}
