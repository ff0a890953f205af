package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

const (
	secret      = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	otherSecret = "whsec_aGFsZiBhIHNlY3JldCBpcyBub3Qgb25l"
	body        = `{"type": "TODO_CREATED"}`
)

// headers signs body as the independent library does it.
func headers(t *testing.T, secret string, at time.Time) http.Header {
	t.Helper()
	signer, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	signature, err := signer.Sign("evt_1", at, []byte(body))
	require.NoError(t, err)
	h := http.Header{}
	h.Set("webhook-id", "evt_1")
	h.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	h.Set("webhook-signature", signature)
	h.Set("Godwit-Event", "TODO_CREATED")
	h.Set("Godwit-Attempt", "1")
	return h
}

// post sends one request to a receiver and gives its answer and what it printed.
func post(t *testing.T, r receiver, h http.Header, body string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	r.lines = log.New(&out, "", 0)
	server := httptest.NewServer(r)
	defer server.Close()
	req, err := http.NewRequest(http.MethodPost, server.URL, strings.NewReader(body))
	require.NoError(t, err)
	req.Header = h
	answer, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer answer.Body.Close()
	return answer.StatusCode, out.String()
}

func TestReceiverChecksSignatures(t *testing.T) {
	now := time.Now()
	good := headers(t, secret, now)
	with := func(name, value string) http.Header {
		h := good.Clone()
		h.Set(name, value)
		return h
	}
	both := headers(t, otherSecret, now).Get("webhook-signature") + " " + good.Get("webhook-signature")
	for name, tc := range map[string]struct {
		headers http.Header
		body    string
		want    int
		line    string
	}{
		"good":               {good, body, 200, `verified "TODO_CREATED" id="evt_1" attempt="1" {"type":"TODO_CREATED"}` + "\n"},
		"rotated secret":     {with("webhook-signature", both), body, 200, "verified"},
		"just young enough":  {headers(t, secret, now.Add(-tolerance+5*time.Second)), body, 200, "verified"},
		"changed body":       {good, `{"type":"TODO_DELETED"}`, 401, "refused: no webhook-signature"},
		"other secret":       {headers(t, otherSecret, now), body, 401, "refused: no webhook-signature"},
		"other id":           {with("webhook-id", "evt_2"), body, 401, "refused: no webhook-signature"},
		"no signature":       {with("webhook-signature", ""), body, 401, "refused: no webhook-signature"},
		"unknown version":    {with("webhook-signature", "v2"+good.Get("webhook-signature")[2:]), body, 401, "refused: no webhook-signature"},
		"garbled signature":  {with("webhook-signature", "v1,%%%"), body, 401, "refused: no webhook-signature"},
		"too old":            {headers(t, secret, now.Add(-tolerance-5*time.Second)), body, 401, "refused: webhook-timestamp is 5m"},
		"from the future":    {headers(t, secret, now.Add(tolerance+5*time.Second)), body, 401, "refused: webhook-timestamp is -5m"},
		"no timestamp":       {with("webhook-timestamp", ""), body, 401, "refused: webhook-timestamp is missing"},
		"no headers":         {http.Header{}, body, 401, "refused: webhook-timestamp is missing"},
		"more than is taken": {good, strings.Repeat("x", maxBody+1), 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := parseSecret(secret)
			require.NoError(t, err)
			status, out := post(t, receiver{key: key, status: 200, now: func() time.Time { return now }}, tc.headers, tc.body)
			require.Equal(t, tc.want, status)
			require.True(t, strings.HasPrefix(out, tc.line), out)
		})
	}
}

func TestReceiverWithoutSecretPrintsUnverified(t *testing.T) {
	status, out := post(t, receiver{status: 500, now: time.Now}, http.Header{}, "not\nJSON")
	require.Equal(t, 500, status)
	require.Equal(t, `unverified "" id="" attempt="" "not\nJSON"`+"\n", out)
}

func TestRunRefusesBadFlags(t *testing.T) {
	for _, args := range [][]string{
		{"-secret", "whsec_"},
		{"-secret", "whsec_%%%"},
		{"-secret", strings.TrimPrefix(secret, "whsec_")},
		{"-status", "199"},
		{"-addr", "127.0.0.1:none"},
	} {
		require.Error(t, run(t.Context(), args, io.Discard), args)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Setenv("WEBHOOK_SECRET", "")
	ctx, cancel := context.WithCancel(t.Context())
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-addr", "127.0.0.1:0"}, out) }()
	first := make([]byte, 64)
	n, err := in.Read(first)
	require.NoError(t, err)
	url, ok := strings.CutPrefix(strings.TrimSpace(string(first[:n])), "listening on ")
	require.True(t, ok)
	go io.Copy(io.Discard, in) // what it prints from here on
	answer, err := http.Post(url, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, 200, answer.StatusCode)
	cancel()
	require.NoError(t, <-ended)
}
