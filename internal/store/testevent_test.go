package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// tested sends a test and gives its parcel.
func (s stage) tested(t *testing.T, e hook.TestEvent) hook.Parcel {
	t.Helper()
	eventID, deliveryID, err := s.SendTest(context.Background(), e)
	require.NoError(t, err)
	p, err := s.Parcel(context.Background(), deliveryID)
	require.NoError(t, err)
	require.Equal(t, eventID, p.Event.ID)
	require.Regexp(t, `^evt_`, eventID)
	return p
}

func TestATestGoesToOneWebhookAloneWhateverItsRules(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	pgtest.Exec(t, s.url, `UPDATE event_types SET example_current = '{"id": "todo-1"}' WHERE name = 'TODO_CREATED'`)
	w := s.webhook(t, hook.Rule{Events: []string{"TODO_*"}, Projects: []string{"p2", "p1"}, Filter: "false"})
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	p := s.tested(t, hook.TestEvent{WebhookID: w.ID})
	require.Equal(t, "TODO_CREATED", p.Event.Type)
	require.Equal(t, "p2", p.Event.ProjectID, "the rule's first project")
	require.JSONEq(t, `{"id": "todo-1"}`, string(p.Event.Current))
	require.Nil(t, p.Event.Previous)
	require.False(t, p.AccessLost)
	claims, err := s.Claim(ctx, 10, lease)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	require.Equal(t, p.Delivery.ID, claims[0].DeliveryID)
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM deliveries`))
}

func TestATestTakesItsTypeAndStates(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	_, _, err := s.PutEventType(ctx, hook.EventType{Name: "OURS", Group: "ours"})
	require.NoError(t, err)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}, Companies: []string{"c2"}})
	p := s.tested(t, hook.TestEvent{WebhookID: w.ID, Type: "OURS"})
	require.Equal(t, "{}", string(p.Event.Current), "a type without an example")
	require.Equal(t, "p3", p.Event.ProjectID, "a project of the rule's company")
	p = s.tested(t, hook.TestEvent{WebhookID: w.ID, Type: "TODO_DELETED", Previous: []byte(`{ "n": 1.0 }`)})
	require.Equal(t, `{ "n": 1.0 }`, string(p.Event.Previous))
	require.Nil(t, p.Event.Current)
	p = s.tested(t, hook.TestEvent{WebhookID: w.ID, Type: hook.TypeDegraded, Current: []byte(`{"cause":"attempt_failed"}`)})
	require.Equal(t, "u1", p.Event.OwnerID)
	require.Equal(t, hook.StepSend, hook.Decide(p, 1).Step, "an operational event needs no project")
	require.NoError(t, s.DeleteMember(ctx, "p3", "u1"))
	require.NotEqual(t, "p3", s.tested(t, hook.TestEvent{WebhookID: w.ID}).Event.ProjectID, "any other project of the owner")
}

func TestATestIsRefusedWithTheRemedy(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	_, _, err := s.SendTest(ctx, hook.TestEvent{WebhookID: "wh_none"})
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	_, _, err = s.SendTest(ctx, hook.TestEvent{WebhookID: w.ID, Type: "NONE"})
	require.Equal(t, hook.CodeInvalid, hook.CodeOf(err))
	for _, project := range []string{"p1", "p2", "p3"} {
		require.NoError(t, s.DeleteMember(ctx, project, "u1"))
	}
	_, _, err = s.SendTest(ctx, hook.TestEvent{WebhookID: w.ID})
	require.Equal(t, hook.CodeInvalid, hook.CodeOf(err))
	require.ErrorContains(t, err, "a member of one first")
	require.Zero(t, s.number(t, `SELECT count(*) FROM events`))
}

// bearing is all of a webhook that attempts bear on.
const bearing = `SELECT concat_ws(' ', w.version, w.enabled, w.status, w.disabled_reason, w.failures_in_row, w.exhausted_in_row, w.drain, w.paused_until, w.pace,
		w.paused_since, w.trial_at, w.last_failure_at, w.succeeded_at, w.recover_at,
		(SELECT count(*) FROM transitions), (SELECT count(*) FROM health_counts), (SELECT count(*) FROM notices), (SELECT sum(coalesce(extract(epoch FROM l.free_at), 0)) FROM lanes l))
	FROM webhooks w WHERE w.id = $1`

// TestATest_BearsOnNothing: tests that end in every way change nothing of their
// webhook, whether it is healthy, degraded or off, and are no part of its ledger.
func TestATest_BearsOnNothing(t *testing.T) {
	ends := []hook.Result{success(), gone(), asksForPause(time.Minute), {Outcome: hook.Failure, Reason: hook.ReasonConnectRefused}, {Outcome: hook.Failure, Reason: hook.ReasonInternal}}
	for range 6 {
		ends = append(ends, failure())
	}
	for name, setUp := range map[string]string{
		"well": `rate_limit_per_second = NULL`, "limited": `rate_limit_per_second = 1, max_in_flight = 1`, "degraded": `status = 'DEGRADED', failures_in_row = 4`,
		"paused": `paused_until = now() + interval '1 hour', pace = 1, paused_since = now()`, "off": `enabled = false, disabled_reason = 'owner'`,
		"off by health": `enabled = false, status = 'UNHEALTHY', disabled_reason = 'health'`, "drained": `drain = 3, drain_until = now()`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			w := s.webhook(t, hook.Rule{Events: []string{"*"}})
			s.webhook(t, hook.Rule{Events: []string{"webhook.*", hook.TypeDeliveryFailed}}) // which would be told
			pgtest.Exec(t, s.url, `UPDATE webhooks SET `+setUp+` WHERE id = '`+w.ID+`'`)
			var before, after string
			s.read(t, &before, bearing, w.ID)
			for _, end := range ends {
				end.URL = w.URL
				p := s.tested(t, hook.TestEvent{WebhookID: w.ID})
				_, err := s.Take(context.Background(), hook.Take{Limit: 10, Crowded: []string{w.ID}, Lease: lease, Margin: lease})
				require.NoError(t, err)
				pgtest.Exec(t, s.url, `UPDATE deliveries SET attempts = 0, begun_at = NULL WHERE id = '`+p.Delivery.ID+`'`) // as where its workflow begins it
				p, err = s.Parcel(context.Background(), p.Delivery.ID)
				require.NoError(t, err)
				require.Equal(t, hook.Decision{Step: hook.StepSend}, hook.Decide(p, 1))
				s.request(t, p.Delivery.ID, end)
				d, err := s.Delivery(context.Background(), p.Delivery.ID)
				require.NoError(t, err)
				require.True(t, d.Test)
				require.Equal(t, map[bool]hook.DeliveryStatus{true: hook.Succeeded, false: hook.Failed}[end.Outcome == hook.Success], d.Status)
				require.Equal(t, end.Reason, d.Reason)
			}
			s.read(t, &after, bearing, w.ID)
			require.Equal(t, before, after)
			require.Equal(t, 0, s.ledger(t, w.ID).Matched)
			pgtest.Exec(t, s.url, `UPDATE deliveries SET created_at = created_at - interval '2 hours'; UPDATE events SET accepted_at = accepted_at - interval '2 hours'`)
			s.count(t)
			require.Equal(t, 0, s.ledger(t, w.ID).Matched)
			n, err := s.CountRedelivery(context.Background(), query(w.ID, time.Now().Add(-24*time.Hour)))
			require.NoError(t, err)
			require.Zero(t, n, "sending many again leaves them out")
		})
	}
}

// TestATest_IsNeverHeld: neither a switch nor a redelivery holds one, and one whose
// attempt has no known end has failed.
func TestATest_IsNeverHeld(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	p := s.tested(t, hook.TestEvent{WebhookID: w.ID})
	s.off(t, w.ID)
	_, err := s.WithdrawUnowned(ctx)
	require.NoError(t, err)
	s.steps(t)
	taken, err := s.Take(ctx, taking)
	require.NoError(t, err)
	require.Len(t, taken.Rest, 1, "its workflow sends it")
	require.Equal(t, 1, s.begin(t, p.Delivery.ID, time.Minute))
	p = s.parcel(t, p.Delivery.ID)
	d := hook.Decide(p, 1)
	require.Equal(t, hook.Decision{Step: hook.StepSettle, Status: hook.Failed, Reason: hook.ReasonWorkerLost}, d)
	require.NoError(t, s.Settle(ctx, p, d.Status, d.Reason))
	again, err := s.Redeliver(ctx, p.Delivery.ID)
	require.NoError(t, err)
	require.True(t, again.Test)
	require.Equal(t, hook.Pending, again.Status)
	taken, err = s.Take(ctx, taking)
	require.NoError(t, err)
	require.Len(t, taken.Rest, 1)
	require.NoError(t, s.DeleteWebhook(ctx, w.ID))
	got, err := s.Delivery(ctx, again.ID)
	require.NoError(t, err)
	require.Equal(t, hook.Cancelled, got.Status)
}

// TestKinds_AreFilters lists events and deliveries of each kind, as an admin and
// as the owner.
func TestKinds_AreFilters(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}, Projects: []string{"p1"}})
	s.webhook(t, hook.Rule{Events: []string{"webhook.*"}})
	s.post(t, event("published", "TODO_CREATED", "p1"))
	test := s.tested(t, hook.TestEvent{WebhookID: w.ID, Type: hook.TypeDegraded, Current: []byte(`{}`)}).Event.ID
	s.combination(t, "combined", w.ID)
	s.happens(t, w.ID, hook.ReceiverGone)
	for name, ctx := range map[string]context.Context{"admin": context.Background(), "owner": hook.WithPrincipal(context.Background(), hook.Principal{Role: hook.RoleUser, UserID: "u1"})} {
		events, deliveries := map[hook.EventKind][]string{}, map[hook.EventKind][]string{}
		for _, kind := range append([]hook.EventKind{""}, hook.EventKinds...) {
			found, err := s.Events(ctx, hook.EventFilter{Kind: kind}, hook.Page{Limit: 10})
			require.NoError(t, err)
			for _, e := range found {
				events[kind] = append(events[kind], e.ID)
				require.Contains(t, []hook.EventKind{"", e.Kind}, kind)
			}
			sent, err := s.Deliveries(ctx, hook.DeliveryFilter{Kind: kind}, hook.Page{Limit: 10})
			require.NoError(t, err)
			for _, d := range sent {
				deliveries[kind] = append(deliveries[kind], d.EventID)
			}
			pending, err := s.Deliveries(ctx, hook.DeliveryFilter{Kind: kind, Statuses: []hook.DeliveryStatus{hook.Pending}, WebhookID: w.ID}, hook.Page{Limit: 10})
			require.NoError(t, err)
			require.Len(t, pending, map[hook.EventKind]int{"": 1, hook.KindTest: 1}[kind], "the rest is held: %s", kind)
		}
		require.Equal(t, []string{"published"}, events[hook.KindPublished], name)
		require.Equal(t, []string{test}, events[hook.KindTest], name)
		require.Equal(t, []string{"combined"}, events[hook.KindCombination], name)
		require.Len(t, events[hook.KindOperational], 1, name)
		require.Len(t, events[""], 4, name)
		require.Equal(t, events, deliveries, name)
	}
}
