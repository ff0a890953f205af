package api

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"godwit/internal/apikey"
	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/ops"
	"godwit/internal/verify"
)

// newPlay is a client of an API with a play address, and its path.
func newPlay(t *testing.T) (*client, string) {
	t.Helper()
	c := newClient(t)
	a := c.call("POST", "/v1/play", "").is(201).json()
	require.Equal(t, "http://example.com/play/"+a["id"].(string), a["url"])
	return c, "/play/" + a["id"].(string)
}

// played is what came to an address, the newest first.
func (c *client) played(path string) []hook.PlayRequest {
	c.t.Helper()
	all, err := c.store.PlayRequests(c.t.Context(), strings.TrimPrefix(path, hook.PlayPath), hook.Page{Limit: hook.MaxPlayRequests})
	require.NoError(c.t, err)
	return all
}

func TestPlay_AnswersAsItsAddressSays(t *testing.T) {
	c, path := newPlay(t)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS"} {
		got := c.call(method, path+"?status=503&retry_after=7&body=%3Cb%3Elater", "{}", "Authorization", "").is(503)
		require.Equal(t, "7", got.Header().Get("Retry-After"))
		require.Equal(t, "<b>later", got.Body.String())
		require.Equal(t, "text/plain; charset=utf-8", got.Header().Get("Content-Type"))
		require.Equal(t, "nosniff", got.Header().Get("X-Content-Type-Options"))
	}
	require.Empty(t, c.call("POST", path+"?retry_after=7", "").is(200).Header().Get("Retry-After"))
	c.call("POST", path+"?failure_rate=1", "").is(500)
	require.Contains(t, c.call("POST", path+"?delay=1h", "").is(422).Body.String(), "The parameter delay of the play address must be")
	require.Len(t, c.played(path), 8)
	c.call("TRACE", path, "").is(405)
}

func TestPlay_KeepsWhatCame(t *testing.T) {
	c, path := newPlay(t)
	body := strings.Repeat("x", hook.MaxPlayBody+1)
	c.call("POST", path+"?status=204", body, "webhook-id", "todo-1", "Godwit-Webhook", "no such\xff", "X-Two", "1")
	r := c.played(path)[0]
	require.Equal(t, hook.MaxPlayBody, len(r.Body))
	require.Equal(t, []any{"POST", "status=204", 204, hook.MaxPlayBody + 1, "todo-1", ""}, []any{r.Method, r.Query, r.StatusCode, r.Size, r.EventID, r.WebhookID})
	require.Contains(t, r.Headers, hook.Header{Name: "X-Two", Value: "1"})
	require.Equal(t, "no_webhook", r.Finding.Code)
	got := c.call("GET", "/v1"+path+"/requests", "").is(200).json()["data"].([]any)[0].(map[string]any)
	require.Equal(t, true, got["truncated"])
	require.Equal(t, "todo-1", got["event_id"])
	c.call("POST", path, strings.Repeat("x", maxPlayedBody+1)).is(413)
	require.Len(t, c.played(path), 1)
}

// TestPlay_KeepsNothingThatSignsIn: a browser that opens the address sends its cookie,
// and the owner of the address sees what came.
func TestPlay_KeepsNothingThatSignsIn(t *testing.T) {
	c, path := newPlay(t)
	kept := func(headers ...string) map[string]any {
		c.call("GET", path, "", append([]string{"Authorization", ""}, headers...)...).is(200)
		all := c.call("GET", "/v1"+path+"/requests", "").is(200).json()["data"].([]any)
		return all[0].(map[string]any)["headers"].(map[string]any)
	}
	for _, cookie := range []string{"godwit=HUSH", "a=b; __Host-godwit=HUSH", "sso=HUSH"} {
		got := kept("Cookie", cookie, "Authorization", "Basic HUSH", "X-Access-Token", "HUSH", "User-Agent", "Browser/1", "Referer", "https://HUSH")
		require.NotContains(t, fmt.Sprint(got), "HUSH")
		require.Equal(t, []any{"Browser/1", notKept}, []any{got["User-Agent"], got["Cookie"]})
	}
	require.NotContains(t, kept("Authorization", "Basic HUSH", "Sec-Fetch-Mode", "navigate"), "HUSH")
	for _, key := range []string{testKey, apikey.New()} {
		require.Equal(t, notKept, kept("Authorization", "Bearer "+key)["Authorization"])
	}
	require.Equal(t, "Bearer of-the-receiver", kept("Authorization", "Bearer of-the-receiver")["Authorization"], "a webhook may have it")
}

// TestPlay_GivesTheRoomOfABodyBackBeforeItWaits: a few large requests with a long delay
// would keep all others from the room for bodies.
func TestPlay_GivesTheRoomOfABodyBackBeforeItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, path := newPlay(t)
		var ends sync.WaitGroup
		const many = 8<<20/maxPlayedBody + 2
		for range many {
			ends.Go(func() { c.call("POST", path+"?delay=30s", strings.Repeat("x", maxPlayedBody)) })
			synctest.Wait()
		}
		require.Len(t, c.played(path), many)
		ends.Wait()
	})
}

func TestPlay_IsNotThereWhereItIsOff(t *testing.T) {
	c := newClientWith(t, func(o *Options) { o.Play = false })
	off := func(method, path string) {
		require.Contains(t, c.call(method, path, "").is(404).Body.String(), "GODWIT_PLAY", path)
	}
	off("GET", "/v1/play")
	off("GET", "/v1/play/play_1/requests")
	c.away() // nothing is looked up
	off("POST", "/v1/play")
	off("POST", "/play/"+id.New(id.Play))
}

// TestPlay_IsBoundedBeforeTheDatabase: an address that is not there costs a look into
// the database, and nobody needs a key for that.
func TestPlay_IsBoundedBeforeTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, path := newPlay(t)
		for range astray.Burst {
			c.call("POST", "/play/"+id.New(id.Play), "").is(404)
		}
		back := c.away()
		c.call("POST", "/play/no-such-form", "").is(404)
		require.NotEmpty(t, c.call("POST", "/play/"+id.New(id.Play), "").is(429).Header().Get("Retry-After"))
		back()

		<-time.After(time.Minute)
		c.call("POST", path, "").is(200) // as from a network whose address it is
		for range played.Burst {
			c.call("POST", path, "").is(200)
		}
		c.call("POST", path, "").is(429)
		var received int
		c.scan(`SELECT received FROM play_addresses`, &received)
		require.Equal(t, 1+played.Burst, received)
	})
}

func TestPlay_LogsNoAddress(t *testing.T) {
	require.Equal(t, "/play/…", shownPath("/play/"+id.New(id.Play)))
	require.Equal(t, "/v1/webhooks", shownPath("/v1/webhooks"))
}

// TestPlay_KnowsEveryFinding: clients are generated from the document.
func TestPlay_KnowsEveryFinding(t *testing.T) {
	c, path := newPlay(t)
	doc := fmt.Sprint(c.call("GET", "/openapi.json", "").json()["components"].(map[string]any)["schemas"].(map[string]any)["PlayCheck"])
	for _, code := range []verify.Code{verify.OK, verify.SecretMissing, verify.SecretIsSignature, verify.SecretForm, verify.SecretPrivate, verify.SignatureMissing, verify.IDMissing,
		verify.TimestampMissing, verify.TimestampForm, verify.TimestampUnit, verify.SignatureForm, verify.BodyChanged, verify.HeadersChanged, verify.OtherScheme, verify.Mismatch,
		verify.TimestampOld, verify.TimestampInTheFuture} {
		require.Regexp(t, regexp.MustCompile(`[\[ ]`+string(code)+`[\] ]`), doc)
	}
	c.call(http.MethodPost, path, "")
	require.Contains(t, doc, c.played(path)[0].Finding.Code)
}

// TestPlay_IsNoPartOfHowTheAPIDoes: its caller asks for its failures and delays.
func TestPlay_IsNoPartOfHowTheAPIDoes(t *testing.T) {
	registry := prometheus.NewRegistry()
	c := newClientWith(t, func(o *Options) { o.Metrics = ops.NewMetrics(registry, ops.Labels{}, nil) })
	a := c.call("POST", "/v1/play", "").is(201).json()
	c.call("POST", "/play/"+a["id"].(string)+"?status=503", "").is(503)
	families, err := registry.Gather()
	require.NoError(t, err)
	i := slices.IndexFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == "godwit_request_duration_seconds" })
	answered := uint64(0)
	for _, m := range families[i].GetMetric() {
		answered += m.GetHistogram().GetSampleCount()
	}
	require.EqualValues(t, 1, answered)
}
