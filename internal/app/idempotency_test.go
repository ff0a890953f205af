package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// creating are the operations that take an idempotency key, each with its path
// and a body, by which it makes something new every time.
var creating = map[string][2]string{
	"create-api-key":        {"/v1/api-keys", `{"name":"K","role":"publisher"}`},
	"create-portal-session": {"/v1/portal-sessions", `{"user_id":"{user}"}`},
	"publish-event":         {"/v1/events", `{"type":"TODO_CREATED","project_id":"{project}","current":{"id":"1"}}`},
	"publish-batch":         {"/v1/events/batch", `{"events":[{"type":"TODO_CREATED","project_id":"{project}","current":{"id":"1"}},{"type":"NOT_THERE","project_id":"{project}","current":{}}]}`},
	"create-webhook":        {"/v1/webhooks", `{"owner_id":"{user}","name":"W","url":"http://127.0.0.1:1/","rules":[{"events":["*"],"projects":["{project}"]}]}`},
	"open-listener":         {"/v1/listeners", `{"owner_id":"{user}","name":"once","rules":[{"events":["*"],"projects":["{project}"]}]}`},
	"make-play-address":     {"/v1/play", `{"owner_id":"{user}"}`},
	"rotate-secret":         {"/v1/webhooks/{webhook}/rotate-secret", `{"overlap_seconds":60}`},
	"test-webhook":          {"/v1/webhooks/{webhook}/test", `{"current":{"id":"1"}}`},
	"redeliver-deliveries":  {"/v1/webhooks/{webhook}/redeliver", `{"since":"2020-01-01T00:00:00Z"}`},
	"redeliver":             {"/v1/deliveries/{delivery}/redeliver", ``},
}

const idempotencyKey = "Idempotency-Key"

// requireAgain says that an answer is that of the first time.
func requireAgain(t *testing.T, first, again *httptest.ResponseRecorder) {
	t.Helper()
	require.Equal(t, first.Code, again.Code)
	require.Equal(t, first.Body.String(), again.Body.String())
	require.Equal(t, "true", again.Header().Get("Idempotency-Replayed"))
	require.Empty(t, first.Header().Get("Idempotency-Replayed"))
	for _, name := range []string{"Location", "ETag", "Content-Type"} {
		require.Equal(t, first.Header().Values(name), again.Header().Values(name), name)
	}
}

func TestSameRequestIsCarriedOutOnce(t *testing.T) {
	s := newTenants(t)
	p := s.first
	for _, op := range s.operations() {
		takes := false
		for _, parameter := range op.Parameters {
			takes = takes || parameter.Name == idempotencyKey
		}
		request, known := creating[op.ID]
		require.Equal(t, known, takes, "%s: put it into creating", op.ID)
		if !known {
			continue
		}
		if op.ID == "redeliver" {
			s.must(p.key, "POST", p.fill("/v1/deliveries/{delivery}/cancel"), "")
		}
		path, body := p.fill(request[0]), p.fill(request[1])
		first := s.call(bootstrap, op.method, path, body, idempotencyKey, "k-"+op.ID)
		require.Less(t, first.Code, 300, "%s: %s", op.ID, first.Body)
		changes := len(s.log())
		for range 2 {
			requireAgain(t, first, s.call(bootstrap, op.method, path, body, idempotencyKey, "k-"+op.ID))
		}
		require.Len(t, s.log(), changes, op.ID)

		other := s.call(bootstrap, op.method, path, " "+body, idempotencyKey, "k-"+op.ID)
		require.Equal(t, http.StatusUnprocessableEntity, other.Code, op.ID)
		require.Contains(t, other.Body.String(), idempotencyKey)
		if op.ID == "redeliver" {
			continue // it was redelivered
		}
		fresh := s.call(bootstrap, op.method, path, body, idempotencyKey, "k2-"+op.ID)
		require.Equal(t, first.Code, fresh.Code, "%s: %s", op.ID, fresh.Body)
		if op.ID != "open-listener" { // which takes up the one of that name
			require.NotEqual(t, first.Body.String(), fresh.Body.String(), op.ID)
		}
	}
}

func TestIdempotencyKeyIsBoundToItsCredential(t *testing.T) {
	s := newTenants(t)
	create := func(p *party, path, body string) *httptest.ResponseRecorder {
		return s.call(p.key, "POST", path, body, idempotencyKey, "same")
	}
	const body = `{"name":"W","url":"http://127.0.0.1:1/","rules":[{"events":["*"],"projects":["shared"]}]}`
	first, second := create(s.first, "/v1/webhooks", body), create(s.second, "/v1/webhooks", body)
	require.Equal(t, http.StatusCreated, first.Code, first.Body)
	require.Equal(t, http.StatusCreated, second.Code, second.Body)
	require.Contains(t, first.Body.String(), `"secret":"whsec_`)
	s.requireNothingOf(s.first, "another's key", second)
	require.NotEqual(t, first.Header().Get("Location"), second.Header().Get("Location"))
	requireAgain(t, first, create(s.first, "/v1/webhooks", body))
	requireAgain(t, second, create(s.second, "/v1/webhooks", body))
	other := create(s.first, s.first.fill("/v1/webhooks/{webhook}/test"), body)
	require.Equal(t, http.StatusUnprocessableEntity, other.Code, "another route")
	require.Contains(t, other.Body.String(), idempotencyKey)
}

func TestAnErrorLeavesTheKeyFree(t *testing.T) {
	s := newTenants(t)
	const good = `{"owner_id":"first-user","name":"W","url":"http://127.0.0.1:1/","rules":[{"events":["*"]}]}`
	for _, bad := range []string{``, `{`, `{}`, strings.Replace(good, "first-user", "nobody", 1), strings.Replace(good, "http:", "ftp:", 1), strings.Repeat(" ", 1<<20)} {
		got := s.call(bootstrap, "POST", "/v1/webhooks", bad, idempotencyKey, "k")
		plain := s.call(bootstrap, "POST", "/v1/webhooks", bad)
		require.GreaterOrEqual(t, got.Code, 400)
		require.Equal(t, plain.Code, got.Code)
		require.Equal(t, plain.Body.String(), got.Body.String())
		require.Equal(t, plain.Header(), got.Header())
	}
	require.Equal(t, http.StatusCreated, s.call(bootstrap, "POST", "/v1/webhooks", good, idempotencyKey, "k").Code)
	require.Equal(t, http.StatusUnauthorized, s.call("wrong", "POST", "/v1/webhooks", good, idempotencyKey, "k").Code)
	require.Equal(t, http.StatusForbidden, s.call(s.first.key, "POST", "/v1/events", `{}`, idempotencyKey, "k").Code)
}

func TestIdempotencyKeysThatAreNone(t *testing.T) {
	s := newTenants(t)
	before := len(s.log())
	for _, headers := range [][]string{{idempotencyKey, ""}, {idempotencyKey, "a b"}, {idempotencyKey, "ä"}, {idempotencyKey, "a\x7f"}, {idempotencyKey, strings.Repeat("k", 256)}} {
		got := s.call(bootstrap, "POST", "/v1/api-keys", `{"name":"K","role":"publisher"}`, headers[0], headers[1])
		require.Equal(t, http.StatusUnprocessableEntity, got.Code, "%q", headers)
		require.Contains(t, got.Body.String(), idempotencyKey)
	}
	require.Len(t, s.log(), before)
	require.Equal(t, http.StatusCreated, s.call(bootstrap, "POST", "/v1/api-keys", `{"name":"K","role":"publisher"}`, idempotencyKey, strings.Repeat("~", 255)).Code)
}

// TestSameRequestManyTimesAtOnce is also a test against a pool whose every
// connection waits for another one.
func TestSameRequestManyTimesAtOnce(t *testing.T) {
	s := newTenants(t)
	const requests = 20
	before := len(s.log())
	for key := range 3 {
		answers := make([]*httptest.ResponseRecorder, requests)
		var group sync.WaitGroup
		for i := range requests {
			group.Go(func() {
				answers[i] = s.call(s.first.key, "POST", "/v1/webhooks", `{"name":"W","url":"http://127.0.0.1:1/","rules":[{"events":["*"]}]}`, idempotencyKey, fmt.Sprint("k", key))
			})
		}
		group.Wait()
		bodies := map[string]int{}
		for _, a := range answers {
			switch a.Code {
			case http.StatusConflict:
				require.Equal(t, "1", a.Header().Get("Retry-After"))
			case http.StatusCreated:
				bodies[a.Body.String()]++
			default:
				require.Fail(t, "neither made nor under way", "%d %s", a.Code, a.Body)
			}
		}
		require.Len(t, bodies, 1)
		require.Len(t, s.log(), before+key+1)
	}
}
