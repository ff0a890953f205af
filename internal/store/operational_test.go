package store_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/match"
	"godwit/internal/pgtest"
)

// dies uses up the attempts of a delivery, and the probe fails too.
func (s stage) dies(t *testing.T, deliveryID string) {
	t.Helper()
	ctx := context.Background()
	for range hook.MaxAttempts {
		s.due(t, deliveryID)
		s.attempt(t, deliveryID, failure())
	}
	p, err := s.Parcel(ctx, deliveryID)
	require.NoError(t, err)
	require.Equal(t, hook.Failed, p.Delivery.Status)
	_, _, err = s.Happen(ctx, p.Delivery.WebhookID, hook.Cause{What: hook.ProbeFailed, Reason: hook.ReasonStatus5xx, DeliveryID: deliveryID})
	require.NoError(t, err)
}

// told lists the types of the operational events that a webhook gets.
func (s stage) told(t *testing.T, webhookID string) []string {
	t.Helper()
	all, err := s.Deliveries(context.Background(), hook.DeliveryFilter{WebhookID: webhookID}, anyPage)
	require.NoError(t, err)
	var types []string
	for i := len(all) - 1; i >= 0; i-- {
		if hook.Operational(all[i].EventType) {
			types = append(types, all[i].EventType)
		}
	}
	return types
}

func (s stage) deliveryOf(t *testing.T, webhookID, eventType string) hook.Delivery {
	t.Helper()
	all, err := s.Deliveries(context.Background(), hook.DeliveryFilter{WebhookID: webhookID, EventTypes: []string{eventType}}, anyPage)
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

var watching = hook.Rule{Events: []string{"webhook.*", hook.TypeDeliveryFailed}}

func TestOtherWebhooksOfTheOwnerAreTold(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	_, _, err := s.PutUser(ctx, hook.User{ID: "u2", Name: "Udo", Email: "udo@example.com"})
	require.NoError(t, err)
	w := s.webhook(t, hook.Rule{Events: []string{"TODO_*"}}, watching)
	watcher := s.webhook(t, watching)
	everything := s.webhook(t, hook.Rule{Events: []string{"*"}})
	filtered := s.webhook(t, hook.Rule{Events: watching.Events, Filter: "current.?webhook.status.orValue('') == 'UNHEALTHY' && project_id == ''"})
	without := s.webhook(t, hook.Rule{Events: watching.Events, NotEvents: []string{hook.TypeDegraded, "delivery.*"}})
	stranger, err := s.CreateWebhook(ctx, draft("u2", watching))
	require.NoError(t, err)
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	d := s.deliveryOf(t, w.ID, "TODO_CREATED")
	s.dies(t, d.ID)
	s.happens(t, w.ID, hook.Recovered)
	require.Empty(t, s.told(t, filtered.ID), "no filter is asked while rows are locked")
	s.judgeAll(t)

	require.Equal(t, []string{hook.TypeDegraded, hook.TypeDeliveryFailed, hook.TypeDeactivated, hook.TypeRecovered}, s.told(t, watcher.ID))
	require.Equal(t, []string{hook.TypeDeactivated}, s.told(t, filtered.ID))
	require.Equal(t, []string{hook.TypeDeactivated, hook.TypeRecovered}, s.told(t, without.ID))
	for _, other := range []string{w.ID, everything.ID, stranger.ID} {
		require.Empty(t, s.told(t, other))
	}

	p, err := s.Parcel(ctx, s.deliveryOf(t, watcher.ID, hook.TypeDeactivated).ID)
	require.NoError(t, err)
	require.Equal(t, hook.StepSend, hook.Decide(p, 1).Step)
	require.Equal(t, "u1", p.Event.OwnerID)
	require.Empty(t, p.Event.ProjectID)
	var state hook.HealthState
	require.NoError(t, json.Unmarshal(p.Event.Current, &state))
	require.WithinDuration(t, time.Now(), state.At, time.Minute)
	off, reason := hook.DisabledByHealth, hook.ReasonStatus5xx
	require.Equal(t, hook.HealthState{
		Webhook: hook.HealthStateWebhook{ID: w.ID, Name: "feed", Status: hook.Unhealthy, DisabledReason: &off},
		Cause:   hook.ProbeFailed, Reason: &reason, DeliveryID: &d.ID, At: state.At,
	}, state)
	p, err = s.Parcel(ctx, s.deliveryOf(t, watcher.ID, hook.TypeDeliveryFailed).ID)
	require.NoError(t, err)
	require.JSONEq(t, `{"delivery":{"id":"`+d.ID+`","event_id":"e1","event_type":"TODO_CREATED","webhook_id":"`+w.ID+`","attempts":5,"reason":"exhausted"}}`, string(p.Event.Current))
}

func TestAnOperationalEventTellsOfNoOther(t *testing.T) {
	s := newStage(t)
	a := s.webhook(t, hook.Rule{Events: []string{"TODO_*"}}, watching)
	b := s.webhook(t, watching)
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	s.dies(t, s.deliveryOf(t, a.ID, "TODO_CREATED").ID)
	s.dies(t, s.deliveryOf(t, b.ID, hook.TypeDegraded).ID)
	got, err := s.Webhook(context.Background(), b.ID)
	require.NoError(t, err)
	require.Equal(t, hook.Unhealthy, got.Status, "its health is that of any other")
	s.happens(t, b.ID, hook.Recovered)
	require.Empty(t, s.told(t, a.ID), "nothing of all this is told")
	require.Len(t, s.told(t, b.ID), 3)
	s.happens(t, a.ID, hook.Recovered)
	require.Len(t, s.told(t, b.ID), 4, "it was told that a was not well")
	s.happens(t, a.ID, hook.OwnerDisabled, hook.OwnerEnabled)
	require.Len(t, s.told(t, b.ID), 4)
}

func TestAnOperationalEventIsOfOneTransaction(t *testing.T) {
	s := newStage(t)
	w := s.shaken(t, s.webhook(t, hook.Rule{Events: []string{"TODO_*"}}))
	watcher := s.webhook(t, watching)
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	id := s.firstID(t)
	pgtest.Exec(t, s.url, `ALTER TABLE deliveries ADD CONSTRAINT no_more CHECK (event_type NOT LIKE 'webhook.%')`)
	n := s.begin(t, id, time.Minute)
	f := hook.Conclude(id, n, failure(), func() time.Duration { return time.Hour })
	require.Error(t, s.Finish(context.Background(), f))
	got, err := s.Webhook(context.Background(), w.ID)
	require.NoError(t, err)
	require.Equal(t, hook.Healthy, got.Status)
	pgtest.Exec(t, s.url, `ALTER TABLE deliveries DROP CONSTRAINT no_more`)
	for range 2 {
		require.NoError(t, s.Finish(context.Background(), f))
	}
	require.Equal(t, []string{hook.TypeDegraded}, s.told(t, watcher.ID))
}

func TestExplainAndPreviewKnowOperationalEvents(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.shaken(t, s.webhook(t, hook.Rule{Events: []string{"TODO_*", "webhook.*"}}))
	watcher := s.webhook(t, watching)
	everything := s.webhook(t, hook.Rule{Events: []string{"*"}})
	scoped := s.webhook(t, hook.Rule{Events: []string{"webhook.*"}, Projects: []string{"p1"}})
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	s.attempt(t, s.deliveryOf(t, w.ID, "TODO_CREATED").ID, failure())
	eventID := s.deliveryOf(t, watcher.ID, hook.TypeDegraded).EventID
	for webhookID, want := range map[string]string{
		w.ID: match.ReasonItself, watcher.ID: match.ReasonMatched, everything.ID: match.ReasonEventType, scoped.ID: match.ReasonProject,
	} {
		x, err := s.matching.Explain(ctx, webhookID, eventID)
		require.NoError(t, err)
		require.Equal(t, want, x.Reason)
		require.Equal(t, want == match.ReasonMatched, x.Matched)
	}
	for _, owner := range []string{"", "u1"} {
		p, err := s.matching.Preview(ctx, match.Question{OwnerID: owner, Rules: []hook.Rule{{Events: []string{"*"}}, watching}})
		require.NoError(t, err)
		require.Equal(t, []match.Count{{Name: "TODO_CREATED", N: 1}}, p.ByType)
	}
}
