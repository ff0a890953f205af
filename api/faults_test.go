package api

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFaults_ComeInOneAnswer: what is wrong with a form, and what the store doesn't know.
func TestFaults_ComeInOneAnswer(t *testing.T) {
	c := staged(t)
	w := c.made(leastWebhook)
	rules := `"rules":[{"events":["NO_SUCH"],"projects":["none"]}]`
	for _, one := range []struct {
		method, path, body string
		wrong              []string
	}{
		{"POST", "/v1/webhooks", `{"owner_id":"u1","name":"","url":"ftp://x",` + rules + `}`, []string{"/name", "/url", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"PUT", "/v1/webhooks/by-key/k", `{"owner_id":"u1","name":"N","url":"ftp://x",` + rules + `}`, []string{"/url", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"POST", "/v1/webhooks", `{"owner_id":"none","name":"","url":"https://a.example",` + rules + `}`, []string{"/name", "/owner_id", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"POST", "/v1/webhooks", `{"owner_id":"none","name":"N","url":"https://a.example","rules":[{"events":["NO_SUCH"]}]}`, []string{"/owner_id", "/rules/0/events/0"}},
		{"POST", "/v1/webhooks", `{"owner_id":"a b","name":"","url":"https://a.example","rules":[]}`, []string{"/name", "/owner_id", "/rules"}},
		{"PATCH", w, `{"url":"ftp://x",` + rules + `}`, []string{"/url", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"PATCH", w, `{"url":"ftp://x","name":""}`, []string{"/url", "/name"}},
		{"POST", "/v1/listeners", `{"owner_id":"u1","name":"",` + rules + `}`, []string{"/name", "/rules/0/events/0", "/rules/0/projects/0"}},
		{"POST", "/v1/webhooks/preview", `{"owner_id":"u1","since":"x",` + rules + `}`, []string{"/since", "/rules/0/events/0", "/rules/0/projects/0"}},
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
