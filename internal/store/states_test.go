package store_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// The tables of internal/hook/STATES.md: a stage is a row of two cells and more,
// the second of them SQL; a transition a row of four cells.
var (
	stageLine      = regexp.MustCompile("(?m)^\\| (\\w+) \\| `(.+?)` \\|.*\\|$")
	transitionLine = regexp.MustCompile("(?m)^\\| ([a-z ]+) \\| `\\w+` \\([\\w/]+\\.go\\) \\| ([\\w, ]+) \\| ([\\w, ]+) \\|$")
)

func statesPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../hook/STATES.md")
	require.NoError(t, err)
	return string(page)
}

// statedStages gives the condition of each stage.
func statedStages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, m := range stageLine.FindAllStringSubmatch(statesPage(t), -1) {
		out[m[1]] = m[2]
	}
	require.Len(t, out, 8)
	return out
}

// stageOf is SQL for the stages of a row, as an array.
func stageOf(stages map[string]string) string {
	var each []string
	for _, name := range slices.Sorted(maps.Keys(stages)) {
		each = append(each, fmt.Sprintf("CASE WHEN %s THEN '%s' END", stages[name], name))
	}
	return "array_remove(ARRAY[" + strings.Join(each, ", ") + "], NULL)"
}

// combinations are the values that the columns of a row's state can have, but for
// their number.
const combinations = `
	SELECT status, reason, attempts, begun_at, run_id, dispatch_at, next_attempt_at, slot_until, finished_at
	FROM unnest(ARRAY['pending', 'retrying', 'succeeded', 'failed', 'held', 'cancelled']) status,
		unnest(ARRAY[NULL, 'exhausted', 'webhook_disabled']) reason, unnest(ARRAY[0, 1, 5]) attempts,
		unnest(ARRAY[NULL, now()]) begun_at, unnest(ARRAY[NULL, 'run']) run_id, unnest(ARRAY[NULL, now(), 'infinity']) dispatch_at,
		unnest(ARRAY[NULL, now()]) next_attempt_at, unnest(ARRAY[NULL, now(), 'infinity']) slot_until, unnest(ARRAY[NULL, now()]) finished_at`

func TestStates_TheSchemaRefusesWhatIsInNoStage(t *testing.T) {
	s := newStage(t)
	var constraint string
	s.read(t, &constraint, `SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = 'deliveries_stage'`)
	var all, in, several, differ int
	s.read(t, &all, `SELECT count(*) FROM (`+combinations+`) c`)
	s.read(t, &in, `SELECT count(*) FROM (`+combinations+`) c WHERE `+constraint)
	stages := stageOf(statedStages(t))
	s.read(t, &several, `SELECT count(*) FROM (`+combinations+`) c WHERE cardinality(`+stages+`) > 1`)
	s.read(t, &differ, `SELECT count(*) FROM (`+combinations+`) c WHERE (cardinality(`+stages+`) = 1) IS DISTINCT FROM (`+constraint+`)`)
	require.Greater(t, all, 5*in, "it refuses most")
	require.Positive(t, in)
	require.Zero(t, several, "a row is in one stage")
	require.Zero(t, differ, "the schema and STATES.md say the same")
}

// read reads one value.
func (s stage) read(t *testing.T, into any, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.QueryRow(query, args...).Scan(into))
}

// staged is a row in a stage: SQL for those columns that are not NULL.
type staged struct {
	status, attempts, begun, run, dispatch, next, slot, finished, reason string
}

const (
	past   = `now() - interval '1 second'`
	future = `now() + interval '1 minute'`
	never  = `'infinity'`
)

// stagedRows are rows in every stage, several where the columns can differ.
var stagedRows = []staged{
	{status: "pending", dispatch: past},                                                                             // fresh
	{status: "pending", dispatch: never},                                                                            // queued
	{status: "retrying", attempts: "2", run: "'r'", dispatch: never},                                                // queued
	{status: "retrying", attempts: "2", run: "'r'", dispatch: never, next: past},                                    // queued, was put off
	{status: "pending", dispatch: past, slot: never},                                                                // slotted
	{status: "retrying", attempts: "2", run: "'r'", dispatch: past, slot: never},                                    // slotted
	{status: "pending", attempts: "1", begun: past, dispatch: past},                                                 // under_way, begun by a claim
	{status: "pending", attempts: "1", run: "'r'", dispatch: past},                                                  // under_way, begun by its workflow
	{status: "retrying", attempts: "3", run: "'r'", dispatch: past, slot: future},                                   // under_way, with a slot
	{status: "retrying", attempts: "2", run: "'r'", dispatch: past, next: past},                                     // waiting
	{status: "held", reason: "'webhook_disabled'"},                                                                  // held
	{status: "held", attempts: "1", begun: past, slot: future, reason: "'webhook_disabled'"},                        // held while under way
	{status: "held", attempts: "2", run: "'r'", reason: "'webhook_disabled'"},                                       // held
	{status: "succeeded", attempts: "1", begun: past, dispatch: past, finished: past},                               // unnoted
	{status: "failed", attempts: "1", begun: past, dispatch: past, finished: past, reason: "'gone'"},                // unnoted
	{status: "succeeded", attempts: "1", begun: past, run: "'r'", finished: past},                                   // finished
	{status: "failed", attempts: "5", run: "'r'", finished: past, reason: "'exhausted'"},                            // finished
	{status: "cancelled", attempts: "1", begun: past, slot: future, finished: past, reason: "'cancelled_by_owner'"}, // finished while under way
}

// stages gives the stage of each delivery.
func (s stage) stages(t *testing.T, stages string) map[string]string {
	t.Helper()
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.Query(`SELECT id, array_to_string(` + stages + `, '+') FROM deliveries`)
	require.NoError(t, err)
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var id, in string
		require.NoError(t, rows.Scan(&id, &in))
		out[id] = in
	}
	require.NoError(t, rows.Err())
	return out
}

// lineUp stores each of stagedRows as a delivery of its own webhook, which is
// set up by SQL, and gives their ids. It removes what was there.
func (s stage) lineUp(t *testing.T, setUp string) (ids []string) {
	t.Helper()
	statements := []string{`TRUNCATE deliveries, attempts, events, withdrawals, redeliveries, lanes CASCADE`}
	for i, r := range stagedRows {
		w := s.webhook(t)
		id := fmt.Sprintf("dlv_%02d%s", i, strings.TrimPrefix(w.ID, "wh_"))
		columns := strings.Join([]string{
			"'" + id + "', 'e" + id + "', '" + w.ID + "', 'TODO_CREATED', 'p1', 'c1', '" + r.status + "'", cmp.Or(r.attempts, "0"), cmp.Or(r.begun, "NULL"), cmp.Or(r.run, "NULL"),
			cmp.Or(r.dispatch, "NULL"), cmp.Or(r.next, "NULL"), cmp.Or(r.slot, "NULL"), cmp.Or(r.finished, "NULL"), cmp.Or(r.reason, "NULL"),
		}, ", ")
		statements = append(statements,
			`INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint) VALUES ('e`+id+`', 'TODO_CREATED', 'p1', 'c1', now(), '{}', '')`,
			`INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, attempts, begun_at, run_id, dispatch_at, next_attempt_at, slot_until, finished_at, reason)
			VALUES (`+columns+`)`)
		if setUp != "" {
			statements = append(statements, `UPDATE webhooks SET version = version + 1, `+setUp+` WHERE id = '`+w.ID+`'`)
		}
		ids = append(ids, id)
	}
	statements = append(statements, `
		INSERT INTO attempts (delivery_id, number, finished_at, outcome)
		SELECT id, attempts, coalesce(finished_at, next_attempt_at), CASE WHEN coalesce(finished_at, next_attempt_at) IS NOT NULL THEN 'failure' END
		FROM deliveries WHERE attempts > 0 AND (begun_at IS NULL OR finished_at IS NOT NULL)`)
	pgtest.Exec(t, s.url, strings.Join(statements, "; "))
	return ids
}

// Set-ups of webhooks.
const (
	withLimit  = `max_in_flight = 5`
	isFull     = `rate_limit_per_second = 1, paused_until = now() + interval '1 hour'`
	isOff      = `enabled = false, disabled_reason = 'owner'`
	isDrained  = `drain = 5, drain_until = now()`
	isDraining = `drain = 64, drain_until = now()`
	isDeleted  = `deleted_at = now()`
)

// walk is a way to make a transition: do is done for each delivery, doAll once.
type walk struct {
	transition, setUp string
	do                func(s stage, t *testing.T, p hook.Parcel)
	doAll             func(s stage, t *testing.T, ids []string)
}

// attemptEnds makes the end of the newest attempt, if there is one.
func attemptEnds(r hook.Result, pauses bool) func(stage, *testing.T, hook.Parcel) {
	return func(s stage, t *testing.T, p hook.Parcel) {
		if p.Delivery.Attempts == 0 {
			return
		}
		f := hook.Conclude(p.Delivery.ID, p.Delivery.Attempts, r, func() time.Duration { return time.Hour })
		if pauses {
			f = p.Conclude(p.Delivery.Attempts, r, nil)
		}
		f.WebhookID, f.HadSlot = p.Webhook.ID, true
		require.NoError(t, s.Finish(context.Background(), f))
	}
}

func settles(status hook.DeliveryStatus, reason hook.Reason) func(stage, *testing.T, hook.Parcel) {
	return func(s stage, t *testing.T, p hook.Parcel) {
		require.NoError(t, s.Settle(context.Background(), p, status, reason))
	}
}

func takes(s stage, t *testing.T, _ []string) {
	_, err := s.Take(context.Background(), hook.Take{Limit: 100, Timeout: time.Second, Margin: time.Second, Lease: lease})
	require.NoError(t, err)
}

func releases(s stage, t *testing.T, _ []string) { s.released(t) }

func withdraws(s stage, t *testing.T, _ []string) {
	_, err := s.WithdrawUnowned(context.Background())
	require.NoError(t, err)
	s.steps(t)
}

// mayRefuse passes over what the API answers where a delivery is in another state.
func mayRefuse(t *testing.T, err error) {
	if err != nil {
		require.Equal(t, hook.CodeConflict, hook.CodeOf(err), err)
	}
}

var ctxOfWalks = context.Background()

// walks are all transitions, each by the call that makes it.
var walks = []walk{
	{transition: "take", doAll: takes},
	{transition: "take", setUp: withLimit, doAll: takes},
	{transition: "fail unsent", setUp: `secret = 'x' || secret`, doAll: takes},
	{transition: "take queued", doAll: func(s stage, t *testing.T, _ []string) { s.takenQueued(t) }},
	{transition: "take drained", setUp: isDraining, doAll: func(s stage, t *testing.T, _ []string) { s.takenDrained(t) }},
	{transition: "give back", doAll: func(s stage, t *testing.T, ids []string) { require.NoError(t, s.GiveBack(ctxOfWalks, ids)) }},
	{transition: "claim", doAll: func(s stage, t *testing.T, _ []string) {
		_, err := s.Store.Claim(ctxOfWalks, 100, lease)
		require.NoError(t, err)
	}},
	{transition: "unclaim", doAll: func(s stage, t *testing.T, ids []string) { require.NoError(t, s.Unclaim(ctxOfWalks, ids)) }},
	{transition: "note workflow", do: func(s stage, t *testing.T, p hook.Parcel) {
		require.NoError(t, s.Carried(ctxOfWalks, []hook.Carried{{DeliveryID: p.Delivery.ID, Generation: p.Delivery.Generation, RunID: "other"}}))
	}},
	{transition: "regenerate", do: func(s stage, t *testing.T, p hook.Parcel) {
		s.regenerates(t, p.Delivery.ID, p.Delivery.Generation)
	}},
	{transition: "release", setUp: withLimit, doAll: releases},
	{transition: "release", setUp: isDrained, doAll: releases},
	{transition: "take slot", setUp: withLimit, do: takesSlot},
	{transition: "take slot", setUp: isFull, do: takesSlot},
	{transition: "pace", setUp: isFull, do: func(s stage, t *testing.T, p hook.Parcel) {
		_, queued, err := s.Pace(ctxOfWalks, p)
		require.NoError(t, err)
		require.True(t, queued)
	}},
	{transition: "put back", do: func(s stage, t *testing.T, p hook.Parcel) { require.NoError(t, s.PutBack(ctxOfWalks, p)) }},
	{transition: "begin", do: begins},
	{transition: "begin", setUp: withLimit, do: begins},
	{transition: "undo", do: func(s stage, t *testing.T, p hook.Parcel) {
		if p.Delivery.Attempts > 0 {
			require.NoError(t, s.Undo(ctxOfWalks, p.Delivery, p.Delivery.Attempts, time.Minute))
		}
	}},
	{transition: "fail", do: attemptEnds(failure(), false)},
	{transition: "fail", do: attemptEnds(gone(), false)},
	{transition: "fail", do: attemptEnds(hook.Result{Outcome: hook.Failure, Reason: hook.ReasonStatus4xx, StatusCode: 429, RetryAfter: time.Minute}, true)},
	{transition: "succeed", do: attemptEnds(success(), false)},
	{transition: "settle", do: settles(hook.Cancelled, hook.ReasonProjectDeleted)},
	{transition: "settle", do: settles(hook.Failed, hook.ReasonExhausted)},
	{transition: "settle", setUp: isOff, do: settles(hook.Held, hook.ReasonWebhookDisabled)},
	{transition: "cancel", do: func(s stage, t *testing.T, p hook.Parcel) {
		_, err := s.Cancel(ctxOfWalks, p.Delivery.ID)
		mayRefuse(t, err)
	}},
	{transition: "withdraw", setUp: isOff, doAll: withdraws},
	{transition: "withdraw", setUp: isDeleted, doAll: withdraws},
	{transition: "cancel many", do: func(s stage, t *testing.T, p hook.Parcel) {
		_, err := s.CreateCancellation(ctxOfWalks, cancelling(p.Webhook.ID))
		require.NoError(t, err)
	}},
	{transition: "expire", setUp: `max_age = 60`, doAll: func(s stage, t *testing.T, _ []string) {
		pgtest.Exec(t, s.url, `UPDATE deliveries SET created_at = now() - interval '1 hour'`)
		_, _, err := s.Expire(ctxOfWalks)
		require.NoError(t, err)
	}},
	{transition: "erase", doAll: func(s stage, t *testing.T, ids []string) {
		for _, id := range ids {
			require.NoError(t, s.ExpungeEvent(ctxOfWalks, "e"+id))
		}
		s.erases(t)
	}},
	{transition: "retry now", do: retriesNow},
	{transition: "retry now", setUp: withLimit, do: retriesNow},
	{transition: "redeliver", do: redelivers},
	{transition: "redeliver", setUp: withLimit, do: redelivers},
	{transition: "redeliver", setUp: isOff, do: redelivers},
	{transition: "pick held", do: func(s stage, t *testing.T, p hook.Parcel) {
		q := query(p.Webhook.ID, time.Now().Add(-time.Hour))
		q.Statuses = []hook.DeliveryStatus{hook.Held}
		r := s.redelivery(t, q)
		s.step(t, r.ID)
	}},
	{transition: "retention", doAll: func(s stage, t *testing.T, ids []string) {
		for _, id := range ids {
			s.ages(t, 100, "e"+id)
		}
		s.retain(t, 100)
	}},
	{transition: "ingest", doAll: func(s stage, t *testing.T, _ []string) {
		everything := hook.Rule{Events: []string{"*"}}
		p := s.beginner(2)
		s.webhook(t, everything)
		s.post(t, event("i1", "TODO_CREATED", "p1"))
		p.room = hook.Take{}
		s.limited(t, 1, 0)
		w := s.webhook(t, everything)
		s.off(t, w.ID)
		s.post(t, event("i2", "TODO_CREATED", "p1"))
	}},
}

func takesSlot(s stage, t *testing.T, p hook.Parcel) {
	_, err := s.TakeSlot(ctxOfWalks, p)
	require.NoError(t, err)
}

func begins(s stage, t *testing.T, p hook.Parcel) {
	_, err := s.Begin(ctxOfWalks, p, "other", time.Minute)
	require.NoError(t, err)
}

func retriesNow(s stage, t *testing.T, p hook.Parcel) {
	_, err := s.RetryNow(ctxOfWalks, p.Delivery.ID)
	mayRefuse(t, err)
}

func redelivers(s stage, t *testing.T, p hook.Parcel) {
	_, err := s.Redeliver(ctxOfWalks, p.Delivery.ID)
	mayRefuse(t, err)
}

// walked makes one walk and adds to pairs which stages led to which.
func (w walk) walked(t *testing.T, s stage, stages string, pairs map[string]map[string]bool) {
	ids := s.lineUp(t, w.setUp)
	before := s.stages(t, stages)
	for _, id := range ids {
		if w.do != nil {
			p, err := s.Parcel(ctxOfWalks, id)
			require.NoError(t, err)
			w.do(s, t, p)
		}
	}
	if w.doAll != nil {
		w.doAll(s, t, ids)
	}
	after := s.stages(t, stages)
	for id := range after {
		before[id] = cmp.Or(before[id], "none")
	}
	for id, from := range before {
		to := cmp.Or(after[id], "none")
		require.NotContains(t, to, "+")
		if from != to {
			if pairs[from] == nil {
				pairs[from] = map[string]bool{}
			}
			pairs[from][to] = true
		}
	}
}

func TestStates_EachTransitionGoesWhereThePageSays(t *testing.T) {
	stages := stageOf(statedStages(t))
	stated := map[string][]string{}
	for _, m := range transitionLine.FindAllStringSubmatch(statesPage(t), -1) {
		stated[m[1]] = append(stated[m[1]], m[2]+" -> "+m[3])
	}
	s := newStage(t)
	found := map[string]map[string]map[string]bool{}
	for _, w := range walks {
		if found[w.transition] == nil {
			found[w.transition] = map[string]map[string]bool{}
		}
		w.walked(t, s, stages, found[w.transition])
	}
	made := map[string][]string{}
	for transition, pairs := range found {
		for from, to := range pairs {
			made[transition] = append(made[transition], from+" -> "+strings.Join(slices.Sorted(maps.Keys(to)), ", "))
		}
		slices.Sort(made[transition]) // none where it only moves dispatch_at
	}
	for transition := range stated {
		slices.Sort(stated[transition])
	}
	require.Equal(t, stated, made)
}
