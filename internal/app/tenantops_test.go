package app_test

import (
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// closed lists the operations that a user's key is refused, whatever they name.
var closed = []string{
	"put-company", "get-company", "delete-company",
	"put-project", "delete-project",
	"put-user", "delete-user", "list-users", "list-user-projects",
	"put-member", "delete-member", "list-members",
	"put-event-type", "delete-event-type",
	"publish-event", "publish-batch", "expunge-event",
	"create-portal-session",
	"list-audit-log", "get-system",
}

const rule = `{"name":"n","url":"http://127.0.0.1:1/","rules":[{"events":["*"],`

// open lists the operations that a user's key may call, with bodies for each
// place of their bodies that an id can be put into. Where the path has an id,
// bodies are sent to the second user's own.
var open = map[string][]string{
	"list-companies": nil, "get-user": nil, "get-project": nil, "list-projects": nil, "list-event-types": nil, "list-events": nil, "get-event": nil,
	"create-webhook": {
		`{"owner_id":"{user}","name":"n","url":"http://127.0.0.1:1/","rules":[{"events":["*"]}]}`,
		rule + `"projects":["{project}"]}]}`, rule + `"companies":["{company}"]}]}`, rule + `"projects":["shared","{project}"],"companies":["{company}","common"]}]}`,
	},
	"preview-rules": {
		`{"owner_id":"{user}","rules":[{"events":["*"]}]}`,
		`{"rules":[{"events":["*"],"projects":["{project}"]}]}`, `{"rules":[{"events":["*"],"companies":["{company}"]}]}`,
	},
	"list-event-type-fields": nil,
	"search-events": {
		`{"owner_id":"{user}","filter":"true","since":"2020-01-01T00:00:00Z"}`, `{"filter":"true","projects":["{project}"],"since":"2020-01-01T00:00:00Z"}`,
	},
	"put-webhook": {
		`{"owner_id":"{user}","name":"n","url":"http://127.0.0.1:1/","rules":[{"events":["*"]}]}`,
		rule + `"projects":["{project}"]}]}`, rule + `"companies":["{company}"]}]}`,
	},
	"get-webhook-by-key": nil, "delete-webhook-by-key": nil,
	"check-webhook": {
		`{"owner_id":"{user}","rules":[{"events":["*"]}]}`, `{"rules":[{"events":["*"],"projects":["{project}"]}]}`, `{"rules":[{"events":["*"],"companies":["{company}"]}]}`,
		`{"sample":{"event_id":"{event}"}}`, `{"sample":{"event_id":"{private}"}}`,
	},
	"open-listener": {
		`{"owner_id":"{user}","name":"other","rules":[{"events":["*"]}]}`,
		`{"name":"other","rules":[{"events":["*"],"projects":["{project}"]}]}`, `{"name":"other","rules":[{"events":["*"],"companies":["{company}"]}]}`,
	},
	"create-api-key": {`{"name":"n","role":"user","user_id":"{user}"}`, `{"name":"n","role":"admin"}`, `{"name":"n","role":"publisher"}`},
	"get-api-key":    nil, "list-api-keys": nil, "delete-api-key": nil, "begin-device": nil, "poll-device": nil, "answer-device": nil, "look-at-portal-link": nil,
	"make-play-address": {`{"owner_id":"{user}"}`}, "list-play-addresses": nil, "list-play-requests": nil, "delete-play-address": nil,
	"list-listeners": nil, "stream-listener": nil, "post-results": nil, "delete-listener": nil,
	"explain-event":  {`{"event_id":"{event}"}`, `{"event_id":"{private}"}`},
	"verify-request": {`{"headers":{"webhook-id":"{event}"}}`},
	"patch-webhook": {
		`{"owner_id":"{user}"}`, `{"rules":[{"events":["*"],"projects":["{project}"]}]}`, `{"rules":[{"events":["*"],"companies":["{company}"]}]}`,
	},
	"list-webhooks": nil, "get-webhook": nil, "enable-webhook": nil, "disable-webhook": nil, "delete-webhook": nil,
	"test-webhook": nil, "rotate-secret": nil, "redeliver-deliveries": nil, "cancel-deliveries": nil, "list-redeliveries": nil, "get-redelivery": nil, "cancel-redelivery": nil,
	"get-webhook-health": nil, "get-webhook-ledger": nil, "get-stats": nil,
	"get-app": nil, "sign-in": nil, "get-session": nil, "patch-session": nil, "sign-out": nil, "list-sessions": nil, "end-session": nil,
	"list-deliveries": nil, "get-delivery": nil, "get-delivery-request": nil, "redeliver": nil, "retry-now": nil, "cancel-delivery": nil,
}

// own are the bodies by which each user calls those operations of which no more
// is known without one.
var own = map[string]string{
	"create-api-key":       `{"name":"{user} key","role":"user"}`,
	"put-webhook":          rule + `"projects":["{project}"]}]}`,
	"patch-session":        `{"locale":"en"}`,
	"create-webhook":       rule + `"projects":["{project}"],"companies":["{company}"]}]}`,
	"open-listener":        `{"name":"other","rules":[{"events":["*"],"projects":["{project}"],"companies":["{company}"]}]}`,
	"post-results":         `{"results":[{"delivery":"{delivery}","attempt":1,"status_code":200}]}`,
	"preview-rules":        `{"rules":[{"events":["*"]}]}`,
	"search-events":        `{"filter":"true","since":"2020-01-01T00:00:00Z"}`,
	"check-webhook":        `{"rules":[{"events":["*"],"projects":["{project}"],"filter":"type == 'x'"}],"sample":{"event_id":"{event}"}}`,
	"explain-event":        `{"event_id":"shared-event"}`,
	"verify-request":       `{"headers":{"webhook-id":"{event}"},"secret":"whsec_AAAA"}`,
	"patch-webhook":        `{"owner_id":"{user}","rules":[{"events":["*"],"projects":["{project}"]}]}`,
	"redeliver-deliveries": `{"since":"2020-01-01T00:00:00Z","dry_run":true}`,
	"cancel-deliveries":    `{"since":"2020-01-01T00:00:00Z","dry_run":true}`,
}

// nobodys lists those of them whose answers name nothing of anyone.
var nobodys = []string{"get-app", "list-event-types", "list-event-type-fields", "get-stats", "get-webhook-health"}

// operation is one of /openapi.json.
type operation struct {
	method, path string
	ID           string `json:"operationId"`
	Parameters   []struct{ Name, In string }
	RequestBody  json.RawMessage
}

func (o operation) open() bool   { _, ok := open[o.ID]; return ok }
func (o operation) hasIDs() bool { return strings.Contains(o.path, "{") }

// kinds says what the first part of a path is about.
var kinds = map[string]string{
	"companies": "company", "projects": "project", "users": "user", "event-types": "type", "events": "event",
	"webhooks": "webhook", "deliveries": "delivery", "api-keys": "key", "sessions": "session", "listeners": "listener", "play": "play",
}

// place is the path with the kinds of its ids: /v1/webhooks/{webhook}.
func (o operation) place() string {
	kind := kinds[strings.Split(o.path, "/")[2]]
	path := strings.NewReplacer("by-key/{key}", "by-key/{chosen}", "{id}", "{"+kind+"}", "{name}", "{type}").Replace(o.path)
	return strings.ReplaceAll(path, "_id}", "}")
}

// operations reads /openapi.json. What deletes comes last, and the innermost
// things first.
func (s *tenants) operations() []operation {
	s.Helper()
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	require.NoError(s, json.Unmarshal(s.call("", "GET", "/openapi.json", "").Body.Bytes(), &doc))
	var out []operation
	for path, methods := range doc.Paths {
		for method, text := range methods {
			op := operation{method: strings.ToUpper(method), path: path}
			require.NoError(s, json.Unmarshal(text, &op))
			out = append(out, op)
		}
	}
	rank := func(o operation) int { return strings.Index(http.MethodDelete, o.method) }
	slices.SortFunc(out, func(a, b operation) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(len(b.path), len(a.path)), cmp.Compare(a.ID, b.ID))
	})
	require.NotEmpty(s, out)
	return out
}

// TestOtherUsersThingsAreNotThere makes every operation of /openapi.json with the
// second user's key, and with a session of it, and the first user's ids.
func TestOtherUsersThingsAreNotThere(t *testing.T) {
	s := newTenants(t)
	before := s.state(s.first)
	session := *s.second
	session.key = s.signedIn(s.second.key)
	for credential, second := range map[string]*party{"key": s.second, "session": &session} {
		for _, op := range s.operations() {
			t.Run(credential+" "+op.ID, func(t *testing.T) {
				s := &tenants{t, s.handler, s.first, second, s.asked}
				switch {
				case slices.Contains(closed, op.ID):
					require.Equal(t, http.StatusForbidden, s.requireHidden(op.method, op.place(), "").Code)
				case op.open():
					s.requireNoWayIn(op)
				default:
					require.Fail(t, "nobody has said who sees what by "+op.ID, "put it into the lists of tenantops_test.go: closed, or open with a body for each id that it takes")
				}
			})
		}
	}
	require.Equal(t, before, s.state(s.first), "nothing has changed")
	s.requireWayIn(s.second, s.first)
	s.requireWayIn(s.first, s.second)
	t.Logf("attacks: tenancy: %d operations, %d requests with another user's key or session, nothing shown", len(s.operations()), *s.asked)
}

// requireNoWayIn tries every id of the first user wherever the operation takes one.
func (s *tenants) requireNoWayIn(op operation) {
	s.Helper()
	names := idPlaces.FindAllString(op.place(), -1)
	switch op.ID {
	case "put-webhook": // each user may choose every key
		names = nil
	case "list-event-type-fields": // everybody sees the types, and of their events their own
		names = nil
		got := s.call(s.second.key, op.method, s.second.fill(op.place()), "")
		s.requireNothingOf(s.first, op.ID, got)
		require.Contains(s, got.Body.String(), `"examined":2`, "the event of the second user's project, and that of the shared one")
	}
	for _, name := range names {
		kind := strings.Trim(name, "{}")
		others := objects{} // those of the second user itself
		for _, other := range names {
			if other != name {
				others[strings.Trim(other, "{}")] = s.second.objects[strings.Trim(other, "{}")]
			}
		}
		require.NotEmpty(s, unknown[kind], "what is %s?", name)
		require.Equal(s, http.StatusNotFound, s.requireHidden(op.method, others.fill(op.place()), "").Code)
		require.Equal(s, http.StatusNotFound, s.requireHidden(op.method, op.place(), "").Code)
	}
	if op.ID == "get-event" {
		require.Equal(s, http.StatusNotFound, s.requireHidden(op.method, "/v1/events/{private}", "").Code)
	}
	s.requireNoWayByBody(op)
	if op.method == http.MethodGet && !op.hasIDs() {
		s.requireNoWayByQuery(op)
	}
}

var (
	idPlaces   = regexp.MustCompile(`\{[a-z_]+\}`)
	idFields   = regexp.MustCompile(`"([a-z_]+_ids?|projects|companies)":`)
	references = regexp.MustCompile(`#/components/schemas/(\w+)`)
)

func (s *tenants) requireNoWayByBody(op operation) {
	s.Helper()
	bodies := open[op.ID]
	for _, field := range idFields.FindAllStringSubmatch(s.schemaOf(op.RequestBody), -1) {
		require.Contains(s, strings.Join(bodies, " "), field[0], "%s takes ids there: add a body to tenantops_test.go", op.ID)
	}
	for _, body := range bodies {
		own := s.second.fill(op.place())
		got := s.requireHidden(op.method, own, body)
		if op.ID == "check-webhook" { // whose answer tells what is wrong
			require.Equal(s, http.StatusOK, got.Code, body)
			require.Contains(s, got.Body.String(), `"ok":false`)
			continue
		}
		if op.ID == "verify-request" { // which judges a request that was pasted, and looks nothing in it up
			require.Equal(s, http.StatusOK, got.Code, body)
			continue
		}
		require.Contains(s, []int{http.StatusNotFound, http.StatusUnprocessableEntity}, got.Code, "%s: %s", body, got.Body)
	}
}

// schemaOf is the schema of a body with those that it refers to.
func (s *tenants) schemaOf(body json.RawMessage) string {
	var doc struct {
		Components struct{ Schemas map[string]json.RawMessage }
	}
	require.NoError(s, json.Unmarshal(s.call("", "GET", "/openapi.json", "").Body.Bytes(), &doc))
	text, seen := string(body), map[string]bool{}
	for found := true; found; {
		found = false
		for _, ref := range references.FindAllStringSubmatch(text, -1) {
			if !seen[ref[1]] {
				seen[ref[1]], found = true, true
				text += string(doc.Components.Schemas[ref[1]])
			}
		}
	}
	return text
}

// requireNoWayByQuery looks for the first user's things in a list: by each filter
// that takes an id, and by the cursors of the first user.
func (s *tenants) requireNoWayByQuery(op operation) {
	s.Helper()
	s.requireNothingOf(s.first, op.path, s.call(s.second.key, op.method, op.path, ""))
	for _, p := range op.Parameters {
		kind, isID := strings.CutSuffix(p.Name, "_id")
		if kind == "owner" {
			kind = "user"
		}
		switch {
		case p.In == "query" && isID:
			require.NotEmpty(s, unknown[kind], "what is %s?", p.Name)
			got := s.requireHidden(op.method, op.path+"?"+p.Name+"={"+kind+"}", "")
			require.Equal(s, http.StatusOK, got.Code)
			require.Contains(s, got.Body.String(), `"data":[]`)
		case p.In == "query" && p.Name == "cursor":
			page := s.call(s.first.key, op.method, op.path+"?limit=1", "").Body.String()
			cursor := nextCursor.FindStringSubmatch(page)
			require.NotNil(s, cursor, "the first user needs two of these: %s", page)
			got := s.call(s.second.key, op.method, op.path+"?cursor="+cursor[1], "")
			require.Equal(s, http.StatusOK, got.Code)
			s.requireNothingOf(s.first, op.path+" by another's cursor", got)
		}
	}
}

// requireWayIn shows that it was for want of the right key: a user's own opens
// all of it, and shows nothing of the other one.
func (s *tenants) requireWayIn(p, other *party) {
	s.Helper()
	for _, op := range s.operations() {
		if !op.open() {
			continue
		}
		got := s.call(p.key, op.method, p.fill(op.place()), p.fill(own[op.ID]))
		require.NotContains(s, []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}, got.Code, "%s: %s", op.ID, got.Body)
		s.requireNothingOf(other, op.ID, got)
		if own[op.ID] != "" {
			require.Less(s, got.Code, 300, "%s: %s", op.ID, got.Body)
		}
		if op.method == http.MethodGet && !slices.Contains(nobodys, op.ID) {
			require.NotEqual(s, p.blank(got.Body.String()), got.Body.String(), op.ID)
		}
	}
}

// TestTheListsNameOperations: a name of something that is gone would let another
// thing of that name through.
func TestTheListsNameOperations(t *testing.T) {
	s := newTenants(t)
	var there, listed []string
	for _, op := range s.operations() {
		there = append(there, op.ID)
	}
	for id := range open {
		listed = append(listed, id)
	}
	require.Subset(t, there, listed)
	require.Subset(t, there, closed)
}
