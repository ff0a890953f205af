package api

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// edits keeps what was asked for, and answers with what the test has set.
type edits struct{ *fake }

func (e edits) one(what, id string) (hook.Delivery, error) {
	e.askedFilter = what + " " + id
	if e.err != nil {
		return hook.Delivery{}, e.err
	}
	return find(e.deliveries, id, deliveryID)
}

func (e edits) Redeliver(_ context.Context, id string) (hook.Delivery, error) {
	d, err := e.one("redeliver", id)
	d.ID, d.RedeliveryOf = "dlv_2", id
	return d, err
}

func (e edits) RetryNow(_ context.Context, id string) (hook.Delivery, error) {
	return e.one("retry", id)
}

func (e edits) Cancel(_ context.Context, id string) (hook.Delivery, error) {
	return e.one("cancel", id)
}

func (e edits) CountRedelivery(_ context.Context, q hook.RedeliveryQuery) (int, error) {
	e.askedFilter = q
	return 7, e.err
}

func (e edits) CreateRedelivery(_ context.Context, q hook.RedeliveryQuery) (hook.Redelivery, error) {
	e.askedFilter = q
	return hook.Redelivery{ID: "rdl_1", RedeliveryQuery: q, Total: 7}, e.err
}

func (e edits) CountCancellation(_ context.Context, q hook.RedeliveryQuery) (int, error) {
	e.askedFilter = q
	return 8, e.err
}

func (e edits) CreateCancellation(_ context.Context, q hook.RedeliveryQuery) (hook.Redelivery, error) {
	e.askedFilter = q
	return hook.Redelivery{ID: "rdl_3", Kind: hook.KindCancellation, RedeliveryQuery: q, Total: 8}, e.err
}

func (e edits) CancelRedelivery(_ context.Context, webhookID, redeliveryID string) error {
	e.askedFilter = webhookID + " " + redeliveryID
	return e.err
}

func (e edits) Redelivery(_ context.Context, webhookID, redeliveryID string) (hook.Redelivery, error) {
	if redeliveryID == "rdl_2" {
		return hook.Redelivery{}, notFound()
	}
	return hook.Redelivery{ID: redeliveryID, Kind: hook.KindRedelivery, RedeliveryQuery: hook.RedeliveryQuery{WebhookID: webhookID, Since: now(), Until: now(), Statuses: []hook.DeliveryStatus{hook.Failed}},
		Status: hook.RedeliveryRunning, Total: 7, Released: 5, Succeeded: 2, Failed: 1, Cancelled: 1, Pending: 1, CreatedAt: now()}, e.err
}

func (e edits) Redeliveries(ctx context.Context, webhookID string, _ hook.Page) ([]hook.Redelivery, error) {
	r, err := e.Redelivery(ctx, webhookID, "rdl_1")
	return []hook.Redelivery{r}, err
}

func (e edits) SendTest(_ context.Context, t hook.TestEvent) (eventID, deliveryID string, err error) {
	e.askedFilter = t
	return "evt_1", "dlv_1", e.err
}

func TestRedeliverShowsTheNewDelivery(t *testing.T) {
	c := newClient(t)
	d := deliveryOfTests()
	d.Status, d.Reason = hook.Failed, hook.ReasonExhausted
	c.store.deliveries = append(c.store.deliveries, d)
	got := c.call("POST", "/v1/deliveries/dlv_1/redeliver", "").is(202).json()
	require.Equal(t, "dlv_2", got["id"])
	require.Equal(t, "dlv_2", got["delivery_id"])
	require.Equal(t, "dlv_1", got["redelivery_of"])
	require.Equal(t, []any{}, got["attempts"])
	require.Equal(t, 1, c.wakes)
	for field := range c.call("GET", "/v1/deliveries/dlv_1", "").json() {
		require.Contains(t, got, field, "as GET shows it")
	}

	c.call("POST", "/v1/deliveries/none/redeliver", "").problem(404, "not_found")
	c.call("POST", "/v1/deliveries/a%20b/redeliver", "").problem(404, "not_found")
	c.store.err = hook.Errorf(hook.CodeConflict, "it is on its way")
	c.call("POST", "/v1/deliveries/dlv_1/redeliver", "").problem(409, "conflict")
	require.Equal(t, 1, c.wakes)
}

func TestRetryNowAndCancelShowTheDelivery(t *testing.T) {
	for path, want := range map[string]struct {
		status int
		asked  string
	}{"retry-now": {202, "retry dlv_1"}, "cancel": {200, "cancel dlv_1"}} {
		c := newClient(t)
		c.store.deliveries = append(c.store.deliveries, deliveryOfTests())
		got := c.call("POST", "/v1/deliveries/dlv_1/"+path, "").is(want.status).json()
		require.Equal(t, "dlv_1", got["id"])
		require.Nil(t, got["redelivery_of"])
		require.Equal(t, false, got["superseded"])
		require.Nil(t, got["redelivery_id"])
		require.Equal(t, want.asked, c.store.askedFilter)
		require.Equal(t, 1, c.wakes)
		c.store.err = hook.Errorf(hook.CodeConflict, "not now")
		c.call("POST", "/v1/deliveries/dlv_1/"+path, "").problem(409, "conflict")
	}
}

func TestRedeliveries_BeginOrAreCounted(t *testing.T) {
	c := newClient(t)
	since := time.Date(2026, 5, 4, 9, 30, 0, 250_000_000, time.UTC)
	a := c.call("POST", "/v1/webhooks/wh_1/redeliver", `{"since":"2026-05-04T09:30:00.25Z"}`).is(202)
	require.Equal(t, map[string]any{"redelivery_id": "rdl_1", "count": 7.0}, a.json())
	require.Equal(t, "/v1/webhooks/wh_1/redeliveries/rdl_1", a.Header().Get("Location"))
	require.Equal(t, hook.RedeliveryQuery{WebhookID: "wh_1", Since: since, Statuses: []hook.DeliveryStatus{hook.Failed, hook.Held}}, c.store.askedFilter)

	a = c.call("POST", "/v1/webhooks/wh_1/redeliver", `{"since":"2026-05-04T09:30:00.25Z","until":"2026-05-04T11:31:00+01:00",
		"statuses":["cancelled"],"event_types":["TODO_CREATED","combination"],"reasons":["cancelled_by_owner","dns"],"status_codes":["503","4xx"],"dry_run":true}`).is(200)
	require.Equal(t, map[string]any{"redelivery_id": nil, "count": 7.0}, a.json())
	q := c.store.askedFilter.(hook.RedeliveryQuery)
	require.True(t, q.Until.Equal(time.Date(2026, 5, 4, 10, 31, 0, 0, time.UTC)))
	require.Equal(t, []hook.DeliveryStatus{hook.Cancelled}, q.Statuses)
	require.Equal(t, []string{"TODO_CREATED", "combination"}, q.EventTypes)
	require.Equal(t, []hook.Reason{hook.ReasonCancelledByOwner, hook.ReasonDNS}, q.Reasons)
	require.Equal(t, []hook.StatusCodes{"503", "4xx"}, q.StatusCodes)
}

func TestRedeliveries_NameWhatIsWrong(t *testing.T) {
	c := newClient(t)
	for body, pointer := range map[string]string{
		`{}`:                    "/since",
		`{"since":"yesterday"}`: "/since",
		`{"since":"2026-05-04T09:30:00Z","until":"later"}`:                                            "/until",
		`{"since":"2026-05-04T09:30:00Z","until":"2026-05-04T09:30:00Z"}`:                             "/until",
		`{"since":"2026-05-04T09:30:00Z","statuses":[]}`:                                              "/statuses",
		`{"since":"2026-05-04T09:30:00Z","statuses":["succeeded"]}`:                                   "/statuses/0",
		`{"since":"2026-05-04T09:30:00Z","event_types":[]}`:                                           "/event_types",
		`{"since":"2026-05-04T09:30:00Z","event_types":["A","b c"]}`:                                  "/event_types/1",
		`{"since":"2026-05-04T09:30:00Z","reasons":[]}`:                                               "/reasons",
		`{"since":"2026-05-04T09:30:00Z","reasons":["gone","lost"]}`:                                  "/reasons/1",
		`{"since":"2026-05-04T09:30:00Z","status_codes":[]}`:                                          "/status_codes",
		`{"since":"2026-05-04T09:30:00Z","status_codes":["503","5x"]}`:                                "/status_codes/1",
		`{"since":"2026-05-04T09:30:00Z","status_codes":["503"` + strings.Repeat(`,"503"`, 50) + `]}`: "/status_codes",
		`{"since":"2026-05-04T09:30:00Z","reasons":["gone"` + strings.Repeat(`,"gone"`, 50) + `]}`:    "/reasons",
		`{"since":"2026-05-04T09:30:00Z","dry_run":"yes"}`:                                            "/dry_run",
		`{"since":"2026-05-04T09:30:00Z","dryrun":true}`:                                              "/dryrun",
	} {
		require.Contains(t, c.call("POST", "/v1/webhooks/wh_1/redeliver", body).problem(422, "invalid"), pointer, body)
	}
	c.store.err = hook.Errorf(hook.CodeConflict, "enable it first")
	c.call("POST", "/v1/webhooks/wh_1/redeliver", `{"since":"2026-05-04T09:30:00Z"}`).problem(409, "conflict")
}

func TestCancelDeliveries_BeginsOrCounts(t *testing.T) {
	c := newClient(t)
	since := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	a := c.call("POST", "/v1/webhooks/wh_1/cancel", `{"since":"2026-05-04T09:30:00Z"}`).is(202)
	require.Equal(t, map[string]any{"redelivery_id": "rdl_3", "count": 8.0}, a.json())
	require.Equal(t, "/v1/webhooks/wh_1/redeliveries/rdl_3", a.Header().Get("Location"))
	require.Equal(t, hook.RedeliveryQuery{WebhookID: "wh_1", Since: since, Statuses: []hook.DeliveryStatus{hook.Pending, hook.Retrying, hook.Held}}, c.store.askedFilter)
	a = c.call("POST", "/v1/webhooks/wh_1/cancel", `{"since":"2026-05-04T09:30:00Z","statuses":["held"],"event_types":["TODO_CREATED"],"dry_run":true}`).is(200)
	require.Equal(t, map[string]any{"redelivery_id": nil, "count": 8.0}, a.json())
	require.Equal(t, []hook.DeliveryStatus{hook.Held}, c.store.askedFilter.(hook.RedeliveryQuery).Statuses)

	for body, pointer := range map[string]string{
		`{}`: "/since",
		`{"since":"2026-05-04T09:30:00Z","until":"2026-05-04T09:30:00Z"}`: "/until",
		`{"since":"2026-05-04T09:30:00Z","statuses":["failed"]}`:          "/statuses/0",
		`{"since":"2026-05-04T09:30:00Z","statuses":[]}`:                  "/statuses",
		`{"since":"2026-05-04T09:30:00Z","event_types":["b c"]}`:          "/event_types/0",
		`{"since":"2026-05-04T09:30:00Z","reasons":["lost"]}`:             "/reasons/0",
		`{"since":"2026-05-04T09:30:00Z","status_codes":["50"]}`:          "/status_codes/0",
	} {
		require.Contains(t, c.call("POST", "/v1/webhooks/wh_1/cancel", body).problem(422, "invalid"), pointer, body)
	}
}

func TestRedeliveries_ShowTheirProgress(t *testing.T) {
	c := newClient(t)
	c.store.webhooks = append(c.store.webhooks, hook.Webhook{ID: "wh_1"})
	want := map[string]any{"id": "rdl_1", "kind": "redelivery", "webhook_id": "wh_1", "status": "running", "since": "2026-05-04T09:30:00.123456Z", "until": "2026-05-04T09:30:00.123456Z",
		"statuses": []any{"failed"}, "event_types": []any{}, "reasons": []any{}, "status_codes": []any{}, "count": 7.0, "released": 5.0, "succeeded": 2.0, "failed": 1.0, "cancelled": 1.0, "pending": 1.0,
		"created_at": "2026-05-04T09:30:00.123456Z", "finished_at": nil}
	require.Equal(t, want, c.call("GET", "/v1/webhooks/wh_1/redeliveries/rdl_1", "").is(200).json())
	require.Equal(t, []any{want}, c.call("GET", "/v1/webhooks/wh_1/redeliveries", "").is(200).json()["data"])
	c.call("GET", "/v1/webhooks/wh_2/redeliveries", "").problem(404, "not_found")
	c.call("GET", "/v1/webhooks/wh_1/redeliveries/rdl_2", "").problem(404, "not_found")
	c.call("DELETE", "/v1/webhooks/wh_1/redeliveries/rdl_1", "").is(204)
	require.Equal(t, "wh_1 rdl_1", c.store.askedFilter)
}

func TestATestIsSent(t *testing.T) {
	c := newClient(t)
	for body, want := range map[string]hook.TestEvent{
		``:   {WebhookID: "wh_1"},
		`{}`: {WebhookID: "wh_1"},
		`{"type":"TODO_DELETED","previous":{ "n":1.0 },"current":null}`: {WebhookID: "wh_1", Type: "TODO_DELETED", Previous: []byte(`{ "n":1.0 }`)},
	} {
		a := c.call("POST", "/v1/webhooks/wh_1/test", body).is(202)
		require.Equal(t, map[string]any{"delivery_id": "dlv_1", "event_id": "evt_1"}, a.json())
		require.Equal(t, "/v1/deliveries/dlv_1", a.Header().Get("Location"))
		require.Equal(t, want, c.store.askedFilter)
	}
	require.Equal(t, 3, c.wakes)
	for body, pointer := range map[string]string{`{"type":"a b"}`: "/type", `{"previous":[]}`: "/previous", `{"current":1}`: "/current", `{"id":"e1"}`: "/id"} {
		require.Contains(t, c.call("POST", "/v1/webhooks/wh_1/test", body).problem(422, "invalid"), pointer)
	}
}
