package worker

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// TestWindowTurns_GiveEachOwnerTheirShare: one owner has many windows that are due, for
// longer, of two webhooks.
func TestWindowTurns_GiveEachOwnerTheirShare(t *testing.T) {
	s, url := newStore(t)
	_, _, err := s.PutUser(t.Context(), hook.User{ID: "u2", Name: "Ugo", Email: "ugo@example.com"})
	require.NoError(t, err)
	_, err = s.CreateWebhook(t.Context(), hook.Webhook{ID: "wh_3", OwnerID: "u2", Name: "wh_3", URL: "https://example.com/", Secret: "whsec_c2VjcmV0",
		Rules: []hook.Rule{{Events: []string{"*"}}}, PayloadFormat: hook.FormatStandard, Metadata: []byte("{}"), Enabled: true, Status: hook.Healthy})
	require.NoError(t, err)
	for webhook, n := range map[string]int{"wh_1": 150, "wh_2": 150, "wh_3": 50} {
		pgtest.Exec(t, url, `INSERT INTO windows (rule_id, key, webhook_id, dispatch_at)
			SELECT r.id, 'k' || g, r.webhook_id, now() - CASE r.webhook_id WHEN 'wh_3' THEN interval '0' ELSE interval '1 hour' END
			FROM rules r CROSS JOIN generate_series(1, $2::int) g WHERE r.webhook_id = $1`, webhook, n)
	}
	turns := windowTurns{store: s}
	var of []map[string]int
	for all := 0; all < 350; {
		claims, err := turns.claim(t.Context(), batch, time.Minute)
		require.NoError(t, err)
		require.Len(t, claims, min(batch, 350-all), "there are as many, each once")
		n := map[string]int{}
		for _, c := range claims {
			n[map[bool]string{true: "u2", false: "u1"}[c.WebhookID == "wh_3"]]++
		}
		of, all = append(of, n), all+len(claims)
	}
	require.Equal(t, map[string]int{"u1": batch}, of[0], "they are due for longest")
	require.Equal(t, map[string]int{"u1": batch / 2, "u2": batch / 2}, of[1])
}

// TestWindows_OfWhichOneFailsLeaveTheOthersToGoOn: the rule of one holds what can't be
// read.
func TestWindows_OfWhichOneFailsLeaveTheOthersToGoOn(t *testing.T) {
	s, url := newStore(t)
	pgtest.Exec(t, url, `UPDATE rules SET events = '{}', combination = convert_to(CASE webhook_id WHEN 'wh_1' THEN '[' ELSE '{"all_of":[{"events":["A"]},{"events":["B"]}],"within":"1h"}' END, 'UTF8')`)
	for _, webhook := range []string{"wh_1", "wh_2"} {
		pgtest.Exec(t, url, `INSERT INTO windows (rule_id, key, webhook_id, dispatch_at) SELECT id, 'k', webhook_id, now() FROM rules WHERE webhook_id = $1`, webhook)
	}
	core, logs := observer.New(zap.ErrorLevel)
	l := windows(s, &activities.Activities{Steps: s, Log: zap.NewNop()}, nil, zap.New(core))
	n, err := l.round(t.Context(), batch)
	require.NoError(t, err, "the loop does not pause")
	require.Equal(t, 2, n)
	require.Equal(t, 1, logs.Len())
	claims, err := s.ClaimWindows(t.Context(), batch, time.Minute)
	require.NoError(t, err)
	require.Empty(t, claims, "one is closed, and the other is tried again when its lease is over")
}

// TestWindows_OfALockedWebhookLeaveTheOthersToGoOn: another transaction keeps the row of
// one webhook.
func TestWindows_OfALockedWebhookLeaveTheOthersToGoOn(t *testing.T) {
	s, url := newStore(t)
	pgtest.Exec(t, url, `UPDATE rules SET events = '{}', combination = convert_to('{"all_of":[{"events":["A"]},{"events":["B"]}],"within":"1h"}', 'UTF8')`)
	pgtest.Exec(t, url, `INSERT INTO windows (rule_id, key, webhook_id, dispatch_at) SELECT id, 'k', webhook_id, now() FROM rules WHERE webhook_id IN ('wh_1', 'wh_2')`)
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	other, err := db.Begin()
	require.NoError(t, err)
	_, err = other.Exec(`SELECT FROM webhooks WHERE id = 'wh_1' FOR UPDATE`)
	require.NoError(t, err)

	l := windows(s, &activities.Activities{Steps: s, Log: zap.NewNop()}, nil, zap.NewNop())
	n, err := l.round(t.Context(), batch)
	require.NoError(t, err, "the loop does not pause")
	require.Equal(t, 2, n)
	require.NoError(t, other.Rollback())
	var left []string
	rows, err := db.Query(`SELECT webhook_id FROM windows`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var id string
		require.NoError(t, rows.Scan(&id))
		left = append(left, id)
	}
	require.NoError(t, rows.Err())
	require.Equal(t, []string{"wh_1"}, left, "the other one held nothing and is closed")
}
