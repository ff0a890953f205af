package store_test

import (
	"context"
	"testing"

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
	s.happens(t, w.ID, hook.OwnerDisabled)
	_, _, err = s.SendTest(ctx, hook.TestEvent{WebhookID: w.ID})
	conflict(t, err, "/enable first")
	require.Zero(t, s.number(t, `SELECT count(*) FROM events`))
}
