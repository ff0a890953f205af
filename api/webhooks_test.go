package api

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

const (
	leastWebhook = `{"owner_id":"u1","name":"N","url":"https://a.example","rules":[{"events":["*"]}]}`
	fullWebhook  = `{"owner_id":"u1","name":"N","url":"https://a.example/x?y=1",
		"rules":[{"events":["TODO_CREATED","COMMENT_*"],"not_events":["*_DELETED"],"projects":["p1"],"companies":["c1"]}],
		"payload_format":"blue","headers":{"X-Token":"hush","X-Two":"hush too"},"timeout_seconds":30,"rate_limit_per_second":5,
		"max_in_flight":2,"max_age":90,"auto_recover":false,"enabled":false,"metadata":{"a":{"n":1.10,"b":"<&>"}}}`
)

// made creates a webhook and gives its path.
func (c *client) made(body string) string {
	c.t.Helper()
	return c.call("POST", "/v1/webhooks", body).is(201).Header().Get("Location")
}

func TestCreateWebhookWithDefaults(t *testing.T) {
	c := staged(t)
	a := c.call("POST", "/v1/webhooks", leastWebhook).is(201)
	got := a.json()
	id := got["id"].(string)
	require.Regexp(t, `^wh_[0-9a-v]{26}$`, id)
	require.Equal(t, "/v1/webhooks/"+id, a.Header().Get("Location"))
	require.Equal(t, `"1"`, a.Header().Get("ETag"))
	require.Equal(t, map[string]any{
		"id": id, "owner_id": "u1", "key": nil, "name": "N", "url": "https://a.example", "secret": "whsec_c2VjcmV0",
		"rules": []any{map[string]any{"events": []any{"*"}}}, "payload_format": "standard", "headers": map[string]any{},
		"signature": "hmac-sha256", "public_key": nil, "old_secrets": []any{},
		"client_certificate": nil, "client_key": nil, "ca_certificate": nil,
		"timeout_seconds": nil, "rate_limit_per_second": nil, "max_in_flight": nil, "max_age": nil, "auto_recover": true,
		"metadata": map[string]any{}, "enabled": true, "status": "HEALTHY", "disabled_reason": nil,
		"created_at": got["created_at"], "updated_at": got["created_at"],
		"unreachable_rules": []any{}, "recovery": nil, "draining": false, "paused_until": nil, "pace_per_second": nil,
		"filter_failures": map[string]any{"count": 0.0, "last": nil},
		"combinations":    map[string]any{"open_windows": 0.0, "limit": 10000.0, "refused": 0.0},
	}, got)
	created, err := time.Parse(time.RFC3339Nano, got["created_at"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), created, time.Minute)
	nulls := `{"payload_format":null,"headers":null,"timeout_seconds":null,"rate_limit_per_second":null,"max_in_flight":null,
		"auto_recover":null,"enabled":null,"metadata":null,` + leastWebhook[1:]
	require.True(t, c.stored(c.made(nulls)).Enabled)
}

func TestCreateWebhookWithEverything(t *testing.T) {
	c := staged(t)
	a := c.call("POST", "/v1/webhooks", fullWebhook).is(201)
	require.NotContains(t, a.Body.String(), "hush")
	w := c.stored(a.Header().Get("Location"))
	require.Equal(t, hook.Webhook{
		ID: w.ID, OwnerID: "u1", Name: "N", URL: "https://a.example/x?y=1", Secret: "whsec_c2VjcmV0",
		Rules:         []hook.Rule{{Events: []string{"TODO_CREATED", "COMMENT_*"}, NotEvents: []string{"*_DELETED"}, Projects: []string{"p1"}, Companies: []string{"c1"}}},
		PayloadFormat: hook.FormatBlue, Headers: map[string]string{"X-Token": "hush", "X-Two": "hush too"},
		Timeout: 30 * time.Second, RateLimitPerSecond: 5, MaxInFlight: 2, MaxAge: 90 * time.Second, Metadata: json.RawMessage(`{"a":{"n":1.10,"b":"<&>"}}`),
		Status: hook.Healthy, DisabledReason: hook.DisabledByOwner, Version: 1, CreatedAt: w.CreatedAt, UpdatedAt: w.CreatedAt,
	}, w)
	for _, path := range []string{"/v1/webhooks/" + w.ID, "/v1/webhooks"} {
		got := c.call("GET", path, "").is(200).Body.String()
		require.NotContains(t, got, "hush")
		require.NotContains(t, got, "whsec_")
		require.Contains(t, got, `"X-Token":"[hidden]"`)
		require.Contains(t, got, `{"a":{"n":1.10,"b":"<&>"}}`)
	}
}

func TestWebhookNamesEveryBadField(t *testing.T) {
	all := staged(t)
	with := func(members string) string { return "{" + members + "," + leastWebhook[1:] }
	ruled := func(rule string) string {
		return `{"owner_id":"u1","name":"N","url":"https://a.example","rules":[` + rule + `]}`
	}
	for name, tc := range map[string]struct {
		body string
		want []string
	}{
		"nothing":           {`{}`, []string{"/owner_id", "/name", "/url", "/rules"}},
		"unknown":           {with(`"status":"x","foo":1`), []string{"/status", "/foo"}},
		"url":               {`{"owner_id":"u1","name":"N","url":"http://a.example","rules":[{"events":["*"]}]}`, []string{"/url"}},
		"format":            {with(`"payload_format":"xml"`), []string{"/payload_format"}},
		"signature":         {with(`"signature":"rsa"`), []string{"/signature"}},
		"headers":           {with(`"headers":{"Host":"x"}`), []string{"/headers/Host"}},
		"hidden header":     {with(`"headers":{"X/Y":"[hidden]"}`), []string{"/headers/X~1Y"}},
		"header no string":  {with(`"headers":{"X":1}`), []string{"/headers/X"}},
		"headers no object": {with(`"headers":[]`), []string{"/headers"}},
		"timeout 0":         {with(`"timeout_seconds":0`), []string{"/timeout_seconds"}},
		"timeout 31":        {with(`"timeout_seconds":31`), []string{"/timeout_seconds"}},
		"timeout 1.5":       {with(`"timeout_seconds":1.5`), []string{"/timeout_seconds"}},
		"timeout as text":   {with(`"timeout_seconds":"5"`), []string{"/timeout_seconds"}},
		"limits":            {with(`"rate_limit_per_second":0,"max_in_flight":-1,"max_age":0`), []string{"/rate_limit_per_second", "/max_in_flight", "/max_age"}},
		"too large limits":  {with(`"rate_limit_per_second":1000001,"max_in_flight":99999999999,"max_age":31536001`), []string{"/rate_limit_per_second", "/max_in_flight", "/max_age"}},
		"booleans":          {with(`"auto_recover":1,"enabled":"yes"`), []string{"/auto_recover", "/enabled"}},
		"metadata":          {with(`"metadata":[]`), []string{"/metadata"}},
		"metadata NUL":      {with(`"metadata":{"a":"\\\u0000"}`), []string{"/metadata"}},
		"metadata size":     {with(`"metadata":{"a":"` + strings.Repeat("x", 16<<10) + `"}`), []string{"/metadata"}},
		"no rules":          {ruled(``), []string{"/rules"}},
		"51 rules":          {ruled(`{"events":["*"]}` + strings.Repeat(`,{"events":["*"]}`, 50)), []string{"/rules"}},
		"rule no object":    {ruled(`"*"`), []string{"/rules/0", "/rules/0/events"}},
		"no events":         {ruled(`{"events":["*"]},{"events":[]},{}`), []string{"/rules/1/events", "/rules/2/events"}},
		"bad names":         {ruled(`{"events":["A B","A","A"],"projects":["a b"],"companies":[1]}`), []string{"/rules/0/events/0", "/rules/0/events/2", "/rules/0/projects/0", "/rules/0/companies/0"}},
		"left out":          {ruled(`{"events":["A"],"not_events":["a b","A*"]}`), []string{"/rules/0/not_events/0", "/rules/0/not_events/1"}},
		"unknown in rule":   {ruled(`{"events":["*"],"project":["p1"]}`), []string{"/rules/0/project"}},
		"filter":            {ruled(`{"events":["*"]},{"events":["*"],"filter":"bad"}`), []string{"/rules/1/filter"}},
		"filter no text":    {ruled(`{"events":["*"],"filter":1}`), []string{"/rules/0/filter"}},
		"part of a filter":  {ruled(`{"all_of":[{"events":["A"]},{"events":["B"],"filter":"bad"}],"within":"1m"}`), []string{"/rules/0/all_of/1/filter"}},
		"two kinds": {ruled(`{"events":["*"],"filter":"true","all_of":[{"events":["A"]}],"within":"1m"}`),
			[]string{"/rules/0/events", "/rules/0/filter", "/rules/0/all_of"}},
		"no all_of":    {ruled(`{"within":"1m","same":"current.id"}`), []string{"/rules/0/all_of"}},
		"no within":    {ruled(`{"all_of":[{"events":["A"]},{"events":["B"]}]}`), []string{"/rules/0/within"}},
		"within 0.9s":  {ruled(`{"all_of":[{"events":["A"]},{"events":["B"]}],"within":"900ms"}`), []string{"/rules/0/within"}},
		"within 31d":   {ruled(`{"all_of":[{"events":["A"]},{"events":["B"]}],"within":"31d"}`), []string{"/rules/0/within"}},
		"within words": {ruled(`{"all_of":[{"events":["A"]},{"events":["B"]}],"within":"soon"}`), []string{"/rules/0/within"}},
		"6 parts":      {ruled(`{"all_of":[{"events":["A"]}` + strings.Repeat(`,{"events":["A"]}`, 5) + `],"within":"1m"}`), []string{"/rules/0/all_of"}},
		"bad parts": {ruled(`{"all_of":[{"events":[]},{"filter":"true"},{"events":["a b"]}],"within":"1m","none_of":[{"events":["*"],"within":"1m"}]}`),
			[]string{"/rules/0/all_of/0/events", "/rules/0/all_of/1/events", "/rules/0/all_of/2/events/0", "/rules/0/none_of/0/within"}},
	} {
		t.Run(name, func(t *testing.T) {
			bad := all.in(t).call("POST", "/v1/webhooks", tc.body).problem(422, "invalid")
			require.Len(t, bad, len(tc.want), bad)
			for _, pointer := range tc.want {
				require.NotEmpty(t, bad[pointer], pointer)
			}
			require.Zero(t, all.count("webhooks"))
		})
	}
}

func TestRulesOfBothKindsAreKept(t *testing.T) {
	c := staged(t)
	rules := `[{"events":["TODO_*"],"projects":["p1"],"filter":"current.n \u003e 1"},{"companies":["c1"],` +
		`"all_of":[{"events":["A"]},{"events":["B"],"filter":"true"}],"within":"10m","same":"current.id","in_order":true,"none_of":[{"events":["C"]}]}]`
	a := c.call("POST", "/v1/webhooks", strings.Replace(leastWebhook, `[{"events":["*"]}]`, rules, 1)).is(201)
	path := a.Header().Get("Location")
	require.Contains(t, a.Body.String(), `"rules":`+strings.ReplaceAll(rules, `\u003e`, ">"))
	require.Equal(t, []hook.Rule{
		{Events: []string{"TODO_*"}, Projects: []string{"p1"}, Filter: "current.n > 1"},
		{Companies: []string{"c1"}, Combination: &hook.Combination{
			AllOf: []hook.Part{{Events: []string{"A"}}, {Events: []string{"B"}, Filter: "true"}}, Within: "10m", Same: "current.id",
			InOrder: true, NoneOf: []hook.Part{{Events: []string{"C"}}},
		}},
	}, c.stored(path).Rules)
	before := c.stored(path).Rules
	c.call("PATCH", path, `{"name":"Other"}`).is(200)
	require.Equal(t, before, c.stored(path).Rules)
}

func TestWebhookShowsWhatItsRulesNoLongerReach(t *testing.T) {
	c := staged(t)
	path := c.made(strings.Replace(leastWebhook, `["*"]`, `["*"],"projects":["p2"]`, 1))
	c.call("DELETE", "/v1/projects/p2", "").is(204)
	c.exec(`UPDATE webhooks SET windows_refused = 1`)
	c.exec(`INSERT INTO windows (rule_id, key, webhook_id, dispatch_at) SELECT r.id, 'k' || i, r.webhook_id, now() FROM rules r, generate_series(1, 3) i`)
	got := c.call("GET", path, "").is(200).json()
	require.Equal(t, []any{map[string]any{"rule": 0.0, "causes": []any{map[string]any{"pointer": "/rules/0/projects/0", "code": "deleted", "params": map[string]any{"kind": "project", "id": "p2"},
		"detail": `the project "p2" was deleted`}}}}, got["unreachable_rules"])
	require.Equal(t, map[string]any{"open_windows": 3.0, "limit": 10000.0, "refused": 1.0}, got["combinations"])
}

func TestPatchWebhook(t *testing.T) {
	for name, tc := range map[string]struct {
		patch string
		check func(t *testing.T, before, after hook.Webhook)
	}{
		"nothing": {`{}`, func(t *testing.T, before, after hook.Webhook) { require.Equal(t, before, after) }},
		"what is left out stays": {`{"name":"M"}`, func(t *testing.T, before, after hook.Webhook) {
			before.Name = "M"
			require.Equal(t, before, after)
		}},
		"null is the default": {`{"payload_format":null,"timeout_seconds":null,"rate_limit_per_second":null,"max_in_flight":null,"auto_recover":null,"metadata":null,"headers":null}`,
			func(t *testing.T, before, after hook.Webhook) {
				require.Equal(t, hook.FormatStandard, after.PayloadFormat)
				require.Zero(t, after.Timeout+time.Duration(int(after.RateLimitPerSecond)+after.MaxInFlight+len(after.Headers)))
				require.True(t, after.AutoRecover)
				require.JSONEq(t, `{}`, string(after.Metadata))
			}},
		"headers are merged": {`{"headers":{"X-Token":"[hidden]","X-Two":null,"X-Three":"3"}}`, func(t *testing.T, _, after hook.Webhook) {
			require.Equal(t, map[string]string{"X-Token": "hush", "X-Three": "3"}, after.Headers)
		}},
		"metadata is merged": {`{"metadata":{"a":{"b":null},"c":[1]}}`, func(t *testing.T, _, after hook.Webhook) {
			require.Equal(t, `{"a":{"n":1.10},"c":[1]}`, string(after.Metadata))
		}},
		"rules are replaced": {`{"rules":[{"events":["A"]}]}`, func(t *testing.T, _, after hook.Webhook) {
			require.Equal(t, []hook.Rule{{Events: []string{"A"}}}, after.Rules)
		}},
		"the same owner": {`{"owner_id":"u1"}`, func(t *testing.T, before, after hook.Webhook) { require.Equal(t, before, after) }},
		"enabled": {`{"enabled":true}`, func(t *testing.T, _, after hook.Webhook) {
			require.True(t, after.Enabled)
			require.Empty(t, after.DisabledReason)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := staged(t)
			c.probe = hook.Result{Outcome: hook.Success, StatusCode: 204}
			path := c.made(fullWebhook)
			before := c.stored(path)
			a := c.call("PATCH", path, tc.patch, "Content-Type", "application/merge-patch+json").is(200)
			require.NotEqual(t, `"1"`, a.Header().Get("ETag"))
			require.Equal(t, c.call("GET", path, "").Header().Get("ETag"), a.Header().Get("ETag"))
			require.NotContains(t, a.Body.String(), "hush")
			after := c.stored(path)
			after.Version, after.UpdatedAt = before.Version, before.UpdatedAt
			tc.check(t, before, after)
		})
	}
}

func TestPatchNamesEveryBadField(t *testing.T) {
	all := staged(t)
	path := all.made(fullWebhook)
	for patch, want := range map[string][]string{
		`{"owner_id":"u2"}`:                                         {"/owner_id"},
		`{"owner_id":null}`:                                         {"/owner_id"},
		`{"name":null,"url":null,"rules":null}`:                     {"/name", "/url", "/rules"},
		`{"url":"http://a.example","name":"","timeout_seconds":99}`: {"/url", "/name", "/timeout_seconds"},
		`{"id":"x","status":null,"secret":"x"}`:                     {"/id", "/status", "/secret"},
		`{"headers":{"X-New":"[hidden]"}}`:                          {"/headers/X-New"},
		`{"headers":{"Host":"x"}}`:                                  {"/headers/Host"},
		`{"rules":[{"events":["*"],"filter":"bad"}]}`:               {"/rules/0/filter"},
		`[]`:   {""},
		`null`: {""},
	} {
		t.Run(patch, func(t *testing.T) {
			c := all.in(t)
			bad := c.call("PATCH", path, patch).problem(422, "invalid")
			require.Len(t, bad, len(want), bad)
			for _, pointer := range want {
				require.NotEmpty(t, bad[pointer], pointer)
			}
			require.EqualValues(t, 1, c.stored(path).Version)
		})
	}
}

func TestIfMatch(t *testing.T) {
	c := staged(t)
	path := c.made(leastWebhook)
	patch := func(tag string) answerOf { return c.call("PATCH", path, `{"name":"M"}`, "If-Match", tag) }
	require.Equal(t, `"1"`, c.call("GET", path, "").Header().Get("ETag"))
	require.Equal(t, `"2"`, patch(`"1"`).is(200).Header().Get("ETag"))
	require.Equal(t, `"3"`, patch(`*`).is(200).Header().Get("ETag"))
	for _, stale := range []string{`"1"`, `"4"`, `3`, `W/"3"`, `"03"`, `"-3"`, `"+3"`, `"x"`, `""`, `"2", "1"`} {
		patch(stale).problem(412, "stale")
	}
	require.Equal(t, `"3"`, c.call("GET", path, "").Header().Get("ETag"))
}

func TestOwnerSwitchesWebhookOnAndOff(t *testing.T) {
	for name, tc := range map[string]struct {
		before, want hook.Webhook
		on           bool
	}{
		"off":                    {hook.Webhook{Enabled: true, Status: hook.Healthy}, hook.Webhook{Status: hook.Healthy, DisabledReason: hook.DisabledByOwner}, false},
		"off already, by health": {hook.Webhook{Status: hook.Unhealthy, DisabledReason: hook.DisabledByHealth}, hook.Webhook{Status: hook.Unhealthy, DisabledReason: hook.DisabledByHealth}, false},
		"on":                     {hook.Webhook{Status: hook.Healthy, DisabledReason: hook.DisabledByOwner}, hook.Webhook{Enabled: true, Status: hook.Healthy}, true},
		"on after health":        {hook.Webhook{Status: hook.Unhealthy, DisabledReason: hook.DisabledByHealth}, hook.Webhook{Enabled: true, Status: hook.Healthy}, true},
		"on already":             {hook.Webhook{Enabled: true, Status: hook.Degraded}, hook.Webhook{Enabled: true, Status: hook.Degraded}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := tc.before
			webhookForm{Enabled: &tc.on}.apply(&w)
			require.Equal(t, tc.want, hook.Webhook{Enabled: w.Enabled, Status: w.Status, DisabledReason: w.DisabledReason})
		})
	}
}

func TestWebhookFilters(t *testing.T) {
	c := staged(t)
	one := strings.TrimPrefix(c.made(strings.Replace(leastWebhook, `["*"]`, `["TAG_CREATED"],"projects":["p1"]`, 1)), "/v1/webhooks/")
	c.exec(`UPDATE webhooks SET status = 'DEGRADED', enabled = false, disabled_reason = 'owner', name = 'A new% one'`)
	var together []string
	for _, f := range [][2]string{{"status=DEGRADED", "status=HEALTHY"}, {"enabled=false", "enabled=true"}, {"owner_id=u1", "owner_id=u2"}, {"project_id=p1", "project_id=p3"},
		{"reaches=p1", "reaches=p3"},
		{"event_type=TAG_CREATED", "event_type=TAG_DELETED"}, {"matches=TAG_CREATED", "matches=TAG_DELETED"}, {"q=%20New%25%20", "q=new_"}} {
		require.Equal(t, []any{one}, c.ids("/v1/webhooks?"+f[0]), f[0])
		require.Empty(t, c.ids("/v1/webhooks?"+f[1]), f[1])
		together = append(together, f[0])
	}
	require.Equal(t, []any{one}, c.ids("/v1/webhooks?"+strings.Join(together, "&")))
	require.Empty(t, c.ids("/v1/webhooks?stuck=true"))
	c.exec(`UPDATE webhooks SET disabled_reason = 'health'`)
	require.Equal(t, []any{one}, c.ids("/v1/webhooks?stuck=true"))
	for _, bad := range []string{"q=%00", "q=" + strings.Repeat("x", 201), "event_type=a+b", "matches=a+b"} {
		for _, list := range []string{"webhooks", "users", "projects", "companies"} {
			c.call("GET", "/v1/"+list+"?"+bad, "").problem(422, "invalid")
		}
	}
}

func TestDeleteWebhook(t *testing.T) {
	c := staged(t)
	path := c.made(leastWebhook)
	first := c.call("GET", path, "").is(200).Header().Get("ETag")
	second := c.call("PATCH", path, `{"name":"other"}`).is(200).Header().Get("ETag")
	for _, stale := range []string{first, `"nonsense"`, "W/" + second, "2"} {
		c.call("DELETE", path, "", "If-Match", stale).problem(412, "stale")
	}
	c.call("GET", path, "").is(200)
	c.call("DELETE", path, "", "If-Match", second).is(204)
	c.call("DELETE", c.made(leastWebhook), "", "If-Match", "*").is(204)
	c.call("GET", path, "").problem(404, "not_found")
	c.call("PATCH", path, `{}`).problem(404, "not_found")
}

// TestMergePatch holds the examples of RFC 7396, appendix A.
func TestMergePatch(t *testing.T) {
	for _, tc := range []struct{ target, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{`{"n":1.10}`, `{"m":1e400}`, `{"n":1.10,"m":1e400}`},
	} {
		require.Equal(t, tc.want, string(mergePatch([]byte(tc.target), []byte(tc.patch))), "%s + %s", tc.target, tc.patch)
	}
}

func TestWordsOfChecks(t *testing.T) {
	require.Equal(t, "plain", wordsOf(errors.New("plain")))
	require.Equal(t, "for people", wordsOf(&hook.Error{Code: hook.CodeInvalid, Message: "for people", Err: errors.New("inside")}))
}
