package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// call is a request that a page of the web app makes.
type call struct {
	name   string
	method string
	path   string
	body   any
	admins bool // only admins may
}

func get(name, path string) call { return call{name: name, method: http.MethodGet, path: path} }

func post(name, path string, body any) call {
	return call{name: name, method: http.MethodPost, path: path, body: body}
}

// ofAdmins marks calls that users may not make.
func ofAdmins(calls ...call) []call {
	for i := range calls {
		calls[i].admins = true
	}
	return calls
}

// callResult is how long a call takes, from the request to the end of its answer.
type callResult struct {
	Name string `json:"name"`
	As   string `json:"as"` // admin or user
	Took spread `json:"took"`
}

const (
	// callsOf is how often each call is made, one after another. The pause between them
	// keeps to the requests a second that people have.
	callsOf   = 15
	callPause = 20 * time.Millisecond
)

func (b *bench) measurePages(ctx context.Context) error {
	past, err := b.pastOf(ctx)
	if err != nil {
		return err
	}
	calls, err := pageCalls(ctx, past)
	if err != nil {
		return err
	}
	b.report.Pages, err = past.measure(ctx, b, calls)
	return err
}

// measure makes each call often, as an admin and as the user.
func (h *history) measure(ctx context.Context, b *bench, calls []call) (results []callResult, err error) {
	b.progress("history: making each of %d calls %d times, as an admin and as a user", len(calls), callsOf)
	for _, c := range calls {
		for _, who := range []struct {
			name string
			*client
		}{{"admin", h.admin}, {"user", h.user}} {
			if c.admins && who.name != "admin" {
				continue
			}
			ask := func(ctx context.Context, _ string) error { return who.call(ctx, c.method, c.path, c.body, nil) }
			var shots []shot
			for i := range callsOf {
				shots = append(shots, load{}.fire(ctx, i, ask))
				pause(ctx, callPause)
			}
			if err := firstError(shots); err != nil {
				return results, fmt.Errorf("%s as %s: %w", c.name, who.name, err)
			}
			results = append(results, callResult{Name: c.name, As: who.name, Took: spreadOf(answerTimes(shots))})
		}
	}
	return results, nil
}

// pageCalls are the requests of every page of the web app that reads what grows.
func pageCalls(ctx context.Context, h *history) ([]call, error) {
	w := "/v1/webhooks/" + h.webhooks[0]
	delivery, err := h.some(ctx, "/v1/deliveries?status=failed&webhook_id="+h.webhooks[0])
	if err != nil {
		return nil, err
	}
	event := "evt_" + h.middle()
	since := func(days int) string {
		return url.QueryEscape(time.Now().AddDate(0, 0, -days).UTC().Format(time.RFC3339))
	}
	from := func(days int) string { return time.Now().AddDate(0, 0, -days).UTC().Format(time.RFC3339) }
	rules := []rule{{Events: []string{"TODO_*"}, Projects: []string{h.project}}}
	type object map[string]any
	calls := []call{
		get("session", "/v1/session"), get("projects", "/v1/projects?limit=200"), get("companies", "/v1/companies?limit=200"), get("event types", "/v1/event-types?limit=200"),
		get("webhooks with numbers", "/v1/webhooks?limit=200&include=stats&sort=created"), get("webhooks by name", "/v1/webhooks?limit=200&include=stats&sort=name"),
		get("webhooks that need attention", "/v1/webhooks?limit=200&include=stats&sort=needs_attention"), get("webhooks by text", "/v1/webhooks?limit=200&include=stats&q=histo"),
		get("webhooks that do not go on", "/v1/webhooks?limit=10&include=stats&sort=needs_attention&stuck=true"), get("webhooks that a type matches", "/v1/webhooks?limit=200&matches=TODO_CREATED"),
		get("webhooks by a text of none", "/v1/webhooks?limit=200&include=stats&q=nobody-has-this"),
		get("webhook", w), get("health 24 h", w+"/health?since="+since(1)), get("health 30 d", w+"/health?since="+since(29)),
		get("ledger 24 h", w+"/ledger?limit=1&since="+since(1)), get("ledger 30 d", w+"/ledger?limit=1&since="+since(30)), get("redeliveries", w+"/redeliveries?limit=1"),
		post("redeliver, counted", w+"/redeliver", object{"since": from(30), "dry_run": true}), post("explain", w+"/explain", object{"event_id": event}),
		post("preview 24 h", "/v1/webhooks/preview", object{"rules": rules, "since": from(1)}), post("preview 28 d", "/v1/webhooks/preview", object{"rules": rules, "since": from(28)}),
		post("check", "/v1/webhooks/check", object{"name": "n", "url": "https://receiver.example/", "rules": rules}),
		get("deliveries", "/v1/deliveries"), get("deliveries failed", "/v1/deliveries?status=failed"), get("deliveries of a webhook", "/v1/deliveries?webhook_id="+h.webhooks[0]),
		get("delivery", "/v1/deliveries/"+delivery), get("request of a delivery", "/v1/deliveries/"+delivery+"/request"),
		get("events", "/v1/events"), get("events of a type", "/v1/events?type=COMMENT_DELETED"), get("events of a project", "/v1/events?project_id="+h.project),
		get("events that matched nothing", "/v1/events?matched=false"), get("events of an hour", "/v1/events?since="+since(3)+"&until="+since(2)), get("event", "/v1/events/"+event),
		get("fields of a type", "/v1/event-types/TODO_CREATED/fields"),
		post("search for much", "/v1/events/search", object{"filter": `current.title != ""`, "since": from(7)}),
		get("stats 24 h", "/v1/stats?since="+since(1)), get("stats 30 d", "/v1/stats?since="+since(29)), get("keys", "/v1/api-keys"), get("sessions", "/v1/sessions"),
	}
	return append(calls, ofAdmins(
		get("users", "/v1/users"), get("users by text", "/v1/users?q=bulk"), get("projects of a user", "/v1/users/"+h.owner+"/projects"),
		get("webhooks of a user", "/v1/webhooks?sort=name&owner_id="+h.owner), get("companies by text", "/v1/companies?q=bulk"),
		get("audit log", "/v1/audit-log"), get("system", "/v1/system"),
	)...), nil
}

func (f parameter) query() string { return f.name + "=" + url.QueryEscape(f.value) }

// short is the value, unless it is long.
func (f parameter) short() string {
	if len(f.value) > 16 {
		return "…"
	}
	return f.value
}

func (r *report) printPages(t table) {
	printCalls(t, "Pages: what the web app's pages ask for; aim: p95 below 100 ms", r.Pages, len(r.Pages))
}
