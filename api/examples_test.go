package api

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/api/reference"
	"godwit/internal/apikey"
	"godwit/internal/contract"
	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// keyOfExamples is the user's key of the examples.
const keyOfExamples = "gw_k3jx7mab_q5d2w7rjq5d2w7rjq5d2w7rjq5d2w7rjmbflfqi"

// rowsOfExamples are what the examples are about but for webhooks and events, with the
// ids of a key and of a session, the hashes of keyOfExamples and of the poll of a device,
// the id of a play address, and the hash of a link's token.
const rowsOfExamples = `
	INSERT INTO companies (id, name) VALUES ('acme', 'Acme');
	INSERT INTO projects (id, company_id, name) VALUES ('website', 'acme', 'Website');
	INSERT INTO users (id, name, email) VALUES ('una', 'Una', 'una@example.com');
	INSERT INTO members (project_id, user_id) VALUES ('website', 'una');
	INSERT INTO event_types (name, "group", description) VALUES ('TODO_ESCALATED', 'Todos', '') ON CONFLICT DO NOTHING;
	INSERT INTO api_keys (id, name, role, user_id, prefix, hash) VALUES
		('%[1]s', 'n', 'publisher', NULL, 'gw_abcdefgh', sha256('none')), ('key_1', 'n', 'user', 'una', 'gw_k3jx7mab', '\x%[3]x');
	INSERT INTO sessions (id, user_id, hash, expires_at) VALUES ('%[2]s', 'una', sha256('none'), now() + interval '1 hour');
	INSERT INTO sessions (id, user_id, link_hash, expires_at) VALUES ('ses_link', 'una', '\x%[6]x', now() + interval '1 hour');
	INSERT INTO device_logins (poll_hash, code, name, address, expires_at) VALUES ('\x%[4]x', 'BCDF-GHJK', 'godwit on una-laptop', '192.0.2.1', now() + interval '1 hour');
	INSERT INTO play_addresses (id, owner_id) VALUES ('%[5]s', 'una')`

// examples is one API for the examples of all routes: to make an API and to empty a
// database for each route takes longer than the routes do.
type examples struct {
	*client
	notes map[string]reference.TagNotes
	used  bool // the rows, by a route that may have changed them
	at    int  // how many routes there were
}

// of is the client of a route: what its examples are about is there, and nobody has
// called from its address.
func (e *examples) of(t *testing.T, id map[string]string, r route) *client {
	c := e.in(t)
	e.at++
	c.address = fmt.Sprintf("192.0.2.%d", e.at)
	e.probe = hook.Result{Outcome: hook.Success, StatusCode: 200}
	if e.used || e.at == 1 {
		pgtest.Renew(t)
		c.exec(fmt.Sprintf(rowsOfExamples, id["get-api-key"], id["end-session"], apikey.Hash(keyOfExamples), apikey.Hash("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), id["list-play-requests"], apikey.Hash("HVQ4J7ODXRG3S5QW2K6ZBNMLTE")))
		e.fill(c, id)
	}
	e.used = r.method != http.MethodGet
	switch r.id {
	case "redeliver":
		c.change("deliveries", id["get-delivery"], isFailed)
	case "retry-now":
		c.change("deliveries", id["get-delivery"], isRetrying)
	}
	return c
}

// fill stores webhooks, an event with a delivery, and a redelivery.
func (e *examples) fill(c *client, id map[string]string) {
	w := hook.Webhook{ID: id["get-webhook"], OwnerID: "una", Key: "billing-prod", Name: "n", URL: "https://hooks.example.com/", Rules: []hook.Rule{{Events: []string{"TODO_DELETED"}}},
		Secret: "whsec_c2VjcmV0", PayloadFormat: hook.FormatStandard, Status: hook.Healthy, Enabled: true, Headers: map[string]string{"X-Team": "blue"}, Metadata: []byte(`{}`)}
	_, err := c.store.CreateWebhook(c.t.Context(), w)
	require.NoError(c.t, err)
	w.ID, w.Key, w.Listener, w.Enabled, w.DisabledReason = id["stream-listener"], "", "laptop", false, hook.DisabledByOwner
	_, _, err = c.store.OpenListener(c.t.Context(), hook.Listener{OwnerID: "una", Name: "laptop", Keep: time.Minute}, w, hook.Opening{})
	require.NoError(c.t, err)
	c.call("POST", "/v1/events", string(e.notes["events"].Operations["publish-event"].Request)).is(202)
	c.exec(`INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, dispatch_at) VALUES ($1, 'todo-1-created', $2, 'TODO_CREATED', 'website', 'acme', 'pending', now())`,
		id["get-delivery"], id["get-webhook"])
	c.exec(`INSERT INTO redeliveries (id, webhook_id, since, until, statuses, event_types, status, total, dispatch_at) VALUES ($1, $2, now(), now(), '{failed}', '{}', 'running', 0, now())`,
		id["redelivery"], id["get-webhook"])
}

// pathsOf gives the id that each operation's example is about.
func pathsOf(notes map[string]reference.TagNotes) map[string]string {
	out := map[string]string{}
	for _, tag := range notes {
		for id, op := range tag.Operations {
			out[id] = op.Path["id"]
			if of := op.Path["redelivery_id"]; of != "" {
				out["redelivery"] = of
			}
		}
	}
	return out
}

// pathOf is the path of the example of a route.
func pathOf(n reference.OpNotes, r route) string {
	path := r.path
	if strings.HasSuffix(r.id, "-webhook-by-key") { // which an admin's key needs
		path += "?owner_id=una"
	}
	for name, value := range n.Path {
		path = strings.Replace(path, "{"+name+"}", value, 1)
	}
	return path
}

func TestExamplesFitTheirSchemas(t *testing.T) {
	d := documentOf(t, newClient(t))
	require.Greater(t, len(d.Examples()), 100)
	require.NoError(t, d.CheckExamples())
}

// TestExamplesAreAccepted sends each example of a request to its handler, which
// answers as the example does, if with other values.
func TestExamplesAreAccepted(t *testing.T) {
	notes := reference.ReadNotes()
	all := examples{client: newClient(t), notes: notes}
	for _, r := range (&server{}).routes() {
		t.Run(r.id, func(t *testing.T) {
			op := notes[strings.Split(r.path, "/")[2]].Operations[r.id]
			c := all.of(t, pathsOf(notes), r)
			var as []string
			if r.id == "patch-session" || r.id == "answer-device" { // an admin is no user
				as = with(keyOfExamples)
			}
			got := c.call(r.method, pathOf(op, r), string(op.Request), as...)
			require.Less(t, got.Code, 300, got.Body.String())
			if got.Code != http.StatusNoContent {
				require.Contains(t, op.Responses, strconv.Itoa(got.Code))
			}
		})
	}
}

// TestProblemsAreListed brings about what an operation can be refused for.
func TestProblemsAreListed(t *testing.T) {
	notes := reference.ReadNotes()
	long := strings.Repeat(" ", 9<<20)
	all := examples{client: newClient(t), notes: notes}
	d := documentOf(t, all.client)
	off := newClientWith(t, func(o *Options) { o.Play = false })
	for _, r := range (&server{}).routes() {
		t.Run(r.id, func(t *testing.T) {
			op := notes[strings.Split(r.path, "/")[2]].Operations[r.id]
			c := all.of(t, pathsOf(notes), r)
			path, unknown, seen := pathOf(op, r), r.path, map[int]bool{}
			for name := range op.Path {
				unknown = strings.Replace(unknown, "{"+name+"}", "no%20id", 1)
			}
			try := func(path, body string, headers ...string) {
				got := c.call(r.method, path, body, headers...)
				seen[got.Code] = true
				if got.Code < 400 {
					return
				}
				require.NoError(t, d.Check(contract.Exchange{Method: r.method, Path: strings.Split(path, "?")[0], Sent: []byte(body),
					Status: got.Code, Header: got.Header(), Body: got.Body.Bytes()}))
			}
			try(path, "", "Authorization", "")
			try(path+"?no_such_parameter=1", string(op.Request))
			try(path, "{")
			try(path, "[]")
			try(path, `{"no_such_field":1}`)
			try(path, string(op.Request), "Content-Type", "text/plain")
			try(path, long, "Idempotency-Key", "k")
			try(path, string(op.Request), "If-Match", `"99"`)
			try(unknown, string(op.Request))
			if strings.HasPrefix(path, "/v1/play") {
				seen[off.in(t).call(r.method, path, string(op.Request)).Code] = true
			}
			switch r.id {
			case "sign-in":
				try(path, `{"key":"wrong"}`)
			case "look-at-portal-link":
				try(path, `{"portal_token":"ZZZZZZZZZZZZZZZZZZZZZZZZZZ"}`)
			case "poll-device":
				try(path, `{"poll":"ZZZZZZZZZZZZZZZZZZZZZZZZZZ"}`)
			case "answer-device":
				try(path, `{"code":"ZZZZ-ZZZZ"}`, with(keyOfExamples)...)
			}
			for _, status := range r.errors() {
				broken := status == http.StatusBadRequest && r.body == nil // a body that ends early
				byOthers := broken || status == http.StatusForbidden || status == http.StatusTooManyRequests || status == http.StatusConflict || status >= 500
				require.True(t, byOthers || seen[status], "%d is listed, but nothing brings it about", status)
			}
			require.Equal(t, slices.Contains(r.errors(), http.StatusUnauthorized), seen[http.StatusUnauthorized])
			_, listed := op.Problems[http.StatusNotFound]
			require.Equal(t, listed, seen[http.StatusNotFound], "404")
		})
	}
}

// TestProblems_OfAnOutageAreListed calls every route while the database is away.
func TestProblems_OfAnOutageAreListed(t *testing.T) {
	c := newClient(t)
	d, notes := documentOf(t, c), reference.ReadNotes()
	defer c.away()()
	for _, r := range (&server{}).routes() {
		op := notes[strings.Split(r.path, "/")[2]].Operations[r.id]
		got := c.call(r.method, pathOf(op, r), string(op.Request))
		require.Contains(t, []int{200, 204, 403, 404, 409, 503}, got.Code, "%s: %s", r.id, got.Body)
		require.NoError(t, d.Check(contract.Exchange{Method: r.method, Path: strings.Split(pathOf(op, r), "?")[0], Sent: op.Request,
			Status: got.Code, Header: got.Header(), Body: got.Body.Bytes()}))
	}
}
