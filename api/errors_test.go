package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"godwit/api/access"
	"godwit/internal/hook"
)

// failing is a call that must end in a problem. The tables of it meet each
// status of the contract that this version can answer with.
type failing struct {
	status             int
	code               string
	method, path, body string
	headers            []string
}

func (f failing) run(t *testing.T, all *client) {
	name := fmt.Sprintf("%d %s %s %.40q %v", f.status, f.method, f.path, f.body, f.headers)
	t.Run(name, func(t *testing.T) {
		c := all.in(t)
		a := c.call(f.method, f.path, f.body, f.headers...)
		a.problem(f.status, f.code)
		require.NotContains(t, a.Body.String(), "relation", "that is for operators")
	})
}

const goodEvent = `{"id":"e1","type":"T","project_id":"p1","current":{}}`

func TestProblemsOfBodies(t *testing.T) {
	c := newClient(t)
	large := `{"name":"` + strings.Repeat("x", maxBody) + `"}`
	for _, f := range []failing{
		{400, "malformed", "PUT", "/v1/companies/c1", ``, nil},
		{400, "malformed", "PUT", "/v1/companies/c1", `{"name":"a"`, nil},
		{400, "malformed", "PUT", "/v1/companies/c1", `{"name":"a","name":"b"}`, nil},
		{400, "malformed", "PUT", "/v1/companies/c1", `{"name":"a"} 1`, nil},
		{400, "malformed", "PUT", "/v1/companies/c1", "{\"name\":\"\xff\"}", nil},
		{400, "malformed", "PUT", "/v1/companies/c1", "{\"name\":\"\x00\"}", nil},
		{400, "malformed", "POST", "/v1/events", `{"type":"T","type":"T"}`, nil},
		{400, "malformed", "POST", "/v1/events/batch", `{"events":[`, nil},
		{400, "malformed", "POST", "/v1/webhooks", `{`, nil},
		{400, "malformed", "PATCH", "/v1/webhooks/wh_1", `{"name":1,"name":2}`, nil},
		{413, "too_large", "PUT", "/v1/companies/c1", large, nil},
		{413, "too_large", "POST", "/v1/events", large, nil},
		{413, "too_large", "POST", "/v1/events/batch", `{"events":"` + strings.Repeat("x", maxBatch) + `"}`, nil},
		{415, "unsupported_media_type", "PUT", "/v1/companies/c1", `{"name":"a"}`, []string{"Content-Type", "text/plain"}},
		{415, "unsupported_media_type", "PUT", "/v1/companies/c1", `{"name":"a"}`, []string{"Content-Type", "application/merge-patch+json"}},
		{415, "unsupported_media_type", "POST", "/v1/events", goodEvent, []string{"Content-Type", "application/json; charset=latin1"}},
	} {
		f.run(t, c)
	}
}

func TestProblemsOfCalls(t *testing.T) {
	c := staged(t)
	c.call("POST", "/v1/events", goodEvent).is(202)
	for _, f := range []failing{
		{401, "unauthorized", "GET", "/v1/companies", ``, []string{"Authorization", ""}},
		{401, "unauthorized", "GET", "/v1/companies", ``, []string{"Authorization", "Bearer wrong"}},
		{401, "unauthorized", "GET", "/v1/companies", ``, []string{"Authorization", "Basic " + testKey}},
		{401, "unauthorized", "POST", "/v1/events", `{`, []string{"Authorization", ""}},
		{404, "not_found", "GET", "/v1/companies/none", ``, nil},
		{404, "not_found", "GET", "/v1/companies/no%00ne", ``, nil},
		{404, "not_found", "GET", "/v1/companies/" + strings.Repeat("x", 129), ``, nil},
		{404, "not_found", "DELETE", "/v1/event-types/a%20b", ``, nil},
		{404, "not_found", "PUT", "/v1/projects/p1/members/a%20b", ``, nil},
		{404, "not_found", "GET", "/v1/nothing", ``, nil},
		{404, "not_found", "GET", "/v1/companies/", ``, nil},
		{405, "method_not_allowed", "POST", "/v1/companies", `{}`, nil},
		{409, "conflict", "POST", "/v1/events", strings.Replace(goodEvent, "{}", `{"a":1}`, 1), nil},
		{412, "stale", "PATCH", "/v1/webhooks/wh_1", `{}`, []string{"If-Match", `W/"1"`}},
	} {
		f.run(t, c)
	}
}

// TestProblemsOfTheDatabase: an error of the database itself is our fault, and an outage is not.
func TestProblemsOfTheDatabase(t *testing.T) {
	c := newClient(t)
	put := failing{500, "internal", "PUT", "/v1/companies/c1", `{"name":"a"}`, nil}
	t.Run("broken", func(t *testing.T) {
		c := c.in(t)
		c.broken("companies")
		put.run(t, c)
	})
	defer c.away()()
	put.status, put.code = 503, "unavailable"
	put.run(t, c)
}

func TestProblemsOfValues(t *testing.T) {
	c := newClient(t)
	for _, f := range []failing{
		{422, "invalid", "PUT", "/v1/companies/c1", `{}`, nil},
		{422, "invalid", "PUT", "/v1/companies/a%20b", `{"name":"a"}`, nil},
		{422, "invalid", "PUT", "/v1/projects/p9", `{"company_id":"none","name":"a"}`, nil},
		{422, "invalid", "PUT", "/v1/event-types/WEBHOOK_HEALTH_CHECK", `{"group":"g","description":""}`, nil},
		{422, "invalid", "GET", "/v1/companies?limit=0", ``, nil},
		{422, "invalid", "GET", "/v1/companies?limit=201", ``, nil},
		{422, "invalid", "GET", "/v1/companies?limit=ten", ``, nil},
		{422, "invalid", "GET", "/v1/companies?cursor=%21", ``, nil},
		{422, "invalid", "GET", "/v1/companies?cursor=bm9uZQ", ``, nil},
		{422, "invalid", "GET", "/v1/companies?limti=5", ``, nil},
		{422, "invalid", "GET", "/v1/events?since=yesterday", ``, nil},
		{422, "invalid", "GET", "/v1/events?project_id=%00", ``, nil},
		{422, "invalid", "GET", "/v1/deliveries?status=lost", ``, nil},
		{422, "invalid", "GET", "/v1/webhooks?enabled=maybe", ``, nil},
	} {
		f.run(t, c)
	}
}

func TestHeadersOfErrors(t *testing.T) {
	c := newClient(t)
	require.Equal(t, "Bearer", c.call("GET", "/v1/users", "", "Authorization", "").is(401).Header().Get("WWW-Authenticate"))
	require.Contains(t, c.call("POST", "/v1/users/u1", "").is(405).Header().Get("Allow"), "PUT")
	defer c.away()()
	require.Equal(t, "1", c.call("GET", "/v1/companies/c1", "").is(503).Header().Get("Retry-After"))
}

func TestContentTypesThatAreTaken(t *testing.T) {
	c := newClient(t)
	for _, media := range []string{"application/json", "Application/JSON; charset=UTF-8", "application/json;charset=utf-8"} {
		c.call("PUT", "/v1/companies/c1", `{"name":"a"}`, "Content-Type", media)
		require.Len(t, c.call("GET", "/v1/companies", "").json()["data"], 1, media)
	}
	c.call("PUT", "/v1/companies/c1", `{"name":"a"}`).is(200)
}

// TestNoBodyIsReadWithoutKey publishes from a body that fails the test when read.
func TestNoBodyIsReadWithoutKey(t *testing.T) {
	c := newClient(t)
	r := httptest.NewRequest("POST", "/v1/events", unread{t})
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	require.Equal(t, 401, w.Code)
}

type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, errors.New("no")
}

func TestBodyThatBreaksOff(t *testing.T) {
	c := newClient(t)
	r := httptest.NewRequest("POST", "/v1/events", strings.NewReader(`{"type":`))
	r.ContentLength = 100
	r.Header.Set("Authorization", "bearer "+testKey)
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	answerOf{w, t}.problem(400, "malformed")
}

func TestAnAPIWithoutAdminKeyLetsNobodyIn(t *testing.T) {
	handler := New(Options{Store: openStore(t), Log: zap.NewNop()})
	for _, header := range []string{"", "Bearer ", "Bearer x"} {
		r := httptest.NewRequest("GET", "/v1/companies", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Equal(t, 401, w.Code, header)
	}
}

func TestRequestIDs(t *testing.T) {
	c := newClient(t)
	get := func(id string) string {
		return c.call("GET", "/v1/companies", "", "X-Request-Id", id).Header().Get("X-Request-Id")
	}
	require.Equal(t, "a.B-1_x", get("a.B-1_x"))
	for _, bad := range []string{"", "a b", "a\nb", `"><script>`, strings.Repeat("x", 129)} {
		require.Regexp(t, `^[0-9a-f-]{36}$`, get(bad))
	}
	require.NotEqual(t, get(""), get(""))
}

func TestSafetyHeaders(t *testing.T) {
	c := newClient(t)
	for _, path := range []string{"/v1/companies", "/v1/nothing", "/docs/nothing", "/docs", "/openapi.json"} {
		a := c.call("GET", path, "")
		require.Equal(t, "nosniff", a.Header().Get("X-Content-Type-Options"), path)
		want := "no-store"
		if strings.HasPrefix(path, "/docs") && a.Code == http.StatusOK || path == "/openapi.json" {
			want = "no-cache"
		}
		require.Equal(t, want, a.Header().Get("Cache-Control"), path)
	}
}

func TestPanicsAre500AndLogged(t *testing.T) {
	core, logs := observer.New(zap.ErrorLevel)
	c := newClientWith(t, func(o *Options) {
		o.CheckURL, o.Log = func(string) (string, error) { panic("of the inside") }, zap.New(core)
	})
	a := c.call("POST", "/v1/webhooks", leastWebhook)
	a.problem(500, "internal")
	require.NotContains(t, a.Body.String(), "of the inside")
	require.Equal(t, 1, logs.Len())
	require.Equal(t, a.Header().Get("X-Request-Id"), logs.All()[0].ContextMap()["request_id"])
}

func TestInternalErrorsAreLoggedOnce(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	c := newClientWith(t, func(o *Options) { o.Log = zap.New(core) })
	c.broken("companies")
	c.call("GET", "/v1/companies/c1?secret=1", "").is(422) // an unknown parameter is no fault of ours
	a := c.call("GET", "/v1/companies/c1", "").is(500)
	failed := logs.FilterMessage("request failed").All()
	require.Len(t, failed, 1)
	require.Contains(t, failed[0].ContextMap()["error"], `relation "companies" does not exist`)
	require.Equal(t, a.Header().Get("X-Request-Id"), failed[0].ContextMap()["request_id"])
	for _, line := range logs.FilterMessage("request.answered").All() {
		require.NotContains(t, fmt.Sprint(line.ContextMap()), "secret")
	}
}

func TestEveryCodeHasOneStatus(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range access.Kinds() {
		require.False(t, seen[k.Code], k.Code)
		seen[k.Code] = true
		require.NotEmpty(t, http.StatusText(k.Status))
		require.Equal(t, k.Status, access.NewProblem(k.Code, "x").Status)
	}
	for _, code := range []hook.Code{hook.CodeInvalid, hook.CodeNotFound, hook.CodeConflict, hook.CodeStale, hook.CodeUnavailable} {
		require.True(t, seen[string(code)], code)
	}
}

// TestAnswers_AreForNoPageOfAnotherSite: a browser shows a page what another site
// answers only where that says so.
func TestAnswers_AreForNoPageOfAnotherSite(t *testing.T) {
	c := newClient(t)
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
		for _, path := range []string{"/v1/companies", "/v1/session", "/v1/app", "/v1/events", "/docs", "/openapi.json"} {
			a := c.call(method, path, "", "Origin", "https://elsewhere.example", "Access-Control-Request-Method", "POST")
			for name := range a.Header() {
				require.NotContains(t, name, "Access-Control", "%s %s", method, path)
			}
		}
	}
}
