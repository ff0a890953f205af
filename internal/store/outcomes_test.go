package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// TestEvents_TellWhatBecameOfThem has events of each outcome, for an admin and for a
// user who sees the deliveries of the user's own webhooks alone.
func TestEvents_TellWhatBecameOfThem(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	_, _, err := s.PutUser(ctx, hook.User{ID: "u2", Name: "u2", Email: "u2@example.com"})
	require.NoError(t, err)
	_, err = s.PutMember(ctx, "p1", "u2")
	require.NoError(t, err)
	for _, owner := range []string{"u1", "u1", "u2"} {
		_, err := s.CreateWebhook(ctx, draft(owner, hook.Rule{Events: []string{"TODO_CREATED"}}))
		require.NoError(t, err)
	}
	s.post(t, event("all", "TODO_CREATED", "p1"))
	s.post(t, event("none", "TODO_DELETED", "p1"))
	s.post(t, event("again", "TODO_CREATED", "p1"))
	pgtest.Exec(t, s.url, `UPDATE deliveries d SET status = x.status, reason = x.reason, dispatch_at = NULL, finished_at = CASE WHEN x.status <> 'held' THEN now() END
		FROM (SELECT id, row_number() OVER (ORDER BY webhook_id) AS n FROM deliveries WHERE event_id = 'all') o
		JOIN (VALUES (1, 'failed', 'exhausted'), (2, 'held', 'webhook_disabled'), (3, 'succeeded', NULL)) x(n, status, reason) ON x.n = o.n WHERE d.id = o.id`)
	pgtest.Exec(t, s.url, `INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, redelivery_of, dispatch_at)
		SELECT id || 'b', event_id, webhook_id, event_type, project_id, company_id, 'pending', id, now() FROM deliveries WHERE event_id = 'again'`)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET superseded = true, status = 'failed', reason = 'exhausted', dispatch_at = NULL, finished_at = now() WHERE event_id = 'again' AND redelivery_of IS NULL`)
	ids := []string{"all", "none", "again", "unknown"}
	got, err := s.EventOutcomes(ctx, ids)
	require.NoError(t, err)
	require.Equal(t, map[string]hook.EventOutcome{"all": {Total: 3, Succeeded: 1, Failed: 1, Held: 1}, "again": {Total: 3, Waiting: 3}}, got)
	theirs, err := s.EventOutcomes(as("u2"), ids)
	require.NoError(t, err)
	own, err := s.EventOutcomes(as("u1"), ids)
	require.NoError(t, err)
	require.Equal(t, 1, theirs["all"].Total)
	require.Equal(t, 2, own["all"].Total)
	require.Equal(t, hook.EventOutcome{Total: 1, Waiting: 1}, theirs["again"])

	_, err = s.CreateWebhook(ctx, draft("u2", hook.Rule{Events: []string{"TAG_CREATED"}}))
	require.NoError(t, err)
	s.post(t, event("of-u2", "TAG_CREATED", "p1"))
	for _, tc := range []struct {
		who     context.Context
		matched bool
		want    []string
	}{
		{ctx, true, []string{"of-u2", "again", "all"}}, {ctx, false, []string{"none"}},
		{as("u1"), true, []string{"again", "all"}}, {as("u1"), false, []string{"of-u2", "none"}},
		{as("u2"), true, []string{"of-u2", "again", "all"}}, {as("u2"), false, []string{"none"}},
	} {
		found, err := s.Events(tc.who, hook.EventFilter{Matched: &tc.matched}, hook.Page{Limit: 10, Stopped: new(hook.Cursor)})
		require.NoError(t, err)
		require.Equal(t, tc.want, idsOf(found, func(e hook.Event) string { return e.ID }), "%v", tc.matched)
	}
}
