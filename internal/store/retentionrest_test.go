package store_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// begins begins a transaction past the store.
func (s stage) begins(t testing.TB) *sql.Tx {
	t.Helper()
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	tx, err := db.Begin()
	require.NoError(t, err)
	return tx
}

func TestRetention_RemovesHealthCountsByTheirHour(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.sends(t, "e1", "e2", "e3")
	before := s.number(t, `SELECT count(*) FROM health_counts`)
	pgtest.Exec(t, s.url, `INSERT INTO health_counts (webhook_id, hour, reason, latency, part, n)
		SELECT $1, date_trunc('hour', now()) - make_interval(days => d), '', 1, 1, 5 FROM generate_series(25, 35) d`, w.ID)
	require.Equal(t, 6, s.retain(t, 2), "of 30 to 35 days ago")
	require.Equal(t, before+5, s.number(t, `SELECT count(*) FROM health_counts`))
}

// TestRetention_KeepsTheTransitionsOfAnOutage: what is told when a webhook is well
// again depends on what was told when it was not, however long ago.
func TestRetention_KeepsTheTransitionsOfAnOutage(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	for range 3 {
		s.happens(t, w.ID, hook.OwnerDisabled, hook.OwnerEnabled)
	}
	s.happens(t, w.ID, hook.OwnerDisabled)
	require.Equal(t, 7, s.number(t, `SELECT count(*) FROM transitions`))
	pgtest.Exec(t, s.url, `UPDATE transitions SET at = at - interval '31 days'`)
	require.Equal(t, 5, s.retain(t, 2))
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM transitions`), "the last time it was well, and what came after")

	s.on(t, w.ID)
	require.Zero(t, s.retain(t, 2), "that it is well again is not old yet")
	pgtest.Exec(t, s.url, `UPDATE transitions SET at = now() - interval '31 days'`)
	require.Equal(t, 2, s.retain(t, 2))
}

func TestRetention_RemovesADeletedWebhookLast(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.sends(t, "e1")
	s.happens(t, w.ID, hook.OwnerDisabled)
	other := s.webhook(t, hook.Rule{Events: []string{"*"}})
	require.NoError(t, s.DeleteWebhook(ctx, w.ID))
	s.ages(t, 31, "e1")
	pgtest.Exec(t, s.url, `UPDATE webhooks SET deleted_at = now() - interval '31 days' WHERE id = $1`, w.ID)
	s.retain(t, 500)
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM webhooks`), "its attempts of this hour are still counted")
	pgtest.Exec(t, s.url, `UPDATE health_counts SET hour = hour - interval '31 days'`)
	pgtest.Exec(t, s.url, `UPDATE transitions SET at = at - interval '31 days'`)
	s.retain(t, 500)
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM webhooks`))
	_, err := s.Webhook(ctx, other.ID)
	require.NoError(t, err)
}

func TestRetention_RemovesRedeliveriesThatNothingNames(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	base := s.failed(t, w.ID, 2)
	running, done := s.redelivery(t, query(w.ID, base)), s.redelivery(t, query(w.ID, base))
	named := s.redelivery(t, query(w.ID, base))
	pgtest.Exec(t, s.url, `UPDATE redeliveries SET created_at = now() - interval '40 days'`)
	pgtest.Exec(t, s.url, `UPDATE redeliveries SET status = 'completed', dispatch_at = NULL, finished_at = now() - interval '31 days' WHERE id IN ($1, $2)`, done.ID, named.ID)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET redelivery_id = $1 WHERE id = (SELECT min(id) FROM deliveries)`, named.ID)
	require.Equal(t, 1, s.retain(t, 1))
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM redeliveries WHERE id IN ($1, $2)`, running.ID, named.ID))
}

func TestRetention_RemovesNoticesThatWereDealtWith(t *testing.T) {
	s, w := tells(t)
	pgtest.Exec(t, s.url, `INSERT INTO notices (id, webhook_id, kind, created_at, due_at, sent_at) VALUES
		('ntc_1', $1, 'gone', now() - interval '40 days', NULL, now() - interval '40 days'),
		('ntc_2', $1, 'gone', now() - interval '40 days', now(), NULL),
		('ntc_3', $1, 'gone', now() - interval '40 days', NULL, NULL),
		('ntc_4', $1, 'gone', now(), NULL, now())`, w.ID)
	require.Equal(t, 2, s.retain(t, 1))
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM notices WHERE id IN ('ntc_2', 'ntc_4')`))
}

func TestRetention_RemovesSessionsThatEnded(t *testing.T) {
	s := newStage(t)
	pgtest.Exec(t, s.url, `INSERT INTO sessions (id, user_id, hash, expires_at) SELECT 's' || d, 'u1', decode(md5(d::text), 'hex'), now() - make_interval(days => d, hours => -1) FROM generate_series(29, 33) d`)
	require.Equal(t, 3, s.retain(t, 2))
}

func TestRetention_RemovesOldEntriesOfTheAuditLogAndNothingElseDoes(t *testing.T) {
	s := newStage(t)
	write := func(id string, days int) {
		pgtest.Exec(t, s.url, `INSERT INTO audit_log (id, at, key_id, role, action, object_id) VALUES ($1, now() - make_interval(days => $2), 'k', 'admin', 'user.created', 'u')`, id, days)
	}
	for id, days := range map[string]int{"aud_1": 400, "aud_2": 366, "aud_3": 364, "aud_4": 31, "aud_5": 1} {
		write(id, days)
	}
	for _, statement := range []string{
		`DELETE FROM audit_log`, `DELETE FROM audit_log WHERE id = 'aud_1'`, `UPDATE audit_log SET action = 'x'`, `TRUNCATE audit_log`,
		`SELECT set_config('godwit.audit_log_job', 'retention', false); DELETE FROM audit_log`, // the young ones stay in any case
		`SELECT forget_audit_log(now(), 100)`,
		`SELECT forget_audit_log(now() - interval '500 days', 100); DELETE FROM audit_log WHERE id = 'aud_1'`,
	} {
		require.ErrorContains(t, s.run(t, statement), "rows are only ever added", statement)
		require.Equal(t, 5, s.number(t, `SELECT count(*) FROM audit_log`), statement)
	}
	require.Equal(t, 2, s.retain(t, 1))
	require.Equal(t, 3, s.number(t, `SELECT count(*) FROM audit_log`))
	require.Equal(t, []hook.RetentionCount{{Part: "audit_log", Total: 2, LastRun: 2}}, s.retention(t).Removed)
}

func (s stage) retention(t testing.TB) hook.Retention {
	t.Helper()
	r, err := s.Retention(context.Background())
	require.NoError(t, err)
	return r
}

func TestRetention_GoesOnWhereItWasCutOff(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.sends(t, "e1", "e2", "e3")
	s.ages(t, 31, "e1", "e2", "e3")
	_, err := s.RetentionStep(context.Background(), keep, 1)
	require.NoError(t, err)
	began := s.retention(t)
	require.Equal(t, "events", began.Part)
	require.True(t, began.FinishedAt.IsZero())

	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = s.RetentionStep(ended, keep, 1)
	require.Error(t, err)
	require.Equal(t, began, s.retention(t), "a step that was cut off has done nothing")
	require.NoError(t, s.RetentionFailed(context.Background(), "the database was away\x00"))
	require.Equal(t, "the database was away", s.retention(t).Problem)

	other := open(t, s.url)
	step, err := other.RetentionStep(context.Background(), keep, 1)
	require.NoError(t, err)
	require.Equal(t, 3, step.Removed, "it goes on with the next event")
	require.Empty(t, s.retention(t).Problem)
	require.Equal(t, began.BeganAt, s.retention(t).BeganAt)
	s.retain(t, 1)
	require.Empty(t, s.left(t))
}

func TestRetention_RemovesAnEventWithVeryManyDeliveriesInParts(t *testing.T) {
	s := newStage(t)
	for range 7 {
		s.webhook(t, hook.Rule{Events: []string{"*"}})
	}
	s.sends(t, "e1", "e2")
	s.ages(t, 31, "e1", "e2")
	step, err := s.RetentionStep(context.Background(), keep, 3)
	require.NoError(t, err)
	require.Equal(t, 6+2, step.Removed, "at most four deliveries with their attempts")
	require.Len(t, s.left(t), 2, "an event goes last")
	s.retain(t, 3)
	require.Empty(t, s.left(t))
	require.Zero(t, s.number(t, `SELECT count(*) FROM deliveries`))
	require.Zero(t, s.number(t, `SELECT count(*) FROM attempts`))
}

func TestRetention_StopsAtTheBorder(t *testing.T) {
	s := newStage(t)
	s.sends(t, "e1")
	s.ages(t, 2, "e1")
	step, err := s.RetentionStep(context.Background(), hook.Keep{Data: 49 * time.Hour, Audit: keep.Audit}, 500)
	require.NoError(t, err)
	require.Zero(t, step.Removed)
	require.Zero(t, s.retention(t).KeptSince, "nothing was removed yet")
}

func TestRetention_ForgetsErasuresWithTheAuditLog(t *testing.T) {
	s := newStage(t)
	pgtest.Exec(t, s.url, `INSERT INTO erasures (kind, object_id, asked_at, due_at) VALUES
		('user', 'a', now() - interval '366 days', NULL), ('user', 'b', now() - interval '366 days', now()), ('user', 'c', now() - interval '364 days', NULL)`)
	require.Equal(t, 1, s.retain(t, 500))
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM erasures WHERE object_id IN ('b', 'c')`))
}
