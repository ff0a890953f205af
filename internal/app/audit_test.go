package app_test

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"testing"

	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// changesNothing lists the operations other than GET that the audit log does not
// tell of: they publish, only look, end the session
// of a browser, where a key has none, or are about what goes by itself after days
// or, of the sign-ins of devices, minutes: the key that one leads to is told of.
var changesNothing = []string{"publish-event", "publish-batch", "preview-rules", "search-events", "check-webhook", "explain-event", "verify-request", "sign-out", "post-results", "make-play-address", "delete-play-address",
	"begin-device", "poll-device", "answer-device", "look-at-portal-link"}

// deed is an operation that changes something. Its path is that of the
// operation, with ids by name from the objects.
type deed struct {
	op     string
	path   string
	body   string
	action hook.Action
	object string
	// learn names an object by a field of the answer.
	learn, field string
	// byUser: the operation is for users, here with the key that create-api-key made.
	byUser bool
}

// deeds holds every operation that changes something, in an order in which each
// finds what it needs.
var deeds = []deed{
	{op: "put-company", path: "/v1/companies/c", body: `{"name":"C"}`, action: hook.CompanyCreated, object: "c"},
	{op: "put-company", path: "/v1/companies/c", body: `{"name":"C2"}`, action: hook.CompanyUpdated, object: "c"},
	{op: "put-project", path: "/v1/projects/p", body: `{"company_id":"c","name":"P"}`, action: hook.ProjectCreated, object: "p"},
	{op: "put-project", path: "/v1/projects/p", body: `{"company_id":"c","name":"P2"}`, action: hook.ProjectUpdated, object: "p"},
	{op: "put-user", path: "/v1/users/u", body: `{"name":"U","email":"u@example.com"}`, action: hook.UserCreated, object: "u"},
	{op: "put-user", path: "/v1/users/u", body: `{"name":"U2","email":"u@example.com"}`, action: hook.UserUpdated, object: "u"},
	{op: "put-member", path: "/v1/projects/p/members/u", action: hook.MemberAdded, object: "p/u"},
	{op: "put-event-type", path: "/v1/event-types/MINE", body: `{"group":"G","description":"D"}`, action: hook.EventTypeCreated, object: "MINE"},
	{op: "put-event-type", path: "/v1/event-types/MINE", body: `{"group":"G","description":"D2"}`, action: hook.EventTypeUpdated, object: "MINE"},
	{op: "create-api-key", path: "/v1/api-keys", body: `{"name":"K","role":"user","user_id":"u"}`, action: hook.APIKeyCreated, learn: "key", field: "id"},
	{op: "patch-session", path: "/v1/session", body: `{"locale":"pl"}`, action: hook.UserUpdated, object: "u", byUser: true},
	{op: "create-portal-session", path: "/v1/portal-sessions", body: `{"user_id":"u"}`, action: hook.PortalSessionCreated, learn: "session", field: "id"},
	{op: "create-portal-session", path: "/v1/portal-sessions", body: `{"user_id":"u"}`, action: hook.PortalSessionCreated},
	{op: "sign-in", path: "/v1/session", body: `{"key":"` + bootstrap + `"}`, action: hook.SessionStarted, learn: "session", field: "id"},
	{op: "end-session", path: "/v1/sessions/{session}", action: hook.SessionEnded, object: "{session}"},
	{op: "create-webhook", path: "/v1/webhooks", body: `{"owner_id":"u","name":"W","url":"{receiver}/CANARY?a=CANARY","headers":{"X-Token":"CANARY"},"rules":[{"events":["*"],"projects":["p"]}]}`,
		action: hook.WebhookCreated, learn: "webhook", field: "id"},
	{op: "patch-webhook", path: "/v1/webhooks/{webhook}", body: `{"name":"W2"}`, action: hook.WebhookUpdated, object: "{webhook}"},
	{op: "put-webhook", path: "/v1/webhooks/by-key/k", body: `{"owner_id":"u","name":"K","url":"{receiver}/CANARY?a=CANARY","rules":[{"events":["*"],"projects":["p"]}]}`,
		action: hook.WebhookCreated, learn: "keyed", field: "id"},
	{op: "put-webhook", path: "/v1/webhooks/by-key/k", body: `{"owner_id":"u","name":"K2","url":"{receiver}/CANARY?a=CANARY","rules":[{"events":["*"],"projects":["p"]}]}`,
		action: hook.WebhookUpdated, object: "{keyed}"},
	{op: "delete-webhook-by-key", path: "/v1/webhooks/by-key/k?owner_id=u", action: hook.WebhookDeleted, object: "{keyed}"},
	{op: "rotate-secret", path: "/v1/webhooks/{webhook}/rotate-secret", body: `{}`, action: hook.WebhookSecretRotated, object: "{webhook}"},
	{op: "disable-webhook", path: "/v1/webhooks/{webhook}/disable", body: `{}`, action: hook.WebhookDisabled, object: "{webhook}"},
	{op: "enable-webhook", path: "/v1/webhooks/{webhook}/enable", body: `{}`, action: hook.WebhookEnabled, object: "{webhook}"},
	{op: "test-webhook", path: "/v1/webhooks/{webhook}/test", body: `{"type":"TODO_CREATED","current":{"id":"CANARY"}}`, action: hook.WebhookTested, object: "{webhook}",
		learn: "delivery", field: "delivery_id"},
	{op: "retry-now", path: "/v1/deliveries/{delivery}/retry-now", action: hook.DeliveryRetried, object: "{delivery}"},
	{op: "cancel-delivery", path: "/v1/deliveries/{delivery}/cancel", action: hook.DeliveryCancelled, object: "{delivery}"},
	{op: "redeliver", path: "/v1/deliveries/{delivery}/redeliver", action: hook.DeliveryRedelivered, object: "{delivery}"},
	{op: "redeliver-deliveries", path: "/v1/webhooks/{webhook}/redeliver", body: `{"since":"2020-01-01T00:00:00Z"}`, action: hook.RedeliveryStarted, learn: "redelivery", field: "redelivery_id"},
	{op: "cancel-redelivery", path: "/v1/webhooks/{webhook}/redeliveries/{redelivery}", action: hook.RedeliveryCancelledAction, object: "{redelivery}"},
	{op: "cancel-deliveries", path: "/v1/webhooks/{webhook}/cancel", body: `{"since":"2020-01-01T00:00:00Z"}`, action: hook.CancellationStarted},
	{op: "expunge-event", path: "/v1/events/e/payload", action: hook.EventExpunged, object: "e"},
	{op: "open-listener", path: "/v1/listeners", body: `{"owner_id":"u","name":"laptop","rules":[{"events":["*"],"projects":["p"]}]}`, action: hook.WebhookCreated, learn: "listener", field: "id"},
	{op: "delete-listener", path: "/v1/listeners/{listener}", action: hook.WebhookDeleted, object: "{listener}"},
	{op: "delete-webhook", path: "/v1/webhooks/{webhook}", action: hook.WebhookDeleted, object: "{webhook}"},
	{op: "delete-api-key", path: "/v1/api-keys/{key}", action: hook.APIKeyRevoked, object: "{key}"},
	{op: "delete-event-type", path: "/v1/event-types/MINE", action: hook.EventTypeDeleted, object: "MINE"},
	{op: "delete-member", path: "/v1/projects/p/members/u", action: hook.MemberRemoved, object: "p/u"},
	{op: "delete-user", path: "/v1/users/u", action: hook.UserDeleted, object: "u"},
	{op: "put-user", path: "/v1/users/u", body: `{"name":"U","email":"u@example.com"}`, action: hook.UserCreated, object: "u"},
	{op: "delete-user", path: "/v1/users/u?erase=true", action: hook.UserErased, object: "u"},
	{op: "delete-project", path: "/v1/projects/p", action: hook.ProjectDeleted, object: "p"},
	{op: "delete-company", path: "/v1/companies/c", action: hook.CompanyDeleted, object: "c"},
}

// log is the audit log, the newest entry first.
func (s *tenants) log() []map[string]any {
	s.Helper()
	var out []map[string]any
	for _, e := range s.must(bootstrap, "GET", "/v1/audit-log?limit=200", "")["data"].([]any) {
		out = append(out, e.(map[string]any))
	}
	return out
}

// TestEveryChangeIsInTheAuditLog: an operation that changes something leaves one
// entry; one that fails, or finds nothing to change, leaves none.
func TestEveryChangeIsInTheAuditLog(t *testing.T) {
	handler, databaseURL := newHandler(t)
	s := &tenants{T: t, handler: handler}
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer receiver.Close()
	known := objects{"receiver": receiver.URL}
	methods, userKey := map[string]string{}, ""
	for _, op := range s.operations() {
		methods[op.ID] = op.method
		told := slices.ContainsFunc(deeds, func(d deed) bool { return d.op == op.ID })
		require.Equal(t, op.method != http.MethodGet && !slices.Contains(changesNothing, op.ID), told, "%s: put it into deeds or changesNothing", op.ID)
	}
	for i, d := range deeds {
		switch d.op {
		case "retry-now":
			waits(t, databaseURL, known["delivery"])
		case "expunge-event":
			s.must(bootstrap, "POST", "/v1/events", `{"id":"e","type":"TODO_CREATED","project_id":"p","current":{"id":"CANARY"}}`)
		}
		method, path, body := methods[d.op], known.fill(d.path), known.fill(d.body)
		nowhere := regexp.MustCompile(`/(c|p|u|e|k|MINE|\{\w+\})(/|\?|$)`).ReplaceAllString(d.path, "/not-there$2")
		require.GreaterOrEqual(t, s.call(bootstrap, method, nowhere, `{"unknown":1}`).Code, 400, d.op)
		require.Len(t, s.log(), i, "%s has failed", d.op)

		credential, actor := bootstrap, map[string]any{"key_id": hook.BootstrapKey, "role": "admin", "user_id": nil, "address": "192.0.2.1"}
		if d.byUser {
			credential, actor = userKey, map[string]any{"key_id": known["key"], "role": "user", "user_id": "u", "address": "192.0.2.1"}
		}
		answer := s.must(credential, method, path, body)
		if d.op == "create-api-key" {
			userKey = answer["key"].(string)
		}
		if d.learn != "" {
			known[d.learn] = answer[d.field].(string)
		}
		log := s.log()
		require.Len(t, log, i+1, d.op)
		require.Equal(t, string(d.action), log[0]["action"])
		require.Equal(t, actor, log[0]["actor"])
		require.Equal(t, "the-same", log[0]["request_id"])
		object := log[0]["object"].(map[string]any)
		require.Equal(t, d.action.Object(), object["kind"])
		switch {
		case d.object != "":
			require.Equal(t, known.fill(d.object), object["id"])
		case d.learn != "":
			require.Equal(t, known[d.learn], object["id"])
		}
		if method == http.MethodPut || method == http.MethodPatch || method == http.MethodDelete {
			s.call(credential, method, path, body)
			require.Len(t, s.log(), i+1, "%s: the same again", d.op)
		}
	}
	text := s.call(bootstrap, "GET", "/v1/audit-log?limit=200", "").Body.String()
	require.NotContains(t, text, "CANARY")
	require.NotContains(t, text, "whsec_")
}

// waits puts a delivery where it waits for its next attempt.
func waits(t *testing.T, databaseURL, deliveryID string) {
	t.Helper()
	db, err := sql.Open("postgres", databaseURL)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(`UPDATE deliveries SET status = 'retrying', attempts = 1, next_attempt_at = now() + interval '1 hour', dispatch_at = now() + interval '1 hour' WHERE id = $1`, deliveryID)
	require.NoError(t, err)
}

func TestAuditLogIsForAdmins(t *testing.T) {
	s := newTenants(t)
	require.Equal(t, http.StatusForbidden, s.call(s.first.key, "GET", "/v1/audit-log", "").Code)

	of := func(query string) []map[string]any {
		var out []map[string]any
		for _, e := range s.must(bootstrap, "GET", "/v1/audit-log?"+query, "")["data"].([]any) {
			out = append(out, e.(map[string]any))
		}
		return out
	}
	made := of("action=webhook.created&actor=" + s.first.objects["user"])
	require.Len(t, made, 4)
	require.Equal(t, made, of("action=webhook.created&actor="+s.first.objects["signing"]))
	require.Equal(t, map[string]any{"key_id": s.first.objects["signing"], "role": "user", "user_id": s.first.objects["user"], "address": "192.0.2.1"}, made[0]["actor"])
	require.Equal(t, made[1:2], of("action=webhook.created&object_id="+s.first.objects["webhook"]))
	require.Len(t, of("object_id="+s.first.fill("{project}/{user}")), 1)
	require.Empty(t, of("since=2100-01-01T00:00:00Z"))
	require.Empty(t, of("until=2000-01-01T00:00:00Z"))
	for _, query := range []string{"action=webhook.exploded", "actor=%20", "since=yesterday", "object_id=%20"} {
		require.Equal(t, http.StatusUnprocessableEntity, s.call(bootstrap, "GET", "/v1/audit-log?"+query, "").Code, query)
	}
	first := s.must(bootstrap, "GET", "/v1/audit-log?limit=1", "")
	next := s.must(bootstrap, "GET", "/v1/audit-log?limit=1&cursor="+first["next_cursor"].(string), "")
	require.Equal(t, s.log()[:2], append([]map[string]any{first["data"].([]any)[0].(map[string]any)}, next["data"].([]any)[0].(map[string]any)))
}
