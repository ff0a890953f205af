package api

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// rulesOfNothing name nothing that exists.
const rulesOfNothing = `"rules":[{"events":["NO_SUCH"],"projects":["none"]}]`

// TestFaults_ComeInOneAnswer: what is wrong with a form, and what the store doesn't know.
func TestFaults_ComeInOneAnswer(t *testing.T) {
	c := staged(t)
	w := c.made(leastWebhook)
	for _, one := range []struct {
		method, path, body string
		wrong              []string
	}{
		{"POST", "/v1/webhooks", `{"owner_id":"u1","name":"","url":"ftp://x",` + rulesOfNothing + `}`, []string{"/name", "/url", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"PUT", "/v1/webhooks/by-key/k", `{"owner_id":"u1","name":"N","url":"ftp://x",` + rulesOfNothing + `}`, []string{"/url", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"POST", "/v1/webhooks", `{"owner_id":"none","name":"","url":"https://a.example",` + rulesOfNothing + `}`, []string{"/name", "/owner_id", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"POST", "/v1/webhooks", `{"owner_id":"none","name":"N","url":"https://a.example","rules":[{"events":["NO_SUCH"]}]}`, []string{"/owner_id", "/rules/0/events/0"}},
		{"POST", "/v1/webhooks", `{"owner_id":"a b","name":"","url":"https://a.example","rules":[]}`, []string{"/name", "/owner_id", "/rules"}},
		{"PATCH", w, `{"url":"ftp://x",` + rulesOfNothing + `}`, []string{"/url", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"PATCH", w, `{"url":"ftp://x","name":""}`, []string{"/url", "/name"}},
		{"POST", "/v1/listeners", `{"owner_id":"u1","name":"",` + rulesOfNothing + `}`, []string{"/name", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"POST", "/v1/webhooks/preview", `{"owner_id":"u1","since":"x",` + rulesOfNothing + `}`, []string{"/since", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"PUT", "/v1/projects/new", `{"name":"","company_id":"none"}`, []string{"/name", "/company_id"}},
		{"PUT", "/v1/projects/new", `{"name":"","company_id":"\u0000"}`, []string{"/name", "/company_id"}},
		{"POST", "/v1/api-keys", `{"name":"","role":"user","user_id":"none"}`, []string{"/name", "/user_id"}},
		{"POST", "/v1/api-keys", `{"name":"","role":"admin"}`, []string{"/name"}},
		{"POST", "/v1/portal-sessions", `{"user_id":"none","next":"x"}`, []string{"/user_id", "/next"}},
	} {
		faults := c.call(one.method, one.path, one.body, "If-Match", map[bool]string{true: "*"}[one.method == "PATCH"]).problem(422, "invalid")
		require.ElementsMatch(t, one.wrong, slices.Collect(maps.Keys(faults)), "%s %s", one.method, one.body)
	}
}

// TestFaults_LeaveOutRulesThatAreThereAlready: a rule may name what was deleted since.
func TestFaults_LeaveOutRulesThatAreThereAlready(t *testing.T) {
	c := staged(t)
	w := c.made(strings.Replace(leastWebhook, `"events":["*"]`, `"events":["*"],"projects":["p1"]`, 1))
	c.call("DELETE", "/v1/projects/p1", "").is(204)
	faults := c.call("PATCH", w, `{"url":"ftp://x","rules":[{"events":["*"],"projects":["p1"]},{"events":["*"],"projects":["p1","none"]}]}`, "If-Match", "*").problem(422, "invalid")
	for pointer := range faults {
		require.False(t, strings.HasPrefix(pointer, "/rules/0"), pointer)
	}
	require.Contains(t, faults, "/url")
	require.Contains(t, faults, "/rules/1/projects/1")
}

// TestFaults_OfEveryBodyComeInOneAnswer has at least two values that are wrong, each for
// another reason, in the body of each route that takes one.
func TestFaults_OfEveryBodyComeInOneAnswer(t *testing.T) {
	c, seen := staged(t), map[string]bool{}
	w, keys := c.made(leastWebhook), map[bool]string{false: testKey}
	keys[true], _ = c.key("user", "u1")
	c.call("PUT", "/v1/event-types/T", `{"group":"g","description":"","schema":{"required":["n"]}}`).is(200)
	for _, one := range []struct {
		id, path, body string
		wrong          []string
	}{
		{"open-listener", "/v1/listeners", `{"owner_id":"none","name":"A","payload_format":"x","keep_seconds":-1,` + rulesOfNothing + `}`, []string{"/owner_id", "/name", "/payload_format", "/keep_seconds", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"post-results", strings.Replace(w, "webhooks", "listeners", 1) + "/results", `{"x":1,"results":[{"delivery":"","attempt":9,"returned":true}]}`, []string{"/x", "/results/0/delivery", "/results/0/attempt"}},
		{"put-company", "/v1/companies/a%20b", `{"name":"","limits":{"rules":-1,"webhooks":-1}}`, []string{"{id}", "/name", "/limits/rules", "/limits/webhooks"}},
		{"put-project", "/v1/projects/a%20b", `{"x":1,"name":"","company_id":"none"}`, []string{"{id}", "/x", "/name", "/company_id"}},
		{"put-user", "/v1/users/a%20b", `{"name":"","email":"x","locale":"x"}`, []string{"{id}", "/name", "/email", "/locale"}},
		{"create-api-key", "/v1/api-keys", `{"name":"","role":"user","user_id":"none","expires_at":"x"}`, []string{"/name", "/user_id", "/expires_at"}},
		{"begin-device", "/v1/device", `{"x":1,"name":""}`, []string{"/x", "/name"}},
		{"poll-device", "/v1/device/poll", `{"x":1,"poll":""}`, []string{"/x", "/poll"}},
		{"answer-device", "/v1/device/answer", `{"approve":1,"code":"x"}`, []string{"/approve", "/code"}},
		{"create-portal-session", "/v1/portal-sessions", `{"user_id":"none","next":"x","expires_in_seconds":1}`, []string{"/user_id", "/next", "/expires_in_seconds"}},
		{"look-at-portal-link", "/v1/portal-sessions/look", `{"x":1,"portal_token":""}`, []string{"/x", "/portal_token"}},
		{"sign-in", "/v1/session", `{"x":1}`, []string{"/x", "/key"}},
		{"patch-session", "/v1/session", `{"x":1,"locale":"x"}`, []string{"/x", "/locale"}},
		{"put-event-type", "/v1/event-types/a%20b", `{"group":"","description":"","schema":{"type":"x"},"translations":{"?":{"title":"\u0001","x":1}}}`,
			[]string{"{name}", "/group", "/schema/type", "/translations/?", "/translations/?/title", "/translations/?/x"}},
		{"publish-event", "/v1/events", `{"type":"NO_SUCH","project_id":"none","occurred_at":"x"}`, []string{"/type", "/project_id", "/occurred_at", "/current"}},
		{"publish-event", "/v1/events", `{"type":"T","project_id":"none","current":{}}`, []string{"/project_id", "/current/n"}},
		{"publish-event", "/v1/events", `{"type":"T","project_id":"p1","occurred_at":"x","current":{}}`, []string{"/occurred_at", "/current/n"}},
		{"publish-batch", "/v1/events/batch", `{"x":1,"events":[]}`, []string{"/x", "/events"}},
		{"search-events", "/v1/events/search", `{"owner_id":"none","filter":"1","types":["NO_SUCH"],"projects":["none"],"since":"x","limit":900}`,
			[]string{"/owner_id", "/filter", "/types/0", "/projects/0", "/since", "/limit"}},
		{"create-webhook", "/v1/webhooks", `{"owner_id":"none","name":"","url":"x",` + rulesOfNothing + `}`, []string{"/owner_id", "/name", "/url", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"create-webhook", "/v1/webhooks", `{"owner_id":"\u0000","name":"N","url":"https://a.example","rules":[{"events":["\u0000"],"projects":["\u0000"],"companies":["\u0000"]}]}`,
			[]string{"/owner_id", "/rules/0/events/0", "/rules/0/projects/0", "/rules/0/companies/0"}},
		{"check-webhook", "/v1/webhooks/check", `{"owner_id":"none","name":"","url":"x",` + rulesOfNothing + `,"sample":{"event_id":"none"}}`,
			[]string{"/owner_id", "/name", "/url", "/rules/0/events/0", "/rules/0/projects/0", "/sample/event_id"}},
		{"preview-rules", "/v1/webhooks/preview", `{"owner_id":"none","since":"x",` + rulesOfNothing + `}`, []string{"/owner_id", "/since", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"explain-event", w + "/explain", `{"x":1,"event_id":""}`, []string{"/x", "/event_id"}},
		{"verify-request", w + "/verify", `{"x":1,"headers":{"a":"","A":""},"at":"x","body_base64":"?"}`, []string{"/x", "/headers/a", "/at", "/body_base64"}},
		{"put-webhook", "/v1/webhooks/by-key/a%20b", `{"owner_id":"none","name":"","url":"x",` + rulesOfNothing + `}`, []string{"{key}", "/owner_id", "/name", "/url", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"patch-webhook", w, `{"x":1,"secret":"x","url":"x",` + rulesOfNothing + `}`, []string{"/x", "/secret", "/url", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"enable-webhook", w + "/enable", `{"x":1,"drain":1}`, []string{"/x", "/drain"}},
		{"disable-webhook", w + "/disable", `{"x":1,"reason":"\u0001"}`, []string{"/x", "/reason"}},
		{"rotate-secret", w + "/rotate-secret", `{"x":1,"overlap_seconds":-1,"secret":"x"}`, []string{"/x", "/overlap_seconds", "/secret"}},
		{"test-webhook", w + "/test", `{"x":1,"type":"NO_SUCH","previous":1,"current":1}`, []string{"/x", "/type", "/previous", "/current"}},
		{"redeliver-deliveries", w + "/redeliver", `{"since":"x","until":"x","statuses":["x"],"event_types":["?"],"reasons":["?"],"status_codes":["?"]}`,
			[]string{"/since", "/until", "/statuses/0", "/event_types/0", "/reasons/0", "/status_codes/0"}},
		{"cancel-deliveries", w + "/cancel", `{"since":"x","until":"x","statuses":["x"],"event_types":["?"],"reasons":["?"],"status_codes":["?"]}`,
			[]string{"/since", "/until", "/statuses/0", "/event_types/0", "/reasons/0", "/status_codes/0"}},
		{"make-play-address", "/v1/play", `{"x":1,"owner_id":"none"}`, []string{"/x", "/owner_id"}},
	} {
		seen[one.id] = true
		t.Run(one.id, func(t *testing.T) {
			got := c.in(t).call(methodOf(one.id), one.path, one.body, "Authorization", "Bearer "+keys[one.id == "answer-device" || one.id == "patch-session"]).json()
			require.ElementsMatch(t, one.wrong, pointersOf(got["errors"]), got)
		})
	}
	for _, r := range (&server{}).routes() {
		require.Equal(t, r.body != nil, seen[r.id], r.id)
	}
}

// pointersOf are the values that a list of faults is about.
func pointersOf(faults any) (out []string) {
	list, _ := faults.([]any)
	for _, fault := range list {
		out = append(out, at(fault, "pointer").(string))
	}
	return out
}

// methodOf is the method of an operation.
func methodOf(id string) string {
	routes := (&server{}).routes()
	return routes[slices.IndexFunc(routes, func(r route) bool { return r.id == id })].method
}

// TestFaults_OfEventsOfABatchComeTogether: of each event, in whichever form it is sent.
func TestFaults_OfEventsOfABatchComeTogether(t *testing.T) {
	c := staged(t)
	c.call("PUT", "/v1/event-types/T", `{"group":"g","description":"","schema":{"required":["n"]}}`).is(200)
	pointers := func(result any) []string { return pointersOf(at(result, "error", "errors")) }
	batch := c.call("POST", "/v1/events/batch", `{"events":[{"type":"A","project_id":"p1","current":{}},{"type":"NO_SUCH","project_id":"p1","occurred_at":"x","current":{}},7,
		{"type":"T","project_id":"none","current":{},"x":1}]}`, "Idempotency-Key", "k").is(202).json()["results"].([]any)
	require.NotContains(t, batch[0], "error")
	require.ElementsMatch(t, []string{"/events/1/type", "/events/1/occurred_at"}, pointers(batch[1]))
	require.ElementsMatch(t, []string{"/events/2"}, pointers(batch[2]))
	require.ElementsMatch(t, []string{"/events/3/project_id", "/events/3/current/n", "/events/3/x"}, pointers(batch[3]))

	cloud := c.call("POST", "/v1/events", `{"specversion":"1.0","id":"e","source":"/s","type":"NO_SUCH","projectid":"none","time":"x","data":{"a":1}}`, "Content-Type", "application/cloudevents+json").problem(422, "invalid")
	require.ElementsMatch(t, []string{"/type", "/projectid", "/time"}, slices.Collect(maps.Keys(cloud)))
}

// TestFaults_OfAnEventAreBoundedTogether: what is wrong with its values, with the names in
// it and by its schema; the last fault says how many there are beside those that are named.
func TestFaults_OfAnEventAreBoundedTogether(t *testing.T) {
	c := staged(t)
	var required []string
	for i := range 2 * hook.MaxEventFaults {
		required = append(required, strconv.Quote(fmt.Sprint("n", i)))
	}
	c.call("PUT", "/v1/event-types/T", `{"group":"g","description":"","schema":{"required":[`+strings.Join(required, ",")+`]}}`).is(200)
	for wrong, own := range map[string]int{`"project_id":"p1"`: 0, `"project_id":"none"`: 1, `"project_id":"none","x":1`: 2} {
		faults := c.call("POST", "/v1/events", `{"type":"T",`+wrong+`,"current":{}}`).is(422).json()["errors"].([]any)
		named := len(faults) - 1
		require.LessOrEqual(t, named, hook.MaxEventFaults, wrong)
		require.Equal(t, string(hook.FieldMore), at(faults[named], "code"), wrong)
		require.InDelta(t, len(required)+own, float64(named)+at(faults[named], "params", "count").(float64), 0, wrong)
	}
}
