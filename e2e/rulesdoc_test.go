package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const rulesPage = "../docs/rules.md"

var (
	exampleBlocks = regexp.MustCompile("(?s)\\A(.*?)\n.*?```json\n(.*?)```\n```text\n(.*?)```")
	jsonBlock     = regexp.MustCompile("(?s)```json\n(.*?)```")
	answerLine    = regexp.MustCompile(`(?m)^(true|false|fails|refused):\s+(.+)$`)
	reasonCell    = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
)

// example is one of the page's: rules, and events that match them or don't.
type example struct {
	title  string
	rules  json.RawMessage
	events []exampleEvent
}

type exampleEvent struct {
	body    string
	matches bool
	id      string
}

// section gives what stands on the page from one heading to the next.
func section(t testing.TB, from, to string) string {
	t.Helper()
	text, err := os.ReadFile(rulesPage)
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), "\n"+from+"\n")
	require.True(t, found, from)
	inside, _, found := strings.Cut(rest, "\n"+to+"\n")
	require.True(t, found, to)
	return inside
}

func examples(t testing.TB) []example {
	t.Helper()
	var out []example
	for _, text := range strings.Split(section(t, "## Eleven examples", "## Limits"), "\n### ")[1:] {
		m := exampleBlocks.FindStringSubmatch(text)
		require.NotNil(t, m, text)
		x := example{title: m[1], rules: json.RawMessage(m[2])}
		for line := range strings.Lines(m[3]) {
			verdict, body, found := strings.Cut(line, ": ")
			require.True(t, found, line)
			require.Contains(t, []string{"match", "no match"}, verdict)
			x.events = append(x.events, exampleEvent{body: body, matches: verdict == "match"})
		}
		out = append(out, x)
	}
	return out
}

func (x example) combines() bool { return strings.Contains(string(x.rules), `"all_of"`) }

// matching lists the ids of the events that match.
func (x example) matching() []string {
	var ids []string
	for _, e := range x.events {
		if e.matches {
			ids = append(ids, e.id)
		}
	}
	return ids
}

// cast makes those who play in the page's examples, under the page's own names.
func cast(t testing.TB) *stageClient {
	t.Helper()
	s := sharedStack(t)
	c := &stageClient{base: startServe(t, serveEnv(t, s.migrated(t), s.temporal(), "rulesdoc")).url()}
	c.put(t, "/v1/users/una", map[string]any{"name": "Una", "email": "una@example.com"})
	for company, projects := range map[string][]string{"acme": {"website", "shop", "payroll"}, "zeta": {"garden", "kitchen"}} {
		c.put(t, "/v1/companies/"+company, map[string]any{"name": company})
		for _, p := range projects {
			c.put(t, "/v1/projects/"+p, map[string]any{"company_id": company, "name": p})
			if p != "payroll" {
				c.put(t, "/v1/projects/"+p+"/members/una", nil)
			}
		}
	}
	for _, name := range []string{"TICKET_UPDATED", "INVOICE_UPDATED"} {
		c.put(t, "/v1/event-types/"+name, map[string]any{"group": "Acme's own", "description": "Something was changed."})
	}
	return c
}

func TestTheRulesPage(t *testing.T) {
	c := cast(t)
	t.Run("filters", func(t *testing.T) { filtersOfThePage(t, c) })
	all := examples(t)
	require.Len(t, all, 11)
	require.Len(t, slices.DeleteFunc(slices.Clone(all), func(x example) bool { return !x.combines() }), 3)
	for _, x := range all {
		t.Run(x.title, func(t *testing.T) {
			r := newReceiver(t, nil)
			w := c.webhook(t, r.URL, map[string]any{"owner_id": "una", "rules": x.rules})["id"].(string)
			defer c.send(t, http.MethodDelete, "/v1/webhooks/"+w, nil)
			for i := range x.events {
				x.play(t, c, i)
			}
			require.NotEmpty(t, x.matching())
			require.Less(t, len(x.matching()), len(x.events), "the page shows what does not match, too")
			if x.combines() {
				x.firesOnce(t, c, r)
			} else {
				x.arrives(t, r)
			}
			x.explains(t, c, w)
			x.previews(t, c, len(r.all()))
			require.Len(t, c.get(t, "/v1/deliveries?webhook_id="+w)["data"], len(r.all()))
		})
	}
}

// play posts the example's i-th event.
func (x example) play(t testing.TB, c *stageClient, i int) {
	t.Helper()
	e := &x.events[i]
	got := c.send(t, http.MethodPost, "/v1/events", []byte(e.body)).json(t, http.StatusAccepted)
	e.id = got["id"].(string)
	matched := map[bool]float64{true: 1}[e.matches && !x.combines()]
	require.Equal(t, matched, got["matched"], e.body)
}

// arrives checks that each event that matches comes once, and nothing else.
func (x example) arrives(t testing.TB, r *receiver) {
	t.Helper()
	want := map[string]int{}
	for _, id := range x.matching() {
		want[id] = 1
	}
	r.wait(t, len(want))
	require.Equal(t, want, r.ids())
}

// firesOnce checks that one request comes, for the events that match.
func (x example) firesOnce(t testing.TB, c *stageClient, r *receiver) {
	t.Helper()
	id := r.wait(t, 1)[0].header.Get("webhook-id")
	c.delivery(t, id, status("succeeded"))
	var body struct {
		Type string
		Data struct{ Events []struct{ ID string } }
	}
	require.NoError(t, json.Unmarshal(r.all()[0].body, &body))
	require.Equal(t, "combination", body.Type)
	var parts []string
	for _, e := range body.Data.Events {
		parts = append(parts, e.ID)
	}
	require.ElementsMatch(t, x.matching(), parts)
	require.Len(t, r.all(), 1)
}

func (x example) explains(t testing.TB, c *stageClient, webhookID string) {
	t.Helper()
	for _, e := range x.events {
		require.Equal(t, e.matches, c.explain(t, webhookID, e.id)["matched"], e.body)
	}
}

// previews asks what would have come of the example's events.
func (x example) previews(t testing.TB, c *stageClient, matched int) {
	t.Helper()
	since := c.get(t, "/v1/events/"+x.events[0].id)["accepted_at"]
	got := c.send(t, http.MethodPost, "/v1/webhooks/preview",
		map[string]any{"owner_id": "una", "rules": x.rules, "since": since}).json(t, http.StatusOK)
	require.EqualValues(t, matched, got["matched"])
}

// explain asks why an event did or did not go to a webhook. Each reason must
// stand on the page.
func (c *stageClient) explain(t testing.TB, webhookID, eventID string) map[string]any {
	t.Helper()
	got := c.send(t, http.MethodPost, "/v1/webhooks/"+webhookID+"/explain", map[string]any{"event_id": eventID}).json(t, http.StatusOK)
	var documented []string
	for _, m := range reasonCell.FindAllStringSubmatch(section(t, "## Asking why: explain", "## Rules that can't match any more"), -1) {
		documented = append(documented, strings.TrimSuffix(m[1], "…"))
	}
	reasons := []any{got["reason"]}
	for _, rule := range got["rules"].([]any) {
		reasons = append(reasons, rule.(map[string]any)["reason"])
	}
	for _, reason := range reasons {
		require.True(t, slices.ContainsFunc(documented, func(prefix string) bool {
			return reason == prefix || strings.HasSuffix(prefix, " ") && strings.HasPrefix(reason.(string), prefix)
		}), reason)
	}
	return got
}

// filtersOfThePage asks each filter of the page for its answer.
func filtersOfThePage(t *testing.T, c *stageClient) {
	text := section(t, "## Filters", "### When a filter fails")
	event := jsonBlock.FindStringSubmatch(text)
	var rules []any
	var want, sources []string
	for _, m := range answerLine.FindAllStringSubmatch(text, -1) {
		rule := map[string]any{"events": []string{"TICKET_UPDATED"}, "filter": m[2]}
		if m[1] == "refused" {
			got := c.send(t, http.MethodPost, "/v1/webhooks/preview", map[string]any{"rules": []any{rule}})
			require.Contains(t, fmt.Sprint(got.json(t, http.StatusUnprocessableEntity)["errors"]), "/rules/0/filter", m[2])
			continue
		}
		rules, want, sources = append(rules, rule), append(want, m[1]), append(sources, m[2])
	}
	require.Subset(t, want, []string{"true", "false", "fails"})
	w := c.webhook(t, newReceiver(t, nil).URL, map[string]any{"owner_id": "una", "rules": rules})["id"].(string)
	defer c.send(t, http.MethodDelete, "/v1/webhooks/"+w, nil)
	id := c.send(t, http.MethodPost, "/v1/events", []byte(event[1])).json(t, http.StatusAccepted)["id"].(string)
	for i, rule := range c.explain(t, w, id)["rules"].([]any) {
		reason := rule.(map[string]any)["reason"].(string)
		answer := map[string]string{"matched": "true", "filter: false": "false"}[reason]
		if strings.HasPrefix(reason, "filter error: ") {
			answer = "fails"
		}
		require.Equal(t, want[i], answer, "%s: %s", sources[i], reason)
	}
}
