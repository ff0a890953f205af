package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"godwit/internal/apikey"
	"godwit/internal/hook"
	"godwit/internal/match"
	"godwit/internal/store"
)

const testKey = "a-key-of-the-tests"

// maxFailures is how many wrong keys one network may send at once.
const maxFailures = 20

// client calls an API on a database.
type client struct {
	t       *testing.T
	store   *store.Store
	probe   hook.Result // what a probe comes to
	wakes   int
	windows int    // wakes of them
	secrets int    // that were made
	address string // whose calls they are; empty = that of httptest
	handler http.Handler
}

func newClient(t *testing.T) *client { return newClientWith(t, func(*Options) {}) }

// newClientWith is newClient with changes to what the API is built from.
func newClientWith(t *testing.T, change func(*Options), of ...store.Options) *client {
	c := &client{t: t, store: openStore(t, of...)}
	engine, err := match.New(match.Options{Store: c.store})
	require.NoError(t, err)
	options := Options{
		Store:        c.store,
		Matching:     engine,
		CheckRule:    engine.CheckRule,
		AdminKeyHash: apikey.Hash(testKey),
		AllowedHosts: []string{"example.com"},
		Streams:      endedStreams(),
		Play:         true,
		Look:         Look{Name: "Godwit", TemporalLinks: "admins"},
		CheckURL: func(raw string) (string, error) {
			if !strings.HasPrefix(raw, "https://") {
				return "", errors.New("must be an https:// address")
			}
			return strings.Replace(raw, "ü", "xn--", 1), nil
		},
		CheckHeaders: func(headers map[string]string) error {
			if _, ok := headers["Host"]; ok {
				return hook.Invalid("/headers/Host", "must not be set")
			}
			return nil
		},
		CheckIdentity: func(w hook.Webhook) error {
			if (w.ClientCertificate == "") != (w.ClientKey == "") {
				return hook.Invalid("/client_key", "must be there, or not, as the certificate is")
			}
			return nil
		},
		Probe:     func(context.Context, hook.Webhook) (hook.Result, error) { return c.probe, nil },
		Show:      showing("{}", false),
		NewSecret: c.newSecret,
		Wake: func(due hook.Due) {
			if due == hook.DueWindows {
				c.windows++
			} else {
				c.wakes++
			}
		},
		Workflows: Workflows{
			ID:   func(d hook.Delivery) string { return "dlv/" + d.ID },
			Link: func(id, run string) string { return "http://temporal.test/" + id + "/" + run },
		},
		Version: "test",
		Log:     zap.NewNop(),
	}
	change(&options)
	c.handler = New(options)
	return c
}

// staged is newClient with rows that a test can be about.
func staged(t *testing.T) *client { return stagedWith(t, func(*Options) {}) }

// stagedWith is newClientWith with them.
func stagedWith(t *testing.T, change func(*Options), of ...store.Options) *client {
	c := newClientWith(t, change, of...)
	c.exec(rowsOfTests)
	return c
}

// in is the client in a part of a test.
func (c *client) in(t *testing.T) *client {
	part := *c
	part.t = t
	return &part
}

// newSecret makes another secret each time.
func (c *client) newSecret(scheme hook.Signature) string {
	c.secrets++
	if scheme == hook.Ed25519 {
		return hook.PrivateKeyPrefix + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{byte(c.secrets)}, 64))
	}
	return "whsec_c2VjcmV0" + strings.Repeat("AAAA", c.secrets-1)
}

// answerOf is what a call came to.
type answerOf struct {
	*httptest.ResponseRecorder
	t *testing.T
}

func (c *client) call(method, path, body string, headers ...string) answerOf {
	c.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+testKey)
	if c.address != "" {
		r.RemoteAddr = c.address + ":1234"
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	return answerOf{w, c.t}
}

func (a answerOf) is(status int) answerOf {
	a.t.Helper()
	require.Equal(a.t, status, a.Code, a.Body.String())
	return a
}

func (a answerOf) json() map[string]any {
	a.t.Helper()
	var v map[string]any
	require.NoError(a.t, json.Unmarshal(a.Body.Bytes(), &v), a.Body.String())
	return v
}

// problem checks that the answer is a whole problem of this kind and gives its
// errors as pointer -> detail.
func (a answerOf) problem(status int, code string) map[string]string {
	a.t.Helper()
	a.is(status)
	require.Equal(a.t, "application/problem+json", a.Header().Get("Content-Type"))
	p := a.json()
	for _, field := range []string{"type", "title", "status", "detail", "instance", "code", "request_id", "errors"} {
		require.Contains(a.t, p, field)
	}
	require.Equal(a.t, code, p["code"])
	require.EqualValues(a.t, status, p["status"])
	require.NotEmpty(a.t, p["detail"])
	require.Equal(a.t, a.Header().Get("X-Request-Id"), p["request_id"])
	out := map[string]string{}
	for _, e := range p["errors"].([]any) {
		e := e.(map[string]any)
		out[e["pointer"].(string)] = e["detail"].(string)
	}
	return out
}
