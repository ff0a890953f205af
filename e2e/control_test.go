package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// rule makes a rule for the project of the stage; fields override it.
func (c *stageClient) rule(fields map[string]any) map[string]any {
	rule := map[string]any{"events": []string{"TODO_*"}, "projects": []string{c.prefix + "p"}}
	for name, value := range fields {
		rule[name] = value
	}
	return rule
}

// filtered makes a webhook with one rule per filter.
func (c *stageClient) filtered(t testing.TB, url string, filters ...string) string {
	t.Helper()
	var rules []any
	for _, f := range filters {
		rules = append(rules, c.rule(map[string]any{"filter": f}))
	}
	return c.webhook(t, url, map[string]any{"rules": rules})["id"].(string)
}

// happen posts an event with the given fields instead of the usual ones, and
// gives its id and how many deliveries it has.
func (c *stageClient) happen(t testing.TB, fields map[string]any) (id string, matched int) {
	t.Helper()
	event := map[string]any{"type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"id": "r1"}}
	for name, value := range fields {
		event[name] = value
	}
	got := c.send(t, http.MethodPost, "/v1/events", event).json(t, http.StatusAccepted)
	return got["id"].(string), int(got["matched"].(float64))
}

// current makes the fields of an event with this state.
func current(state string) map[string]any { return map[string]any{"current": json.RawMessage(state)} }

// project makes another project of the stage's company, which the user may see
// or not, and gives its id.
func (c *stageClient) project(t testing.TB, name string, member bool) string {
	t.Helper()
	id := c.prefix + name
	c.put(t, "/v1/projects/"+id, map[string]any{"company_id": c.prefix + "c", "name": name})
	if member {
		c.put(t, "/v1/projects/"+id+"/members/"+c.prefix+"u", nil)
	}
	return id
}

func (c *stageClient) patch(t testing.TB, webhookID string, fields map[string]any) map[string]any {
	t.Helper()
	return c.send(t, http.MethodPatch, "/v1/webhooks/"+webhookID, fields).json(t, http.StatusOK)
}

func (c *stageClient) remove(t testing.TB, path string) {
	t.Helper()
	require.Equal(t, http.StatusNoContent, c.send(t, http.MethodDelete, path, nil).status, path)
}

// pointers lists where a 422 finds faults, with what it says of each.
func pointers(t testing.TB, r reply) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, e := range r.json(t, http.StatusUnprocessableEntity)["errors"].([]any) {
		out[e.(map[string]any)["pointer"].(string)] = e.(map[string]any)["detail"].(string)
	}
	return out
}

func TestBadFiltersAreRefusedWithTheirPlace(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	w := c.filtered(t, "http://127.0.0.1:1/", "true")
	for filter, want := range map[string]string{
		"current.n ==":                      "line 1, column 13: ",
		"true\n  && (false":                 "line 2, column 12: ",
		"curent.n == 1":                     "line 1, column 1: undeclared reference to 'curent'",
		"current.n + 1 == 2 && now() > 0":   "line 1, column 26: undeclared reference to 'now'",
		"type":                              "of type string",
		"'" + strings.Repeat("x", 4095):     "",
		"''=='" + strings.Repeat("x", 4092): "",
		"current.text.matches('[')":         "missing closing ]",
		strings.Repeat("(", 60) + "true" + strings.Repeat(")", 60): "",
	} {
		rules := []any{c.rule(nil), c.rule(map[string]any{"filter": filter})}
		body := map[string]any{"owner_id": c.prefix + "u", "name": "n", "url": "http://127.0.0.1:1/", "rules": rules}
		for _, got := range []reply{
			c.send(t, http.MethodPost, "/v1/webhooks", body),
			c.send(t, http.MethodPatch, "/v1/webhooks/"+w, map[string]any{"rules": rules}),
			c.send(t, http.MethodPost, "/v1/webhooks/preview", map[string]any{"rules": rules}),
		} {
			bad := pointers(t, got)
			require.Len(t, bad, 1, filter)
			require.Contains(t, bad["/rules/1/filter"], want, filter)
		}
	}
	require.Len(t, c.get(t, "/v1/webhooks?owner_id="+c.prefix+"u")["data"], 1)
	require.Len(t, c.get(t, "/v1/webhooks/"+w)["rules"], 1)
}

func TestFiltersDecide(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, nil)
	w := c.filtered(t, r.URL, "current.n == 9007199254740993", "current.n == 18446744073709551615u", "current.n < -9223372036854775807")
	want := map[string]int{}
	for number, matches := range map[string]int{
		"9007199254740992": 0, "9007199254740993": 1, "9007199254740994": 0,
		"18446744073709551615": 1, "18446744073709551614": 0, "-9223372036854775808": 1, "-9223372036854775807": 0, `"9007199254740993"`: 0,
	} {
		id, matched := c.happen(t, current(fmt.Sprintf(`{"n":%s}`, number)))
		require.Equal(t, matches, matched, number)
		require.Equal(t, matches == 1, c.explain(t, w, id)["matched"], number)
		if matches == 1 {
			want[id] = 1
		}
	}
	r.wait(t, len(want))
	require.Equal(t, want, r.ids())
}

// failures reads the ops endpoint's count of filters that failed, by kind.
func failures(t testing.TB, p *process) map[string]int {
	t.Helper()
	resp, err := http.Get(p.opsURL() + "/metrics")
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	out := map[string]int{}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, `godwit_filter_failures_total{kind="`); ok {
			kind, count, _ := strings.Cut(rest, `"} `)
			var n int
			_, err := fmt.Sscan(count, &n)
			require.NoError(t, err)
			out[kind] = n
		}
	}
	return out
}

func TestAFilterThatFailsStandsInNobodysWay(t *testing.T) {
	p := sharedStack(t).standalone
	c := newStage(t, p)
	good, bad := newReceiver(t, nil), newReceiver(t, nil)
	loop := "current.list.all(a, current.list.all(b, current.list.all(c, a + b + c > 0)))"
	// The dear one comes last: it uses up what the webhook's filters may take.
	failing := []string{"current.absent == 1", "current.text > 1", "1 / (current.n - current.n) == 1", loop}
	reasons := []string{`"absent"`, "convert", "division by zero", "steps"}
	before := failures(t, p)
	w := c.filtered(t, bad.URL, failing...)
	c.filtered(t, good.URL, "current.text == 'x'")

	state := fmt.Sprintf(`{"text":"x","n":1,"list":[1%s]}`, strings.Repeat(",1", 199))
	id, matched := c.happen(t, current(state))
	require.Equal(t, 1, matched)
	var after map[string]int
	eventually(t, func() (bool, string) { // the dear one is judged after the answer
		after = failures(t, p)
		return after["cost"] > before["cost"], "no filter has failed because of its cost"
	})
	for kind, want := range map[string]int{"missing_key": 1, "type": 1, "cost": 1, "other": 1} {
		require.Equal(t, want, after[kind]-before[kind], kind)
	}
	got := c.explain(t, w, id)
	require.Equal(t, false, got["matched"])
	require.Contains(t, got["reason"], "filter error: ")
	for i, rule := range got["rules"].([]any) {
		reason := rule.(map[string]any)["reason"].(string)
		require.True(t, strings.HasPrefix(reason, "filter error: "), reason)
		require.Contains(t, reason, reasons[i])
	}
	require.Equal(t, after, failures(t, p), "who asks why is no event")

	// Nor does it keep another rule of the same webhook from matching.
	c.patch(t, w, map[string]any{"rules": []any{c.rule(map[string]any{"filter": failing[0]}), c.rule(map[string]any{"filter": "current.n == 1"})}})
	both, matched := c.happen(t, current(state))
	require.Equal(t, 2, matched)
	bad.wait(t, 1)
	good.wait(t, 2)
	require.Equal(t, map[string]int{both: 1}, bad.ids())
	require.Equal(t, map[string]int{id: 1, both: 1}, good.ids())
}

// patchIf sends a merge patch for one version of a webhook.
func (c *stageClient) patchIf(t testing.TB, path, etag string, fields any) reply {
	t.Helper()
	body, err := json.Marshal(fields)
	require.NoError(t, err)
	req, err := http.NewRequest(http.MethodPatch, c.base+path, bytes.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+adminKey)
	req.Header.Set("Content-Type", "application/merge-patch+json")
	req.Header.Set("If-Match", etag)
	return exchange(t, req)
}

func TestPatchedRulesCountFromTheNextEvent(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, nil)
	w := c.webhook(t, r.URL, nil)["id"].(string)
	path := "/v1/webhooks/" + w
	stale := c.send(t, http.MethodGet, path, nil).header.Get("ETag")
	require.NotEmpty(t, stale)
	comments := map[string]any{"type": "COMMENT_CREATED"}
	first, matched := c.happen(t, nil)
	require.Equal(t, 1, matched)
	_, matched = c.happen(t, comments)
	require.Zero(t, matched)

	rules := map[string]any{"rules": []any{c.rule(map[string]any{"events": []string{"COMMENT_*"}})}}
	got := c.patchIf(t, path, stale, rules)
	got.json(t, http.StatusOK)
	fresh := got.header.Get("ETag")
	require.NotEqual(t, stale, fresh)
	require.Equal(t, fresh, c.send(t, http.MethodGet, path, nil).header.Get("ETag"))
	_, matched = c.happen(t, nil)
	require.Zero(t, matched)
	second, matched := c.happen(t, comments)
	require.Equal(t, 1, matched)

	for _, etag := range []string{stale, `"x"`, "W/" + fresh} {
		require.Equal(t, "stale", c.patchIf(t, path, etag, map[string]any{"name": "late"}).json(t, http.StatusPreconditionFailed)["code"], etag)
	}
	require.Equal(t, "feed", c.get(t, path)["name"])
	for _, etag := range []string{fresh, "*"} {
		c.patchIf(t, path, etag, map[string]any{"name": "in time"}).json(t, http.StatusOK)
	}
	r.wait(t, 2)
	require.Equal(t, map[string]int{first: 1, second: 1}, r.ids())
}

func TestOfSeveralChangesForOneVersionOneIsMade(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	path := "/v1/webhooks/" + c.webhook(t, newReceiver(t, nil).URL, nil)["id"].(string)
	etag := c.send(t, http.MethodGet, path, nil).header.Get("ETag")
	statuses := make(chan int, 10)
	var group sync.WaitGroup
	for i := range cap(statuses) {
		group.Go(func() {
			statuses <- c.patchIf(t, path, etag, map[string]any{"name": fmt.Sprint(i)}).status
		})
	}
	group.Wait()
	close(statuses)
	count := map[int]int{}
	for status := range statuses {
		count[status]++
	}
	require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusPreconditionFailed: 9}, count)
}

func TestPreviewCountsWhatWouldHaveMatched(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	second, foreign := c.project(t, "p2", true), c.project(t, "p3", false)
	p := c.prefix + "p"
	high, low := current(`{"priority":"high"}`), current(`{"priority":"low"}`)
	a, _ := c.happen(t, high)
	c.happen(t, low)
	c.happen(t, nil)
	b, _ := c.happen(t, map[string]any{"project_id": second, "current": json.RawMessage(`{"priority":"high"}`)})
	d, _ := c.happen(t, map[string]any{"type": "COMMENT_CREATED", "project_id": second})
	c.happen(t, map[string]any{"project_id": foreign, "current": json.RawMessage(`{"priority":"high"}`)})
	preview := func(fields map[string]any) map[string]any {
		return c.send(t, http.MethodPost, "/v1/webhooks/preview", fields).json(t, http.StatusOK)
	}
	rules := []any{map[string]any{"events": []string{"COMMENT_*"}},
		map[string]any{"events": []string{"TODO_CREATED", "TODO_DELETED"}, "filter": "current.priority == 'high'"}}
	got := preview(map[string]any{"owner_id": c.prefix + "u", "rules": rules})
	require.EqualValues(t, 3, got["matched"])
	require.EqualValues(t, 5, got["examined"])
	require.Equal(t, false, got["sampled"])
	require.Equal(t, []any{
		map[string]any{"event_type": "TODO_CREATED", "count": 2.0}, map[string]any{"event_type": "COMMENT_CREATED", "count": 1.0}}, got["by_type"])
	require.Equal(t, []any{
		map[string]any{"project_id": second, "count": 2.0}, map[string]any{"project_id": p, "count": 1.0}}, got["by_project"])
	var shown []string
	for _, x := range got["examples"].([]any) {
		shown = append(shown, fmt.Sprintf("%s %v", x.(map[string]any)["id"], x.(map[string]any)["rule"]))
	}
	require.Equal(t, []string{d + " 0", b + " 1", a + " 1"}, shown)

	since := c.get(t, "/v1/events/"+d)["accepted_at"]
	require.EqualValues(t, 1, preview(map[string]any{"owner_id": c.prefix + "u", "rules": rules, "since": since})["matched"])

	all := []any{map[string]any{"events": []string{"TODO_CREATED"}, "projects": []string{p, foreign}}}
	got = preview(map[string]any{"rules": all})
	require.EqualValues(t, 4, got["matched"], "an administrator sees every project")
	require.Empty(t, c.get(t, "/v1/webhooks?owner_id="+c.prefix+"u")["data"])
	require.Empty(t, c.get(t, "/v1/deliveries?project_id="+p)["data"])
}

func TestPreviewRefusesWhatNoWebhookCouldName(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	foreign := c.project(t, "p3", false)
	bad := pointers(t, c.send(t, http.MethodPost, "/v1/webhooks/preview", map[string]any{"owner_id": c.prefix + "u", "rules": []any{
		map[string]any{"events": []string{"NO_SUCH"}, "projects": []string{c.prefix + "p", "nowhere", foreign}, "companies": []string{"nobody"}},
		map[string]any{"all_of": []any{part("TODO_CREATED"), part("NO_SUCH")}, "within": "1h", "none_of": []any{part("NEITHER")}},
	}}))
	require.Len(t, bad, 6)
	for _, pointer := range []string{"/rules/0/events/0", "/rules/0/projects/1", "/rules/0/projects/2", "/rules/0/companies/0",
		"/rules/1/all_of/1/events/0", "/rules/1/none_of/0/events/0"} {
		require.Contains(t, bad, pointer)
	}
	rules := []any{map[string]any{"events": []string{"*"}}}
	require.Contains(t, pointers(t, c.send(t, http.MethodPost, "/v1/webhooks/preview", map[string]any{"owner_id": "ghost", "rules": rules})), "/owner_id")
	require.Contains(t, pointers(t, c.send(t, http.MethodPost, "/v1/webhooks/preview", map[string]any{"rules": rules, "since": "2999-01-01T00:00:00Z"})), "/since")
}
