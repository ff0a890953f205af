package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/app"
	"godwit/internal/config"
	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

const bootstrap = "the-bootstrap-key-of-the-tests"

// objects are ids by what they are of: "webhook", "project" and so on.
type objects map[string]string

// fill puts ids into the places of a text that name their kind, such as {webhook}.
func (o objects) fill(text string) string {
	for kind, id := range o {
		text = strings.ReplaceAll(text, "{"+kind+"}", id)
	}
	return text
}

// blank puts the places back where the ids are.
func (o objects) blank(text string) string {
	for kind, id := range o {
		text = strings.ReplaceAll(text, id, "{"+kind+"}")
	}
	return text
}

// unknown are ids of nothing at all.
var unknown = objects{
	"company": "not-there-company", "project": "not-there-project", "user": "not-there-user", "event": "not-there-event", "private": "not-there-private",
	"webhook": "wh_not_there", "listener": "wh_not_listening", "play": "play_not_there", "delivery": "dlv_not_there", "redelivery": "rdl_not_there", "key": "key_not_there", "chosen": "not-there-chosen", "session": "ses_not_there", "type": "NOT_THERE",
}

// party is a user with a company, a project, webhooks and all that comes of them.
// Every text that is the party's own begins with its name.
type party struct {
	name string
	key  string
	objects
}

// tenants is an API as the product builds it, with two users. Both are members of
// the project "shared", each of one more.
type tenants struct {
	*testing.T
	handler       http.Handler
	first, second *party
	asked         *int // how many requests were about things of the first user
}

// newHandler makes an API as the product builds it, on its own database.
func newHandler(t *testing.T) (handler http.Handler, databaseURL string) {
	t.Helper()
	databaseURL = pgtest.URL(t)
	handler, closed, err := app.BuildAPI(config.Config{
		ListenAddr: "127.0.0.1:0", OpsAddr: "127.0.0.1:0", DatabaseURL: databaseURL, TemporalAddress: "127.0.0.1:2", TemporalNamespace: "none", // no target, unlike port 1
		AdminKey: bootstrap, EncryptionKeys: config.Keyring{bytes.Repeat([]byte{7}, 32)}, EgressAllow: loopback(t), AllowHTTP: true, Play: true, AllowedHosts: config.Hosts{"example.com"},
	})
	require.NoError(t, err)
	t.Cleanup(closed)
	return handler, databaseURL
}

func newTenants(t *testing.T) *tenants {
	t.Helper()
	s, _ := newTenantsOn(t)
	return s
}

// newTenantsOn also gives the URL of the database.
func newTenantsOn(t *testing.T) (*tenants, string) {
	t.Helper()
	handler, databaseURL := newHandler(t)
	s := &tenants{T: t, handler: handler, asked: new(int)}
	s.must(bootstrap, "PUT", "/v1/companies/common", `{"name":"Common"}`)
	s.must(bootstrap, "PUT", "/v1/projects/shared", `{"company_id":"common","name":"Shared"}`)
	s.first, s.second = s.join("first"), s.join("second")
	s.must(bootstrap, "POST", "/v1/events", `{"id":"shared-event","type":"TODO_CREATED","project_id":"shared","current":{"id":"1"}}`)
	s.settle(s.first)
	s.settle(s.second)
	return s, databaseURL
}

func loopback(t *testing.T) config.Prefixes {
	t.Helper()
	var out config.Prefixes
	require.NoError(t, out.UnmarshalText([]byte("127.0.0.0/8")))
	return out
}

// call makes one request; rest is its body, then headers by name and value. Every
// request has the same id, so that answers can be compared. The key may also be the
// cookie of a session, as signedIn gives it.
func (s *tenants) call(key, method, path string, rest ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(rest[0]))
	if cookie, ok := strings.CutPrefix(key, "Cookie: "); ok {
		r.Header.Set("Cookie", cookie)
	} else {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	r.Header.Set("X-Request-Id", "the-same")
	for i := 1; i < len(rest); i += 2 {
		r.Header.Set(rest[i], rest[i+1])
	}
	w := httptest.NewRecorder()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	s.handler.ServeHTTP(untilFlushed{w, cancel}, r.WithContext(ctx))
	return w
}

// untilFlushed ends a stream with the first that it brings.
type untilFlushed struct {
	*httptest.ResponseRecorder
	end func()
}

func (w untilFlushed) Flush() { w.end() }

// must makes a request that succeeds, and gives its answer.
func (s *tenants) must(key, method, path, body string) map[string]any {
	s.Helper()
	got := s.call(key, method, path, body)
	require.Less(s, got.Code, 300, "%s %s: %s", method, path, got.Body)
	var out map[string]any
	if got.Body.Len() > 0 {
		require.NoError(s, json.Unmarshal(got.Body.Bytes(), &out))
	}
	return out
}

// join makes a user with a project, a key and three webhooks, one by a key of its choice.
func (s *tenants) join(name string) *party {
	s.Helper()
	p := &party{name: name, objects: objects{"company": name + "-company", "project": name + "-project", "user": name + "-user", "type": "TODO_CREATED"}}
	s.must(bootstrap, "PUT", p.fill("/v1/companies/{company}"), p.fill(`{"name":"{company} name"}`))
	s.must(bootstrap, "PUT", p.fill("/v1/projects/{project}"), p.fill(`{"company_id":"{company}","name":"{project} name"}`))
	s.must(bootstrap, "PUT", p.fill("/v1/users/{user}"), p.fill(`{"name":"{user} name","email":"{user}@example.com"}`))
	s.must(bootstrap, "PUT", p.fill("/v1/projects/{project}/members/{user}"), "")
	s.must(bootstrap, "PUT", p.fill("/v1/projects/shared/members/{user}"), "")
	key := s.must(bootstrap, "POST", "/v1/api-keys", p.fill(`{"name":"{user} key","role":"user","user_id":"{user}"}`))
	p.key, p.objects["signing"] = key["key"].(string), key["id"].(string)
	p.objects["key"] = s.must(p.key, "POST", "/v1/api-keys", p.fill(`{"name":"{user} laptop","role":"user"}`))["id"].(string)
	p.objects["chosen"] = name + "-chosen"
	s.must(p.key, "PUT", p.fill("/v1/webhooks/by-key/{chosen}"), p.fill(rule+`"projects":["{project}"]}],"enabled":false}`))
	for range 2 {
		p.objects["session"] = s.must(p.key, "POST", "/v1/session", `{"key":"`+p.key+`"}`)["id"].(string)
		w := s.must(p.key, "POST", "/v1/webhooks", p.fill(`{"name":"{user} webhook","url":"http://127.0.0.1:1/{user}",
			"rules":[{"events":["*"],"projects":["shared","{project}"]},{"events":["webhook.*"]}],"metadata":{"{user}":1}}`))
		require.Equal(s, p.objects["user"], w["owner_id"])
		p.objects["webhook"] = w["id"].(string)
	}
	p.objects["listener"] = s.must(p.key, "POST", "/v1/listeners", p.fill(`{"name":"laptop","rules":[{"events":["webhook.*"],"projects":["{project}"]}]}`))["id"].(string)
	p.objects["play"] = s.must(p.key, "POST", "/v1/play", "")["id"].(string)
	return p
}

// settle gives a user an event, deliveries, a test and a redelivery.
func (s *tenants) settle(p *party) {
	s.Helper()
	p.objects["event"] = p.name + "-event"
	s.must(bootstrap, "POST", "/v1/events", p.fill(`{"id":"{event}","type":"TODO_CREATED","project_id":"{project}","actor_id":"{user}","current":{"id":"{user}"}}`))
	require.Equal(s, http.StatusOK, s.call("", "POST", p.fill("/play/{play}"), "", "webhook-id", p.objects["event"]).Code)
	test := s.must(p.key, "POST", p.fill("/v1/webhooks/{webhook}/test"), p.fill(`{"current":{"id":"{user}"}}`))
	p.objects["private"], p.objects["delivery"] = test["event_id"].(string), test["delivery_id"].(string)
	p.objects["redelivery"] = s.must(p.key, "POST", p.fill("/v1/webhooks/{webhook}/redeliver"), `{"since":"2020-01-01T00:00:00Z"}`)["redelivery_id"].(string)
}

// requireNothingOf says that an answer holds nothing of a party.
func (s *tenants) requireNothingOf(p *party, asked string, got *httptest.ResponseRecorder) {
	s.Helper()
	text := new(bytes.Buffer)
	require.NoError(s, got.Header().Write(text))
	text.Write(got.Body.Bytes())
	require.NotContains(s, text.String(), p.name+"-", asked)
	for kind, id := range p.objects {
		if kind != "type" {
			require.NotContains(s, text.String(), id, asked)
		}
	}
}

// requireHidden makes a request of the second user about things of the first one,
// and the same about things that are not there: both answers must be one, but for
// the ids that were sent.
func (s *tenants) requireHidden(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	s.Helper()
	asked := method + " " + path + " " + body + strings.Join(headers, " ")
	got := s.call(s.second.key, method, s.first.fill(path), append([]string{s.first.fill(body)}, headers...)...)
	want := s.call(s.second.key, method, unknown.fill(path), append([]string{unknown.fill(body)}, headers...)...)
	require.Equal(s, want.Code, got.Code, "%s: %s", asked, got.Body)
	plain := httptest.NewRecorder()
	plain.Body.WriteString(s.first.blank(got.Body.String()))
	require.Equal(s, unknown.blank(want.Body.String()), plain.Body.String(), asked)
	require.Equal(s, want.Header(), got.Header(), asked)
	maps.Copy(plain.Header(), got.Header())
	s.requireNothingOf(s.first, asked, plain)
	*s.asked++
	return got
}

// signedIn is the session of a browser that has signed in with a key.
func (s *tenants) signedIn(key string) string {
	s.Helper()
	got := s.call("", "POST", "/v1/session", `{"key":"`+key+`"}`)
	require.Less(s, got.Code, 300, got.Body)
	cookie, _, _ := strings.Cut(got.Header().Get("Set-Cookie"), ";")
	return "Cookie: " + cookie
}

// state is all that an admin sees of what a party has.
func (s *tenants) state(p *party) string {
	var out strings.Builder
	for _, path := range []string{"/v1/webhooks?owner_id={user}", "/v1/webhooks/{webhook}", "/v1/webhooks/{webhook}/health", "/v1/webhooks/{webhook}/redeliveries",
		"/v1/deliveries?webhook_id={webhook}", "/v1/deliveries/{delivery}", "/v1/projects/{project}", "/v1/projects/{project}/members", "/v1/users/{user}", "/v1/companies/{company}"} {
		out.WriteString(s.call(bootstrap, "GET", p.fill(path), "").Body.String())
	}
	return out.String()
}

var nextCursor = regexp.MustCompile(`next_cursor":"([^"]+)"`)

// TestNothingElseIsAskedOfWhatIsHidden: neither a body nor a header nor a method
// tells what is hidden from what is not there.
func TestNothingElseIsAskedOfWhatIsHidden(t *testing.T) {
	s := newTenants(t)
	for _, op := range s.operations() {
		// Keys are looked up among the user's own, and everybody sees the types.
		if !op.open() || !op.hasIDs() || strings.Contains(op.path, "/by-key/") || strings.Contains(op.path, "/event-types/") {
			continue
		}
		path := op.place()
		for _, body := range []string{"", "{", `{"unknown":1}`, `[]`, `{"event_id":"/"}`, strings.Repeat(" ", 10<<20)} {
			require.Equal(t, http.StatusNotFound, s.requireHidden(op.method, path, body).Code, "%s %s %.20s", op.method, path, body)
		}
		for _, header := range [][]string{{"If-Match", `"99"`}, {"If-Match", "x"}, {"Content-Type", "text/plain"}, {"Content-Type", "application/merge-patch+json"}, {"Idempotency-Key", "k"}} {
			require.Equal(t, http.StatusNotFound, s.requireHidden(op.method, path, `{}`, header...).Code, "%s %s %v", op.method, path, header)
		}
		for _, query := range []string{"?limit=none", "?unknown=1", "?cursor=x", "?since=tomorrow"} {
			require.Equal(t, http.StatusNotFound, s.requireHidden(op.method, path+query, "").Code, "%s %s%s", op.method, path, query)
		}
		for _, method := range []string{http.MethodHead, http.MethodOptions, "TRACE", "FROM"} {
			require.Equal(t, http.StatusMethodNotAllowed, s.requireHidden(method, path, "").Code, "%s %s", method, path)
		}
	}
}

// TestWhoLosesAProjectSeesNoneOfItsEvents: what was delivered stays in the
// ledger of the webhook, but what it was about is gone.
func TestWhoLosesAProjectSeesNoneOfItsEvents(t *testing.T) {
	s := newTenants(t)
	p := s.first
	explain := func() *httptest.ResponseRecorder {
		return s.call(p.key, "POST", p.fill("/v1/webhooks/{webhook}/explain"), p.fill(`{"event_id":"{event}"}`))
	}
	require.Equal(t, http.StatusOK, explain().Code)
	require.Equal(t, http.StatusOK, s.call(p.key, "GET", p.fill("/v1/events/{event}"), "").Code)
	s.must(bootstrap, "DELETE", p.fill("/v1/projects/{project}/members/{user}"), "")
	require.Equal(t, http.StatusNotFound, explain().Code)
	require.Equal(t, http.StatusNotFound, s.call(p.key, "GET", p.fill("/v1/events/{event}"), "").Code)
	require.Equal(t, http.StatusNotFound, s.call(p.key, "GET", p.fill("/v1/projects/{project}"), "").Code)
	list := s.must(p.key, "GET", p.fill("/v1/deliveries?event_id={event}&webhook_id={webhook}"), "")["data"].([]any)
	require.Len(t, list, 1)
	require.Equal(t, string(hook.Cancelled), list[0].(map[string]any)["status"])
	shown := s.call(p.key, "GET", p.fill("/v1/webhooks/{webhook}"), "").Body.String()
	require.NotContains(t, shown, "no longer a member of project", "whether the project is still there is not the owner's to see")
}

// TestPublishersOnlyPublish tries every operation with a publisher's key.
func TestPublishersOnlyPublish(t *testing.T) {
	s := newTenants(t)
	key := s.must(bootstrap, "POST", "/v1/api-keys", `{"name":"app","role":"publisher"}`)["key"].(string)
	for _, op := range s.operations() {
		got := s.call(key, op.method, s.first.fill(op.place()), "")
		if op.ID == "get-app" { // which everybody may ask
			require.Equal(t, http.StatusOK, got.Code)
			continue
		}
		if strings.HasPrefix(op.ID, "publish-") || slices.Contains([]string{"sign-in", "look-at-portal-link", "begin-device", "poll-device"}, op.ID) { // which need no key
			require.Equal(t, http.StatusBadRequest, got.Code, op.ID)
			continue
		}
		require.Equal(t, http.StatusForbidden, got.Code, op.ID)
		*s.asked++
	}
	t.Logf("attacks: tenancy: %d requests with a publisher's key, all refused", *s.asked)
}
