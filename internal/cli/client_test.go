package cli_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/cli"
)

func failure(t *testing.T, err error) *cli.Failure {
	t.Helper()
	var f *cli.Failure
	require.True(t, errors.As(err, &f), "%v", err)
	return f
}

// TestClient_SaysWhatWentWrong: each kind of answer has its exit code and words.
func TestClient_SaysWhatWentWrong(t *testing.T) {
	status, body := 0, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer key" {
			panic("the key is missing")
		}
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	c := &cli.Client{URL: server.URL, Key: "key"}
	call := func() *cli.Failure {
		return failure(t, c.Call(context.Background(), "POST", "/v1/webhooks", map[string]any{}, nil))
	}
	for answered, code := range map[int]int{400: 6, 401: 3, 403: 3, 404: 4, 409: 5, 410: 4, 412: 5, 413: 6, 418: 1, 422: 6, 429: 7, 500: 7, 503: 7} {
		status, body = answered, `{"title":"No","detail":"because","request_id":"r1"}`
		f := call()
		require.Equal(t, code, f.Code, answered)
		require.Contains(t, f.Error(), "No: because")
		require.Contains(t, f.Error(), "request id: r1")
	}
	status, body = 422, `{"title":"Some values are not acceptable","detail":"joined","errors":[{"pointer":"/name","detail":"is required"}]}`
	require.Equal(t, "Some values are not acceptable\n  /name is required", call().Error())
	status, body = 502, "<html>"
	require.Contains(t, call().Error(), "502 Bad Gateway")
	server.Close()
	f := call()
	require.Equal(t, cli.ExitUnreachable, f.Code)
	require.NotContains(t, f.Error(), "/v1/webhooks")

	require.Equal(t, cli.ExitUsage, failure(t, (&cli.Client{URL: "localhost:8080", Key: "key"}).Check()).Code)
	require.Equal(t, cli.ExitSignIn, failure(t, (&cli.Client{URL: "http://localhost:8080"}).Check()).Code)
	require.NoError(t, c.Check())
}

// TestClient_FollowsNoRedirect: what was to be changed would be read, and the command
// would succeed.
func TestClient_FollowsNoRedirect(t *testing.T) {
	calls := 0
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls++; r.URL.Path == "/elsewhere" {
			_, _ = io.WriteString(w, "{}")
			return
		}
		http.Redirect(w, r, server.URL+"/elsewhere", http.StatusMovedPermanently)
	}))
	defer server.Close()
	for _, method := range []string{"GET", "POST", "DELETE"} {
		calls = 0
		f := failure(t, (&cli.Client{URL: server.URL, Key: "key"}).Call(context.Background(), method, "/v1/webhooks", nil, nil))
		require.Equal(t, []any{cli.ExitNo, 1}, []any{f.Code, calls})
		require.Contains(t, f.Error(), "call "+server.URL)
	}
}

// TestClient_DeletesOnce: a DELETE whose answer was lost comes again, and finds that
// nothing is left to delete. Only then 404 says that it is done.
func TestClient_DeletesOnce(t *testing.T) {
	const lost = 0
	for name, test := range map[string]struct {
		method  string
		answers []int
		code    int // 0 = done
	}{
		"gone after an answer that was lost":  {"DELETE", []int{lost, 404}, 0},
		"deleted by the second call":          {"DELETE", []int{lost, 204}, 0},
		"gone from the start":                 {"DELETE", []int{404}, cli.ExitNotFound},
		"gone after one that came too early":  {"DELETE", []int{429, 404}, cli.ExitNotFound},
		"gone after both":                     {"DELETE", []int{lost, 429, 404}, 0},
		"refused after an answer was lost":    {"DELETE", []int{lost, 403}, cli.ExitSignIn},
		"two answers lost":                    {"DELETE", []int{lost, lost}, cli.ExitUnreachable},
		"nothing to read after a lost answer": {"GET", []int{lost, 404}, cli.ExitNotFound},
		"nothing to change":                   {"PATCH", []int{lost, 404}, cli.ExitNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				status := test.answers[calls]
				if calls++; status == lost {
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(status)
			}))
			defer server.Close()
			c := &cli.Client{URL: server.URL, Key: "key", Waits: 3}
			err := c.Call(context.Background(), test.method, "/v1/webhooks/wh_1", nil, nil)
			require.Equal(t, len(test.answers), calls)
			if test.code == 0 {
				require.NoError(t, err)
				return
			}
			require.Equal(t, test.code, failure(t, err).Code)
		})
	}
}
