package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// combination stores a combination of p1 and p2 with a delivery of it.
func (s stage) combination(t *testing.T, eventID, webhookID string) {
	t.Helper()
	pgtest.Exec(t, s.url, `
		INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint, project_ids)
		VALUES ($1, 'combination', 'p1', 'c1', now(), '{}', '', '{p1,p2}')`, eventID)
	pgtest.Exec(t, s.url, `
		INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, dispatch_at)
		VALUES ('dlv_' || $1, $1, $2, 'combination', 'p1', 'c1', 'pending', now())`, eventID, webhookID)
}

// outcome is a delivery's status and reason, found by its event.
func (s stage) outcome(t *testing.T, eventID, webhookID string) string {
	t.Helper()
	all, err := s.Deliveries(context.Background(), hook.DeliveryFilter{EventID: eventID, WebhookID: webhookID}, anyPage)
	require.NoError(t, err)
	require.Len(t, all, 1)
	return string(all[0].Status) + " " + string(all[0].Reason)
}

func TestEndingAMembershipCancelsWhatWaits(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	_, _, err := s.PutUser(ctx, hook.User{ID: "u2", Name: "Two", Email: "two@example.com"})
	require.NoError(t, err)
	for _, project := range []string{"p1", "p2"} {
		_, err = s.PutMember(ctx, project, "u2")
		require.NoError(t, err)
	}
	mine := s.webhook(t, hook.Rule{Events: []string{"*"}})
	theirs, err := s.CreateWebhook(ctx, draft("u2", hook.Rule{Events: []string{"*"}}))
	require.NoError(t, err)
	s.post(t, event("done", "TODO_CREATED", "p2"))
	claims, err := s.Claim(ctx, 10, lease)
	require.NoError(t, err)
	for _, c := range claims {
		s.attempt(t, c.DeliveryID, success())
	}
	s.post(t, event("retrying", "TODO_CREATED", "p2"))
	claims, err = s.Claim(ctx, 10, lease)
	require.NoError(t, err)
	for _, c := range claims {
		s.attempt(t, c.DeliveryID, failure())
	}
	s.post(t, event("pending", "TODO_CREATED", "p2"))
	s.post(t, event("elsewhere", "TODO_CREATED", "p1"))
	s.combination(t, "both", mine.ID)
	off, err := s.CreateWebhook(ctx, draft("u1", hook.Rule{Events: []string{"*"}}))
	require.NoError(t, err)
	_, err = s.UpdateWebhook(ctx, off.ID, 0, disable)
	require.NoError(t, err)
	s.post(t, event("held", "TODO_CREATED", "p2"))
	s.combination(t, "both-held", off.ID)

	require.NoError(t, s.DeleteMember(ctx, "p2", "u1"))
	for eventID, want := range map[string]string{
		"done": "succeeded ", "elsewhere": "pending ", "retrying": "cancelled membership_lost",
		"pending": "cancelled membership_lost", "both": "cancelled membership_lost",
	} {
		require.Equal(t, want, s.outcome(t, eventID, mine.ID), eventID)
	}
	require.Equal(t, "cancelled membership_lost", s.outcome(t, "held", off.ID))
	require.Equal(t, "cancelled membership_lost", s.outcome(t, "both-held", off.ID))
	require.Equal(t, "pending ", s.outcome(t, "pending", theirs.ID))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.DeleteMember(ctx, "p2", "u1")))
}

func TestAnAttemptAsksForTheMembershipAgain(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	plain := s.claimed(t, "e1").DeliveryID
	s.combination(t, "both", w.ID)
	lost := func(deliveryID string) bool {
		p, err := s.Parcel(ctx, deliveryID)
		require.NoError(t, err)
		return p.AccessLost
	}
	require.False(t, lost(plain))
	require.False(t, lost("dlv_both"))
	pgtest.Exec(t, s.url, `DELETE FROM members WHERE project_id = 'p2'`)
	require.False(t, lost(plain))
	require.True(t, lost("dlv_both"), "it carries data of both")
	pgtest.Exec(t, s.url, `DELETE FROM members WHERE project_id = 'p1'`)
	require.True(t, lost(plain))
}

func TestDeletingAProjectOrCompanyCancelsCombinationsOfIt(t *testing.T) {
	for name, remove := range map[string]func(stage) error{
		"project": func(s stage) error { return s.DeleteProject(context.Background(), "p2") },
		"company": func(s stage) error { return s.DeleteCompany(context.Background(), "c1") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			w := s.webhook(t, hook.Rule{Events: []string{"*"}})
			s.combination(t, "both", w.ID)
			s.post(t, event("p3", "TODO_CREATED", "p3"))
			require.NoError(t, remove(s))
			require.Equal(t, "cancelled project_deleted", s.outcome(t, "both", w.ID))
			require.Equal(t, "pending ", s.outcome(t, "p3", w.ID))
		})
	}
}

// TestMembershipIsLookedUpNotSearched counts pages with a plan that was made
// while the tables were small.
func TestMembershipIsLookedUpNotSearched(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	conn := session(t, s.url)
	_, err := conn.ExecContext(ctx, "PREPARE parcel AS "+store.SelectParcel)
	require.NoError(t, err)
	s.combination(t, "both", w.ID)
	few := planned(t, conn, "parcel('dlv_both')").pages()
	pgtest.Exec(t, s.url, `INSERT INTO users (id, name, email) SELECT 'bulk' || g, 'x', 'x@example.com' FROM generate_series(1, 20000) g`)
	pgtest.Exec(t, s.url, `INSERT INTO members (project_id, user_id) SELECT 'p1', id FROM users ON CONFLICT DO NOTHING`)
	require.LessOrEqual(t, planned(t, conn, "parcel('dlv_both')").pages(), 3*few)
}
