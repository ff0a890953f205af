package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// reasons gives the verdicts of the rules on an event.
func reasons(explained map[string]any) []string {
	var out []string
	for _, rule := range explained["rules"].([]any) {
		out = append(out, rule.(map[string]any)["reason"].(string))
	}
	return out
}

func TestExplainNamesTheFirstClauseThatFails(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	second := c.project(t, "p2", true)
	rules := []any{
		c.rule(map[string]any{"events": []string{"COMMENT_*"}, "filter": "false"}),
		c.rule(map[string]any{"projects": []string{second}, "filter": "false"}),
		c.rule(map[string]any{"filter": "current.id == 'other'"}),
		c.rule(map[string]any{"filter": "current.name == 'x'"}),
		c.rule(map[string]any{"filter": "current.id == 'r1'"}),
		c.rule(nil),
	}
	w := c.webhook(t, newReceiver(t, nil).URL, map[string]any{"rules": rules})["id"].(string)
	id, matched := c.happen(t, nil)
	require.Equal(t, 1, matched, "however many rules match")
	d := c.delivery(t, id, status("succeeded"))
	got := c.explain(t, w, id)
	require.Equal(t, []string{"event_type", "project", "filter: false",
		`filter error: there is no key "name"; ask first, with has(…), or read it with .? and orValue(…)`, "matched", "matched"}, reasons(got))
	require.Equal(t, map[string]any{"matched": true, "rule": 4.0, "reason": "matched", "code": "matched", "params": map[string]any{}, "delivery_id": d["id"],
		"delivery_status": "succeeded", "rules": got["rules"]}, got)

	// Without the rules that match, the one that came furthest speaks for all.
	w = c.webhook(t, newReceiver(t, nil).URL, map[string]any{"rules": rules[:3]})["id"].(string)
	id, matched = c.happen(t, nil)
	require.Equal(t, 1, matched, "the first webhook alone")
	got = c.explain(t, w, id)
	require.Equal(t, map[string]any{"matched": false, "rule": nil, "reason": "filter: false", "code": "filter_false", "params": map[string]any{}, "delivery_id": nil,
		"delivery_status": nil, "rules": got["rules"]}, got)
}

func TestExplainKnowsMembership(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, nil)
	late := c.project(t, "late", false)
	w := c.webhook(t, r.URL, map[string]any{"rules": []any{map[string]any{"events": []string{"TODO_*"}, "companies": []string{c.prefix + "c"}}}})["id"].(string)
	member := "/v1/projects/" + c.prefix + "p/members/" + c.prefix + "u"
	first, matched := c.happen(t, nil)
	require.Equal(t, 1, matched)
	r.wait(t, 1)
	c.remove(t, member)
	removed, matched := c.happen(t, nil)
	require.Zero(t, matched)
	require.Equal(t, "membership", c.explain(t, w, removed)["reason"])
	require.Equal(t, []string{"membership"}, reasons(c.explain(t, w, removed)))
	require.Equal(t, true, c.explain(t, w, first)["matched"], "what was delivered stays so")

	early, matched := c.happen(t, map[string]any{"project_id": late})
	require.Zero(t, matched)
	c.put(t, "/v1/projects/"+late+"/members/"+c.prefix+"u", nil)
	require.Equal(t, "membership", c.explain(t, w, early)["reason"], "was none when it was accepted")
	_, matched = c.happen(t, map[string]any{"project_id": late})
	require.Equal(t, 1, matched)
	c.put(t, member, nil)
	_, matched = c.happen(t, nil)
	require.Equal(t, 1, matched)
	r.wait(t, 3)
	require.Len(t, r.all(), 3)
}

func TestExplainKnowsWhatTheWebhookWas(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	before, matched := c.happen(t, nil)
	require.Zero(t, matched)
	w := c.webhook(t, newReceiver(t, nil).URL, nil)["id"].(string)
	require.Equal(t, "not created yet", c.explain(t, w, before)["reason"])

	c.patch(t, w, map[string]any{"enabled": false})
	held, matched := c.happen(t, nil)
	require.Equal(t, 1, matched)
	got := c.explain(t, w, held)
	require.Equal(t, []any{true, "webhook disabled", "held"}, []any{got["matched"], got["reason"], got["delivery_status"]})
	require.NotNil(t, got["delivery_id"])
	c.patch(t, w, map[string]any{"enabled": true})
	c.delivery(t, held, status("succeeded"))
	require.Equal(t, "matched", c.explain(t, w, held)["reason"])

	comment, _ := c.happen(t, map[string]any{"type": "COMMENT_CREATED"})
	c.patch(t, w, map[string]any{"rules": []any{c.rule(map[string]any{"events": []string{"COMMENT_*"}})}})
	got = c.explain(t, w, held)
	require.Equal(t, []any{true, "matched by a rule that was changed since"}, []any{got["matched"], got["reason"]})
	require.Equal(t, []string{"event_type"}, reasons(got))
	got = c.explain(t, w, comment)
	require.Equal(t, []any{false, "not created yet"}, []any{got["matched"], got["reason"]}, "the rule is newer")
}

func TestExplainOfWhatIsNotThere(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	w := c.webhook(t, newReceiver(t, nil).URL, nil)["id"].(string)
	id, _ := c.happen(t, nil)
	ask := func(webhookID, eventID string) reply {
		return c.send(t, http.MethodPost, "/v1/webhooks/"+webhookID+"/explain", map[string]any{"event_id": eventID})
	}
	require.Equal(t, "not_found", ask(w, "nothing").json(t, http.StatusNotFound)["code"])
	require.Equal(t, "not_found", ask("wh_nothing", id).json(t, http.StatusNotFound)["code"])
	require.Contains(t, pointers(t, ask(w, "a b")), "/event_id")
	c.remove(t, "/v1/webhooks/"+w)
	require.Equal(t, http.StatusNotFound, ask(w, id).status)
}

// unreachable lists the rules of a webhook that can't match, each with where
// its causes are.
func (c *stageClient) unreachable(t testing.TB, webhookID string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, rule := range c.get(t, "/v1/webhooks/"+webhookID)["unreachable_rules"].([]any) {
		for _, cause := range rule.(map[string]any)["causes"].([]any) {
			cause := cause.(map[string]any)
			require.Contains(t, cause["pointer"], fmt.Sprintf("/rules/%v", rule.(map[string]any)["rule"]))
			out[cause["pointer"].(string)] = cause["detail"].(string)
		}
	}
	return out
}

func TestRulesThatCantMatchAnyMoreAreShown(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	p, second, user := c.prefix+"p", c.project(t, "p2", true), c.prefix+"u"
	own := c.prefix + "OWN"
	c.put(t, "/v1/event-types/"+own, map[string]any{"group": "g", "description": "d"})
	w := c.webhook(t, newReceiver(t, nil).URL, map[string]any{"rules": []any{
		c.rule(nil), c.rule(map[string]any{"projects": []string{p, second}}), c.rule(map[string]any{"events": []string{own}, "projects": []string{second}}),
		map[string]any{"events": []string{"*"}, "companies": []string{c.prefix + "c"}}, map[string]any{"events": []string{"*"}},
		map[string]any{"all_of": []any{part("TODO_CREATED"), part(own)}, "within": "1h"},
		c.rule(map[string]any{"events": []string{own, "TODO_CREATED"}, "projects": []string{second}}),
	}})["id"].(string)
	require.Empty(t, c.unreachable(t, w))

	c.remove(t, "/v1/projects/"+p+"/members/"+user)
	lost := fmt.Sprintf("the owner %q is no longer a member of project %q", user, p)
	require.Equal(t, map[string]string{"/rules/0/projects/0": lost}, c.unreachable(t, w), "the second rule has another project")
	c.put(t, "/v1/projects/"+p+"/members/"+user, nil)
	require.Empty(t, c.unreachable(t, w))

	c.remove(t, "/v1/event-types/"+own)
	gone := fmt.Sprintf("the event type %q was deleted", own)
	require.Equal(t, map[string]string{"/rules/2/events/0": gone, "/rules/5/all_of/1/events/0": gone}, c.unreachable(t, w))
	require.Contains(t, pointers(t, c.send(t, http.MethodPost, "/v1/events",
		map[string]any{"type": own, "project_id": p, "current": map[string]any{}})), "/type")

	c.remove(t, "/v1/projects/"+p)
	c.remove(t, "/v1/projects/"+second)
	causes := c.unreachable(t, w)
	deleted := fmt.Sprintf("the project %q was deleted", p)
	require.Equal(t, deleted, causes["/rules/0/projects/0"])
	require.Equal(t, deleted, causes["/rules/1/projects/0"])
	require.Equal(t, gone, causes["/rules/2/events/0"])
	require.Contains(t, causes["/rules/3/companies/0"], "member of no project of company")
	require.Contains(t, causes["/rules/4"], "member of no project")
	require.Contains(t, causes, "/rules/6/projects/0")
	require.Equal(t, "renamed", c.patch(t, w, map[string]any{"name": "renamed", "enabled": false})["name"], "and it can still be changed")
}

func TestAProjectThatMovesToAnotherCompany(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	p, from, to := c.prefix+"p", c.prefix+"c", c.prefix+"c2"
	c.put(t, "/v1/companies/"+to, map[string]any{"name": "Zeta"})
	of := func(company string, r *receiver) string {
		return c.webhook(t, r.URL, map[string]any{"rules": []any{map[string]any{"events": []string{"*"}, "companies": []string{company}}}})["id"].(string)
	}
	before, after := newReceiver(t, nil), newReceiver(t, nil)
	old, next := of(from, before), of(to, after)
	require.Contains(t, c.unreachable(t, next), "/rules/0/companies/0")
	c.patch(t, old, map[string]any{"enabled": false})
	first, matched := c.happen(t, nil)
	require.Equal(t, 1, matched)
	require.Equal(t, "project", c.explain(t, next, first)["reason"])

	c.put(t, "/v1/projects/"+p, map[string]any{"company_id": to, "name": "Website"})
	second, matched := c.happen(t, nil)
	require.Equal(t, 1, matched)
	require.Equal(t, "project", c.explain(t, old, second)["reason"])
	require.Equal(t, "project", c.explain(t, next, first)["reason"], "it happened in the other company")
	require.Contains(t, c.unreachable(t, old), "/rules/0/companies/0")
	require.Empty(t, c.unreachable(t, next))

	c.patch(t, old, map[string]any{"enabled": true})
	require.Equal(t, from, c.delivery(t, first, status("succeeded"))["company_id"])
	require.Equal(t, to, c.delivery(t, second, status("succeeded"))["company_id"])
	require.Equal(t, 1, before.ids()[first])
	require.NotContains(t, before.ids(), second)
	require.Equal(t, map[string]int{second: 1}, after.ids())
	events := slices.DeleteFunc(before.all(), func(r request) bool { return r.header.Get("Godwit-Event") == "WEBHOOK_HEALTH_CHECK" }) // that enables it
	require.Contains(t, string(events[0].body), fmt.Sprintf(`"company":{"id":%q`, from))
}

func TestHeadersOfAWebhookStayHidden(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, nil)
	body := map[string]any{"owner_id": c.prefix + "u", "name": "n", "url": r.URL, "rules": []any{c.rule(nil)},
		"headers": map[string]string{"X-Token": "canary-1", "Authorization": "Bearer canary-2", "X-Gone": "canary-3"}}
	made := c.send(t, http.MethodPost, "/v1/webhooks", body)
	path := "/v1/webhooks/" + made.json(t, http.StatusCreated)["id"].(string)
	patched := c.send(t, http.MethodPatch, path, map[string]any{"headers": map[string]any{"X-Token": "[hidden]", "X-Gone": nil, "X-New": "canary-4"}})
	id, _ := c.happen(t, nil)
	got := r.wait(t, 1)[0].header
	require.Equal(t, []string{"canary-1", "Bearer canary-2", "", "canary-4"},
		[]string{got.Get("X-Token"), got.Get("Authorization"), got.Get("X-Gone"), got.Get("X-New")})
	d := c.delivery(t, id, status("succeeded"))
	for _, answer := range []reply{made, patched, c.send(t, http.MethodGet, path, nil), c.send(t, http.MethodGet, "/v1/webhooks?owner_id="+c.prefix+"u", nil),
		c.send(t, http.MethodGet, "/v1/deliveries/"+d["id"].(string), nil)} {
		require.Less(t, answer.status, 300)
		require.NotContains(t, string(answer.raw), "canary")
		require.Contains(t, string(answer.raw), `"X-Token":"[hidden]"`)
	}
	bad := pointers(t, c.send(t, http.MethodPatch, path, map[string]any{"headers": map[string]any{"webhook-id": "x", "X-Fresh": "[hidden]"}}))
	require.Contains(t, bad, "/headers/webhook-id")
	require.Contains(t, bad, "/headers/X-Fresh")
}

func TestAWebhooksOwnTimeoutCounts(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone) // whose own is two seconds
	r := newReceiver(t, func(n int, _ request) int { return map[bool]int{true: 0, false: http.StatusOK}[n == 1] })
	c.webhook(t, r.URL, map[string]any{"timeout_seconds": 1})
	first := c.delivery(t, c.post(t), status("succeeded"))["attempts"].([]any)[0].(map[string]any)
	require.Equal(t, []any{"failure", "timeout_headers"}, []any{first["outcome"], first["reason"]})
	require.NotContains(t, first, "status_code")
	took := time.Duration(first["duration_ms"].(float64)) * time.Millisecond
	require.GreaterOrEqual(t, took, 950*time.Millisecond)
	require.Less(t, took, 1900*time.Millisecond)
	r.letGo()
}

func TestFiltersGoWithEveryPayloadFormat(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	receivers := map[string]*receiver{}
	for _, format := range []string{"standard", "blue", "cloudevents"} {
		receivers[format] = newReceiver(t, nil)
		c.webhook(t, receivers[format].URL, map[string]any{"payload_format": format,
			"rules": []any{c.rule(map[string]any{"filter": "'n' in changed && current.n > previous.n"})}})
	}
	state := func(n int) json.RawMessage { return json.RawMessage(fmt.Sprintf(`{"n":%d.0}`, n)) }
	_, matched := c.happen(t, map[string]any{"previous": state(2), "current": state(1)})
	require.Zero(t, matched)
	id, matched := c.happen(t, map[string]any{"previous": state(1), "current": state(2)})
	require.Equal(t, 3, matched)
	for format, want := range map[string]string{
		"standard":    `"previous":{"n":1.0},"current":{"n":2.0}`,
		"blue":        `"previousValue":{"n":1.0},"currentValue":{"n":2.0}`,
		"cloudevents": `"previous":{"n":1.0},"current":{"n":2.0}`,
	} {
		require.Contains(t, string(receivers[format].wait(t, 1)[0].body), want)
		require.Equal(t, map[string]int{id: 1}, receivers[format].ids())
	}
}

// TestWebhookShowsAFilterThatAlwaysFails: no delivery, no error and no health tells of
// such a filter.
func TestWebhookShowsAFilterThatAlwaysFails(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	rules := []any{c.rule(map[string]any{"filter": "current.id == 'other'"}), c.rule(map[string]any{"filter": "current.missing.word == 'x'"})}
	w := c.webhook(t, newReceiver(t, nil).URL, map[string]any{"rules": rules})
	path := "/v1/webhooks/" + w["id"].(string)
	require.Equal(t, map[string]any{"count": 0.0, "last": nil}, w["filter_failures"])
	var id string
	for range 5 {
		id, _ = c.happen(t, nil)
	}
	shown := func() map[string]any {
		return c.get(t, path)["filter_failures"].(map[string]any)
	}
	require.Eventually(t, func() bool { return shown()["count"] == 5.0 }, 30*time.Second, 50*time.Millisecond)
	last := shown()["last"].(map[string]any)
	require.NotEmpty(t, last["at"])
	delete(last, "at")
	require.Equal(t, map[string]any{"event_id": id, "rule": 1.0, "kind": "missing_key"}, last)
	c.patch(t, w["id"].(string), map[string]any{"rules": rules[:1]})
	require.Equal(t, map[string]any{"count": 0.0, "last": nil}, shown())
}
