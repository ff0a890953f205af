package store_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// The test compares 200 worlds of 500 events: 100,000 events, each with every
// webhook of its world.
const (
	worlds         = 200
	eventsPerWorld = 500
)

var (
	projectCompany = map[string]string{"p1": "c1", "p2": "c1", "p3": "c2", "p4": "c2", "p5": "c3"}
	someTypes      = []string{"TODO_CREATED", "TODO_DELETED", "TODO_LIST_CREATED", "TAG_CREATED", "COMMENT_CREATED"}
	somePatterns   = append([]string{"*", "TODO_*", "TODO_LIST_*", "TODO_L*", "TAG_*", "COMMENT_CREATED*", "NOTHING_*", "*_CREATED", "*_LIST_CREATED", "*D", "*TODO_DELETED", "*_NOTHING"}, someTypes...)
)

// world is what the look-up and its reference are asked about.
type world struct {
	members  map[string]bool // "user project"
	webhooks []subscription
	events   []hook.Event
}

type subscription struct {
	owner   string
	enabled bool
	rules   []hook.Rule
	filters []condition // of the rules
	id      string
}

func TestMatchingIsWhatAPlainLoopWouldSay(t *testing.T) {
	before := flag.Lookup("rapid.checks").Value.String()
	require.NoError(t, flag.Set("rapid.checks", strconv.Itoa(worlds)))
	defer func() { require.NoError(t, flag.Set("rapid.checks", before)) }()
	s := newStage(t)
	populate(t, s)
	round, compared, matched := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		w := drawWorld(rt, round)
		w.store(rt, t, s)
		want, got := w.reference(), w.matches(rt, s)
		require.Empty(rt, w.difference(want, got))
		compared += len(w.events)
		matched += len(want)
	})
	require.GreaterOrEqual(t, compared, worlds*eventsPerWorld)
	t.Logf("%d events, %d matches", compared, matched)
}

func populate(t *testing.T, s stage) {
	ctx := context.Background()
	for _, c := range []string{"c1", "c2", "c3"} {
		_, _, err := s.PutCompany(ctx, hook.Company{ID: c, Name: c})
		require.NoError(t, err)
	}
	for p, c := range projectCompany {
		_, _, err := s.PutProject(ctx, hook.Project{ID: p, CompanyID: c, Name: p})
		require.NoError(t, err)
	}
	for _, u := range []string{"u1", "u2", "u3"} {
		_, _, err := s.PutUser(ctx, hook.User{ID: u, Name: u, Email: u + "@example.com"})
		require.NoError(t, err)
	}
}

func drawWorld(t *rapid.T, round int) *world {
	w := &world{members: map[string]bool{}}
	for _, u := range []string{"u1", "u2", "u3"} {
		for _, p := range []string{"p1", "p2", "p3", "p4", "p5"} {
			if rapid.IntRange(0, 2).Draw(t, u+" in "+p) > 0 {
				w.members[u+" "+p] = true
			}
		}
	}
	for i := range rapid.IntRange(1, 8).Draw(t, "webhooks") {
		w.webhooks = append(w.webhooks, w.drawWebhook(t, i))
	}
	for i := range eventsPerWorld {
		w.events = append(w.events, drawEvent(t, fmt.Sprintf("w%d.%d", round, i)))
	}
	return w
}

func (w *world) drawWebhook(t *rapid.T, i int) subscription {
	name := fmt.Sprintf("webhook %d", i)
	sub := subscription{owner: rapid.SampledFrom([]string{"u1", "u2", "u3"}).Draw(t, name), enabled: rapid.IntRange(0, 4).Draw(t, name) > 0}
	for range rapid.IntRange(1, 4).Draw(t, name) {
		r := hook.Rule{Events: some(t, somePatterns, 1, name), Companies: some(t, []string{"c1", "c2", "c3"}, 0, name)}
		for _, p := range some(t, []string{"p1", "p2", "p3", "p4", "p5"}, 0, name) {
			if w.members[sub.owner+" "+p] { // else it can't be named
				r.Projects = append(r.Projects, p)
			}
		}
		if rapid.Bool().Draw(t, name) {
			r.NotEvents = slices.DeleteFunc(some(t, somePatterns, 0, name), func(p string) bool { return slices.Contains(r.Events, p) }) // the API refuses both
		}
		var c condition
		if rapid.Bool().Draw(t, name) {
			c = drawCondition(t, 2)
			r.Filter = c.source
		}
		sub.rules, sub.filters = append(sub.rules, r), append(sub.filters, c)
	}
	return sub
}

// some draws up to three different items, at least the given number.
func some(t *rapid.T, items []string, least int, name string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(items), least, 3, rapid.ID[string]).Draw(t, name)
}

func drawEvent(t *rapid.T, id string) hook.Event {
	e := hook.Event{ID: id, Type: rapid.SampledFrom(someTypes).Draw(t, id), ProjectID: rapid.SampledFrom([]string{"p1", "p2", "p3", "p4", "p5"}).Draw(t, id)}
	switch rapid.IntRange(0, 3).Draw(t, id) {
	case 0:
		e.Previous = drawState(t, id)
	case 1:
		e.Previous, e.Current = drawState(t, id), drawState(t, id)
	default:
		e.Current = drawState(t, id)
	}
	return e
}

func drawState(t *rapid.T, name string) []byte {
	var members []string
	for _, m := range []string{`"p":"high"`, `"p":"low"`, `"n":1`, `"n":7.5`, `"n":9007199254740993`, `"n":"seven"`, `"done":true`} {
		key, _, _ := strings.Cut(m, ":")
		taken := slices.ContainsFunc(members, func(o string) bool { return strings.HasPrefix(o, key) })
		if !taken && rapid.IntRange(0, 2).Draw(t, name) == 0 {
			members = append(members, m)
		}
	}
	return []byte("{" + strings.Join(members, ", ") + "}")
}

// store makes the world so: its memberships and its webhooks alone.
func (w *world) store(rt *rapid.T, t *testing.T, s stage) {
	ctx := context.Background()
	for _, webhook := range all(rt, s) {
		require.NoError(rt, s.DeleteWebhook(ctx, webhook.ID))
	}
	pgtest.Exec(t, s.url, `DELETE FROM members`)
	for m := range w.members {
		user, project, _ := strings.Cut(m, " ")
		_, err := s.PutMember(ctx, project, user)
		require.NoError(rt, err)
	}
	for i := range w.webhooks {
		sub := &w.webhooks[i]
		d := draft(sub.owner, sub.rules...)
		if !sub.enabled {
			d.Enabled, d.DisabledReason = false, hook.DisabledByOwner
		}
		created, err := s.CreateWebhook(ctx, d)
		require.NoError(rt, err)
		sub.id = created.ID
	}
}

func all(rt *rapid.T, s stage) []hook.Webhook {
	found, err := s.Webhooks(context.Background(), hook.WebhookFilter{}, anyPage)
	require.NoError(rt, err)
	return found
}

// reference asks every rule of every webhook about every event.
func (w *world) reference() map[hook.Match]hook.DeliveryStatus {
	out := map[hook.Match]hook.DeliveryStatus{}
	for _, e := range w.events {
		for _, sub := range w.webhooks {
			for i, r := range sub.rules {
				if w.members[sub.owner+" "+e.ProjectID] && names(r.Events, e.Type) && !names(r.NotEvents, e.Type) && reaches(r, e.ProjectID) && sub.filters[i].holds(e) {
					out[hook.Match{EventID: e.ID, WebhookID: sub.id}] = map[bool]hook.DeliveryStatus{true: hook.Pending, false: hook.Held}[sub.enabled]
				}
			}
		}
	}
	return out
}

// difference tells what the two don't have in common, with what led to it.
func (w *world) difference(want, got map[hook.Match]hook.DeliveryStatus) (out []string) {
	for _, e := range w.events {
		for _, sub := range w.webhooks {
			m := hook.Match{EventID: e.ID, WebhookID: sub.id}
			if want[m] != got[m] {
				out = append(out, fmt.Sprintf("want %q, got %q: %s in %s, %s -> %s; rules %+v of %s", want[m], got[m], e.Type, e.ProjectID, e.Previous, e.Current, sub.rules, sub.owner))
			}
		}
	}
	return out
}

func names(patterns []string, eventType string) bool {
	for _, p := range patterns {
		if p == eventType || p[len(p)-1] == '*' && strings.HasPrefix(eventType, p[:len(p)-1]) || p[0] == '*' && strings.HasSuffix(eventType, p[1:]) {
			return true
		}
	}
	return false
}

func reaches(r hook.Rule, project string) bool {
	if len(r.Projects) == 0 && len(r.Companies) == 0 {
		return true
	}
	return slices.Contains(r.Projects, project) || slices.Contains(r.Companies, projectCompany[project])
}

// matches publishes the events and reads what they came to.
func (w *world) matches(rt *rapid.T, s stage) map[hook.Match]hook.DeliveryStatus {
	accepted, err := s.Ingest(context.Background(), w.events)
	require.NoError(rt, err)
	out := map[hook.Match]hook.DeliveryStatus{}
	sum := 0
	for _, a := range accepted {
		require.Nil(rt, a.Err)
		sum += a.Matched
	}
	for _, sub := range w.webhooks {
		page := anyPage
		for more := true; more; {
			found, err := s.Deliveries(context.Background(), hook.DeliveryFilter{WebhookID: sub.id}, page)
			require.NoError(rt, err)
			for _, d := range found {
				out[hook.Match{EventID: d.EventID, WebhookID: d.WebhookID}] = d.Status
			}
			if more = len(found) == page.Limit; more {
				last := found[len(found)-1]
				page.After = &hook.Cursor{Time: last.CreatedAt, ID: last.ID}
			}
		}
	}
	require.Len(rt, out, sum, "the answers count the deliveries")
	return out
}
