package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBadEventsGetAClearErrorAndChangeNothing(t *testing.T) {
	s := sharedStack(t)
	c := newStage(t, s.standalone)
	r := newReceiver(t, nil)
	c.webhook(t, r.URL, nil)
	count := func() int { return query(t, s.postgres.URL("godwit"), `SELECT count(*) FROM events`) }
	before := count()
	good := fmt.Sprintf(`"type":"TODO_CREATED","project_id":"%sp","previous":null`, c.prefix)
	for _, test := range []struct {
		name, body string
		status     int
		pointer    string
	}{
		{"malformed", `{` + good, 400, ""},
		{"empty", ``, 400, ""},
		{"not an object", `[]`, 422, ""},
		{"trailing data", `{` + good + `,"current":{}} {}`, 400, ""},
		{"duplicate key", `{` + good + `,"current":{},"type":"TODO_DELETED"}`, 400, ""},
		{"duplicate key inside", `{` + good + `,"current":{"a":1,"a":2}}`, 400, ""},
		{"invalid UTF-8", `{` + good + ",\"current\":{\"a\":\"\xff\"}}", 400, ""},
		{"raw NUL", `{` + good + ",\"current\":{\"a\":\"\x00\"}}", 400, ""},
		{"NUL in an id", `{"id":"a\u0000",` + good + `,"current":{}}`, 422, "/id"},
		{"wrong type", `{"id":7,` + good + `,"current":{}}`, 422, "/id"},
		{"state is no object", `{` + good + `,"current":[1]}`, 422, "/current"},
		{"both states null", `{` + good + `,"current":null}`, 422, ""},
		{"unknown field", `{` + good + `,"current":{},"curent":{}}`, 422, "/curent"},
		{"unknown project", `{"type":"TODO_CREATED","project_id":"nowhere","previous":null,"current":{}}`, 422, "/project_id"},
		{"unknown type", fmt.Sprintf(`{"type":"NOPE","project_id":"%sp","previous":null,"current":{}}`, c.prefix), 422, "/type"},
		{"bad time", `{` + good + `,"current":{},"occurred_at":"yesterday"}`, 422, "/occurred_at"},
		{"oversize", `{` + good + `,"current":{"a":"` + strings.Repeat("x", 256<<10) + `"}}`, 413, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := c.send(t, http.MethodPost, "/v1/events", []byte(test.body))
			problem := got.json(t, test.status)
			require.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
			require.Equal(t, float64(test.status), problem["status"])
			for _, field := range []string{"type", "title", "detail", "instance", "code", "request_id"} {
				require.NotEmpty(t, problem[field], field)
			}
			if test.pointer != "" {
				errors, err := json.Marshal(problem["errors"])
				require.NoError(t, err)
				require.Contains(t, string(errors), fmt.Sprintf(`"pointer":%q`, test.pointer))
			}
		})
	}
	require.Equal(t, before, count())
	require.Empty(t, r.all())
}

func TestBatchAnswersInOrder(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, nil)
	c.webhook(t, r.URL, nil)
	event := func(id, eventType string) map[string]any {
		return map[string]any{"id": c.prefix + id, "type": eventType, "project_id": c.prefix + "p", "current": map[string]any{"id": id}}
	}
	got := c.send(t, http.MethodPost, "/v1/events/batch", map[string]any{"events": []any{
		event("a", "TODO_CREATED"), event("b", "NO_SUCH"), event("a", "TODO_CREATED"), event("c", "TODO_DELETED"),
	}}).json(t, http.StatusAccepted)
	results := got["results"].([]any)
	require.Equal(t, map[string]any{"id": c.prefix + "a", "matched": 1.0, "duplicate": false}, results[0])
	require.Equal(t, 422.0, results[1].(map[string]any)["error"].(map[string]any)["status"])
	require.Equal(t, true, results[2].(map[string]any)["duplicate"])
	require.Equal(t, 1.0, results[3].(map[string]any)["matched"])
	c.delivery(t, c.prefix+"a", status("succeeded"))
	c.delivery(t, c.prefix+"c", status("succeeded"))
	require.Equal(t, map[string]int{c.prefix + "a": 1, c.prefix + "c": 1}, r.ids())
}

func TestWebhookRulesAreChecked(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	c.put(t, "/v1/projects/"+c.prefix+"other", map[string]any{"company_id": c.prefix + "c", "name": "Not a member"})
	rule := func(fields map[string]any) map[string]any {
		return map[string]any{"owner_id": c.prefix + "u", "name": "feed", "url": "http://127.0.0.1:1/x", "rules": []any{fields}}
	}
	for _, test := range []struct {
		name    string
		body    map[string]any
		pointer string
	}{
		{"not a member", rule(map[string]any{"events": []string{"*"}, "projects": []string{c.prefix + "other"}}), "/rules/0/projects/0"},
		{"unknown project", rule(map[string]any{"events": []string{"*"}, "projects": []string{"nowhere"}}), "/rules/0/projects/0"},
		{"unknown company", rule(map[string]any{"events": []string{"*"}, "companies": []string{"nobody"}}), "/rules/0/companies/0"},
		{"unknown type", rule(map[string]any{"events": []string{"NO_SUCH"}}), "/rules/0/events/0"},
		{"no events", rule(map[string]any{"events": []string{}}), "/rules/0/events"},
		{"filter", rule(map[string]any{"events": []string{"*"}, "filter": "status == 1"}), "/rules/0/filter"},
		{"unknown owner", map[string]any{"owner_id": "ghost", "name": "n", "url": "http://127.0.0.1:1/", "rules": []any{map[string]any{"events": []string{"*"}}}}, "/owner_id"},
		{"private address", map[string]any{"owner_id": c.prefix + "u", "name": "n", "url": "http://10.0.0.1/", "rules": []any{map[string]any{"events": []string{"*"}}}}, "/url"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := c.send(t, http.MethodPost, "/v1/webhooks", test.body)
			problem := got.json(t, http.StatusUnprocessableEntity)
			errors, err := json.Marshal(problem["errors"])
			require.NoError(t, err)
			require.Contains(t, string(errors), fmt.Sprintf(`"pointer":%q`, test.pointer))
		})
	}
	list := c.get(t, "/v1/webhooks?owner_id="+c.prefix+"u")
	require.Empty(t, list["data"])
}

func TestOnlyTheAdminKeyOpens(t *testing.T) {
	p := sharedStack(t).standalone
	for _, key := range []string{"", "Bearer ", "Bearer wrong", "Basic " + adminKey} {
		req, err := http.NewRequest(http.MethodGet, p.url()+"/v1/companies", nil)
		require.NoError(t, err)
		if key != "" {
			req.Header.Set("Authorization", key)
		}
		require.Equal(t, http.StatusUnauthorized, exchange(t, req).status, key)
	}
}
