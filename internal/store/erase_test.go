package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// canary is in everything that is to be expunged.
const canary = "CANARY"

// found gives the tables and columns in which the canary is.
func (s stage) found(t testing.TB) (places []string) {
	t.Helper()
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	defer db.Close()
	var tables []string
	require.NoError(t, db.QueryRow(`SELECT array_agg(tablename::text) FROM pg_tables WHERE schemaname = 'public'`).Scan(pq.Array(&tables)))
	require.Greater(t, len(tables), 20)
	for _, table := range tables {
		rows, err := db.Query(`SELECT * FROM ` + pq.QuoteIdentifier(table))
		require.NoError(t, err)
		columns, err := rows.Columns()
		require.NoError(t, err)
		for rows.Next() {
			values := make([]sql.RawBytes, len(columns))
			into := make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			require.NoError(t, rows.Scan(into...))
			for i, v := range values {
				if bytes.Contains(v, []byte(canary)) {
					places = append(places, table+"."+columns[i])
				}
			}
		}
		require.NoError(t, rows.Err())
	}
	return places
}

// erases makes steps until nothing is due, also what is to be done once more
// after a while.
func (s stage) erases(t testing.TB) {
	t.Helper()
	for range 2 {
		pgtest.Exec(t, s.url, `UPDATE erasures SET due_at = now() WHERE due_at IS NOT NULL`)
		for more := true; more; {
			var err error
			more, err = s.EraseStep(context.Background())
			require.NoError(t, err)
		}
	}
}

// echo is an answer that tells what was sent.
func echo() hook.Result {
	r := success()
	r.URL, r.ResponseBody = "https://example.com/"+canary, []byte(canary)
	r.RequestHeaders, r.ResponseHeaders = []hook.Header{{Name: "X", Value: canary}}, []hook.Header{{Name: "X", Value: canary}}
	return r
}

func failedEcho() hook.Result {
	r := echo()
	r.Outcome, r.Reason, r.Error, r.StatusCode = hook.Failure, hook.ReasonStatus5xx, "it said "+canary, 500
	return r
}

func secretEvent(id, project string) hook.Event {
	e := event(id, "TODO_CREATED", project)
	e.Previous, e.Current, e.ActorID = json.RawMessage(`{"a":"`+canary+`"}`), json.RawMessage(`{"b":"`+canary+`"}`), "u9"
	return e
}

func TestExpungeEvent_LeavesTheLedgerAndNothingOfThePayload(t *testing.T) {
	s := newStage(t)
	ctx := by("key_1")
	done, failing, held := s.webhook(t, hook.Rule{Events: []string{"*"}}), s.webhook(t, hook.Rule{Events: []string{"*"}}), s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.off(t, held.ID)
	s.post(t, secretEvent("e1", "p1"))
	s.post(t, event("e2", "TODO_CREATED", "p1"))
	for _, c := range s.due10(t) {
		result := map[string]hook.Result{done.ID: echo(), failing.ID: failedEcho()}[c.WebhookID]
		s.attempt(t, c.DeliveryID, result)
	}
	pgtest.Exec(t, s.url, `INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint) VALUES ('c1', 'combination', 'p1', 'c1', now(), '{"copy":"CANARY"}', '')`)
	pgtest.Exec(t, s.url, `INSERT INTO combination_parts (event_id, position, part_event_id, rule_id) VALUES ('c1', 1, 'e1', 1)`)
	require.NotEmpty(t, s.found(t))
	require.NoError(t, s.ExpungeEvent(ctx, "e1"))

	e, err := s.Event(ctx, "e1")
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), e.ExpungedAt, time.Minute)
	require.Nil(t, e.Previous)
	require.Nil(t, e.Current)
	require.Equal(t, "succeeded ", s.outcome(t, "e1", done.ID))
	require.Equal(t, "cancelled payload_expunged", s.outcome(t, "e1", failing.ID))
	require.Equal(t, "cancelled payload_expunged", s.outcome(t, "e1", held.ID))
	require.Equal(t, "held webhook_disabled", s.outcome(t, "e2", held.ID), "nothing else is cancelled")
	for _, w := range []hook.Webhook{done, failing, held} {
		l := s.ledger(t, w.ID)
		require.True(t, l.Balanced())
		require.Equal(t, 2, l.Matched)
	}
	require.Zero(t, s.number(t, clearedOf, "e1"))
	require.Equal(t, []hook.Action{hook.EventExpunged}, actions(s.logged(t, hook.AuditFilter{ObjectID: "e1"})))

	again := s.post(t, secretEvent("e1", "p1"))
	require.Equal(t, hook.Accepted{Matched: 3, Duplicate: true}, again, "whatever its content, it was accepted before")
	s.erases(t)
	combined, err := s.Event(ctx, "c1")
	require.NoError(t, err)
	require.False(t, combined.ExpungedAt.IsZero(), "it held a copy")
	for _, place := range s.found(t) {
		require.Contains(t, place, "attempts.", "e2 was answered with it, too")
	}
	require.NoError(t, s.ExpungeEvent(ctx, "e1"), "once more changes nothing")
	require.Len(t, s.logged(t, hook.AuditFilter{ObjectID: "e1"}), 1)
	require.Zero(t, s.number(t, `SELECT count(*) FROM erasures`))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.ExpungeEvent(ctx, "nowhere")))

	all, err := s.Deliveries(ctx, hook.DeliveryFilter{EventID: "e1", WebhookID: done.ID}, anyPage)
	require.NoError(t, err)
	_, err = s.Redeliver(ctx, all[0].ID)
	conflict(t, err, "was expunged at")
}

// clearedOf counts the attempts of an event that tell more than how they ended.
// The URL is the webhook's, and stays with it.
const clearedOf = `
	SELECT count(*) FROM attempts a JOIN deliveries d ON d.id = a.delivery_id
	WHERE d.event_id = $1 AND (a.response_body IS NOT NULL OR a.request_headers IS NOT NULL OR a.response_headers IS NOT NULL OR a.error IS NOT NULL)`

// clearedOfWebhooks is clearedOf for all that went to some webhooks.
const clearedOfWebhooks = `
	SELECT count(*) FROM attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE d.webhook_id = ANY($1)
		AND (a.response_body IS NOT NULL OR a.request_headers IS NOT NULL OR a.response_headers IS NOT NULL OR a.error IS NOT NULL OR a.url IS NOT NULL)`

// answers keeps one answer that tells of a webhook, and one that does not.
func (s stage) answers(t testing.TB, webhookID string) {
	t.Helper()
	of, err := json.Marshal(map[string]any{"Status": 201, "Body": []byte(`{"id":"` + webhookID + `","url":"CANARY"}`)})
	require.NoError(t, err)
	for key, kept := range map[string][]byte{"of-u9": of, "of-another": []byte(`{"Status":201,"Body":"e30="}`)} {
		_, _, err = s.Once(context.Background(), keyed(key), func(context.Context) []byte { return kept })
		require.NoError(t, err)
	}
}

func TestEraseUser_LeavesNothingThatIsPersonal(t *testing.T) {
	s := newStage(t)
	ctx := by("key_1")
	_, _, err := s.PutUser(ctx, hook.User{ID: "u9", Name: canary, Email: canary + "@example.com"})
	require.NoError(t, err)
	_, err = s.PutMember(ctx, "p1", "u9")
	require.NoError(t, err)
	others := s.webhook(t, hook.Rule{Events: []string{"*"}})
	own := func() hook.Webhook {
		d := draft("u9", hook.Rule{Events: []string{"*"}, Filter: `type != "` + canary + `"`})
		d.PayloadFormat, d.ClientCertificate, d.ClientKey, d.CACertificate = hook.FormatBlue, canary, canary, canary
		d.Name, d.URL, d.Headers, d.Metadata = canary, "https://"+canary+".example.com/"+canary, map[string]string{"X": canary}, []byte(`{"m":"CANARY"}`)
		w, err := s.CreateWebhook(ctx, d)
		require.NoError(t, err)
		return w
	}
	deleted, live := own(), own()
	require.NoError(t, s.DeleteWebhook(ctx, deleted.ID))
	mine := hook.WithPrincipal(context.Background(), hook.Principal{KeyID: "key_9", Role: hook.RoleUser, UserID: "u9"})
	_, _, err = s.Happen(mine, live.ID, hook.Cause{What: hook.OwnerDisabled, Actor: "u9", Note: canary})
	require.NoError(t, err)
	s.on(t, live.ID)
	pgtest.Exec(t, s.url, `INSERT INTO notices (id, webhook_id, kind, error) VALUES ('ntc_1', $1, 'gone', 'no mailbox CANARY@example.com')`, live.ID)
	s.post(t, secretEvent("by-u9", "p1"))
	s.post(t, event("by-another", "TODO_CREATED", "p1"))
	for i, c := range s.due10(t) {
		s.attempt(t, c.DeliveryID, []hook.Result{echo(), failedEcho()}[i%2])
	}
	s.answers(t, live.ID)
	sums := s.ledger(t, others.ID)

	require.NoError(t, s.EraseUser(ctx, "u9"))
	s.erases(t)
	for _, place := range s.found(t) { // of the attempts of by-another to others
		require.Contains(t, []string{"attempts.request_headers", "attempts.response_headers", "attempts.response_body", "attempts.url", "attempts.error"}, place)
	}
	webhooks := pq.Array([]string{deleted.ID, live.ID})
	require.Zero(t, s.number(t, clearedOf, "by-u9"))
	require.Zero(t, s.number(t, clearedOfWebhooks, webhooks))
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM idempotency_keys`), "that of another is kept")
	after := s.ledger(t, others.ID)
	require.Equal(t, sums.Matched, after.Matched)
	require.True(t, after.Balanced())
	e, err := s.Event(ctx, "by-another")
	require.NoError(t, err)
	require.True(t, e.ExpungedAt.IsZero())

	acts := s.logged(t, hook.AuditFilter{ObjectID: "u9"})
	require.Equal(t, []hook.Action{hook.UserCreated, hook.UserErased}, actions(acts))
	require.False(t, acts[0].ExpungedAt.IsZero())
	require.Nil(t, acts[0].After)
	require.JSONEq(t, fmt.Sprintf(`{"name":"[hidden]","email":"[hidden]","webhooks":["%s","%s"]}`, deleted.ID, live.ID), string(acts[1].Before))
	at, err := s.ErasedAt(ctx, "u9")
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), at, time.Minute)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.EraseUser(ctx, "u9")))

	_, _, err = s.PutUser(ctx, hook.User{ID: "u9", Name: "Another", Email: "another@example.com"})
	require.NoError(t, err, "the id can be given again")
}

// TestEraseUser_AlsoErasesOneThatWasDeletedBefore: it is asked for later than the
// deletion, as a rule.
func TestEraseUser_AlsoErasesOneThatWasDeletedBefore(t *testing.T) {
	s := newStage(t)
	ctx := by("key_1")
	_, _, err := s.PutUser(ctx, hook.User{ID: "u9", Name: canary, Email: canary + "@example.com"})
	require.NoError(t, err)
	_, err = s.PutMember(ctx, "p1", "u9")
	require.NoError(t, err)
	d := draft("u9", hook.Rule{Events: []string{"*"}})
	d.Name, d.URL = canary, "https://example.com/"+canary
	w, err := s.CreateWebhook(ctx, d)
	require.NoError(t, err)
	s.post(t, secretEvent("by-u9", "p1"))
	s.attempt(t, s.due10(t)[0].DeliveryID, echo())
	require.NoError(t, s.DeleteWebhook(ctx, w.ID))
	require.NoError(t, s.DeleteUser(ctx, "u9"))
	require.NotEmpty(t, s.found(t))

	require.NoError(t, s.EraseUser(ctx, "u9"))
	s.erases(t)
	require.Empty(t, s.found(t))
	require.Zero(t, s.number(t, clearedOfWebhooks, pq.Array([]string{w.ID})))
	at, err := s.ErasedAt(ctx, "u9")
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), at, time.Minute)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.EraseUser(ctx, "u9")), "it was done")
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.EraseUser(ctx, "nobody")))
}

// TestErasure_ClearsAnAttemptThatEndedLater: an answer that arrives after the first
// round is cleared by the second.
func TestErasure_ClearsAnAttemptThatEndedLater(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.post(t, secretEvent("e1", "p1"))
	c := s.due10(t)[0]
	p, err := s.Parcel(ctx, c.DeliveryID)
	require.NoError(t, err)
	n, err := s.Begin(ctx, p, "run", time.Minute)
	require.NoError(t, err)
	require.NoError(t, s.ExpungeEvent(ctx, "e1"))
	require.NoError(t, s.Finish(ctx, hook.Conclude(c.DeliveryID, n, echo(), nil)))
	require.Contains(t, s.found(t), "attempts.response_body")
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM erasures WHERE round = 2 AND due_at > now() + interval '1 minute'`))
	s.erases(t)
	require.Equal(t, []string{"attempts.url"}, s.found(t))
	attempts, err := s.Attempts(ctx, c.DeliveryID)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), attempts[0].ExpungedAt, time.Minute)
	require.Equal(t, 204, attempts[0].Result.StatusCode, "how it ended stays")
}

func TestErasure_OnlyItsOwnJobChangesTheAuditLog(t *testing.T) {
	s := newStage(t)
	_, _, err := s.PutUser(by("key_1"), hook.User{ID: "u8", Name: "Eight"})
	require.NoError(t, err)
	for _, statement := range []string{
		`UPDATE audit_log SET before = NULL, after = NULL, expunged_at = now()`,
		`SELECT set_config('godwit.audit_log_job', 'erasure', false); UPDATE audit_log SET object_id = 'u7', before = NULL, after = NULL, expunged_at = now()`,
		`SELECT set_config('godwit.audit_log_job', 'erasure', false); UPDATE audit_log SET after = '{"name":"Nine"}'`,
		`SELECT set_config('godwit.audit_log_job', 'erasure', false); DELETE FROM audit_log`,
	} {
		require.ErrorContains(t, s.run(t, statement), "rows are only ever added", statement)
	}
}

// TestErasure_OneThatFailsKeepsNoOtherWaiting: it is tried again later.
func TestErasure_OneThatFailsKeepsNoOtherWaiting(t *testing.T) {
	s := newStage(t)
	s.post(t, secretEvent("e1", "p1"))
	s.post(t, secretEvent("e2", "p1"))
	pgtest.Exec(t, s.url, `INSERT INTO erasures (kind, object_id, due_at, cursor_at) VALUES ('event', 'broken', now() - interval '1 hour', '-infinity')`)
	pgtest.Exec(t, s.url, `CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.object_id = ''broken'' AND NEW.due_at <= now() THEN RAISE ''broken''; END IF; RETURN NEW; END'`)
	pgtest.Exec(t, s.url, `CREATE TRIGGER broken BEFORE UPDATE ON erasures FOR EACH ROW EXECUTE FUNCTION broken()`)
	_, err := s.EraseStep(context.Background())
	require.ErrorContains(t, err, "broken")
	require.NoError(t, s.ExpungeEvent(context.Background(), "e1"))
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM erasures WHERE due_at > now()`), "both later, each for its own reason")
}
