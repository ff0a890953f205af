package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/id"
)

// acceptEvents inserts the events whose project and type exist, that were
// checked against the schema that the type has, and that are not there yet; and
// it finds the rules that cover each of them. It is the one look-up of the
// matching: per event it reads the keys of its project, of its company and of
// each member, for the patterns that cover its type. A rule that has a
// condition comes back by its id; of all others of a webhook one entry tells that
// it matches. Each event comes back once, with what covers it in three arrays:
// webhooks, rules (0 = no condition) and parts.
//
// A deleted webhook has no keys, so it need not be looked for here.
//
// OFFSET 0 keeps the look-up of each key a single one. The plan is kept, and one
// that was made while the tables were small would not stay so.
const acceptEvents = `
WITH input AS (
	SELECT id, type, project_id, actor_id, occurred_at, previous, current, fingerprint, schema_version, n
	FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bigint[])
		WITH ORDINALITY AS i(id, type, project_id, actor_id, occurred_at, previous, current, fingerprint, schema_version, n)
), accepted AS (
	INSERT INTO events (id, type, project_id, company_id, actor_id, occurred_at, previous, current, fingerprint)
	SELECT i.id, i.type, i.project_id, p.company_id, i.actor_id, i.occurred_at, i.previous, i.current, i.fingerprint
	FROM input i JOIN projects p ON p.id = i.project_id JOIN event_types t ON t.name = i.type AND t.schema_version = i.schema_version
	ORDER BY i.id, i.n -- one order for all, so that overlapping batches don't deadlock
	ON CONFLICT (id) DO NOTHING
	RETURNING id, type, project_id, company_id, occurred_at
)
SELECT a.id AS event_id, a.company_id, a.occurred_at, m.webhooks, m.rules, m.parts
FROM accepted a
CROSS JOIN LATERAL (
	SELECT array_agg(webhook_id) AS webhooks, array_agg(rule_id) AS rules, array_agg(part) AS parts FROM (
		SELECT DISTINCT k.webhook_id,
			CASE WHEN k.conditional THEN k.rule_id ELSE 0 END AS rule_id, CASE WHEN k.conditional THEN k.part ELSE 0 END AS part
		FROM (
			SELECT 'project:' || a.project_id AS scope
			UNION ALL SELECT 'company:' || a.company_id
			UNION ALL SELECT 'member:' || o.user_id FROM members o WHERE o.project_id = a.project_id
		) s
		CROSS JOIN (
			SELECT a.type AS pattern
			UNION ALL SELECT u.pattern FROM generate_series(0, length(a.type)) n
			CROSS JOIN LATERAL (SELECT x.pattern FROM rule_prefixes x WHERE x.pattern = left(a.type, n) || '*' OFFSET 0) u
		) p
		CROSS JOIN LATERAL (
			SELECT k.webhook_id, k.rule_id, k.part, k.conditional FROM rule_keys k WHERE k.scope = s.scope AND k.pattern = p.pattern OFFSET 0
		) k
	) one_each
) m`

// insertDeliveries writes the outbox, for those webhooks whose owner is a
// member of the event's project: what matched an enabled webhook is pending and
// due at once, or queued where the webhook has limits; what matched a disabled
// one is held. Each keeps how many deliveries its event got (siblings), so that
// one that vanishes is missed.
//
// Each webhook is looked up by its id and nothing else, behind OFFSET 0: a
// condition on deleted_at there makes a plan of the time when the table was small
// go through an index that leads with another column.
const insertDeliveries = insertForWebhooks + ` w.deleted_at IS NULL
	AND EXISTS (SELECT FROM members o WHERE o.project_id = d.project_id AND o.user_id = w.owner_id OFFSET 0)
RETURNING event_id`

const insertForWebhooks = `
INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, siblings, status, reason, dispatch_at)
SELECT d.id, d.event_id, d.webhook_id, d.type, d.project_id, d.company_id, count(*) OVER (PARTITION BY d.event_id),
	CASE WHEN w.enabled THEN 'pending' ELSE 'held' END,
	CASE WHEN w.enabled THEN NULL ELSE 'webhook_disabled' END,
	CASE WHEN w.enabled THEN CASE WHEN w.limited THEN timestamptz 'infinity' ELSE now() END END
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS d(id, event_id, webhook_id, type, project_id, company_id)
CROSS JOIN LATERAL (
	SELECT w.enabled, ` + limited + ` AS limited, w.deleted_at, w.owner_id
	FROM webhooks w WHERE w.id = d.webhook_id OFFSET 0
) w
WHERE`

type candidateRow struct {
	EventID    string         `db:"event_id"`
	CompanyID  string         `db:"company_id"`
	OccurredAt time.Time      `db:"occurred_at"`
	Webhooks   pq.StringArray `db:"webhooks"`
	Rules      pq.Int64Array  `db:"rules"`
	Parts      pq.Int64Array  `db:"parts"`
}

// Ingest accepts events: each new one is stored together with one delivery per
// matching webhook, in one transaction. schemas holds for each event the
// version of its type's schema that it was checked against, and judge decides
// where a rule has a condition. The answers come in the order of the events.
//
// An event whose id was accepted before, with the same content, is a duplicate
// and delivers nothing again; with other content it is CodeConflict; an unknown
// project or type is CodeInvalid; one that was checked against another schema
// is SchemaChanged. None of them touches the other events.
func (s *Store) Ingest(ctx context.Context, events []hook.Event, schemas []int64, judge hook.Judge) ([]hook.Accepted, error) {
	accept, err := s.prepared(ctx, acceptEvents)
	if err != nil {
		return nil, classify("prepare the ingest", err)
	}
	if err := s.prepareAll(ctx, "deliver", insertDeliveries); err != nil {
		return nil, err
	}
	columns := append(eventColumns(events), pq.Array(schemas))
	var accepted map[string]*hook.Accepted
	err = s.inTx(ctx, "ingest", func(tx *sqlx.Tx) error {
		accepted = make(map[string]*hook.Accepted, len(events))
		var found []candidateRow
		if err := tx.StmtxContext(ctx, accept).SelectContext(ctx, &found, columns...); err != nil {
			return err
		}
		choice, err := judge(ctx, candidates(events, found, accepted), func(ids []int64) ([]hook.StoredRule, error) {
			return storedRules(ctx, tx, `SELECT `+ruleColumns+` FROM rules WHERE id = ANY($1)`, pq.Array(ids))
		})
		if err != nil {
			return err
		}
		if err := s.happened(ctx, tx, choice.Happenings, accepted); err != nil {
			return err
		}
		delivered, err := s.deliver(ctx, tx, choice.Matches)
		for _, eventID := range delivered {
			accepted[eventID].Matched++
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.answers(ctx, events, schemas, accepted)
}

// candidates turns rows into candidates, in the order of the events and then of
// the rules, and notes each accepted event.
func candidates(events []hook.Event, found []candidateRow, accepted map[string]*hook.Accepted) []hook.Candidate {
	at := make(map[string]int, len(events))
	for i, e := range slices.Backward(events) { // of the same id twice the first was accepted
		at[e.ID] = i
	}
	slices.SortFunc(found, func(a, b candidateRow) int { return cmp.Compare(at[a.EventID], at[b.EventID]) })
	var out []hook.Candidate
	for _, r := range found {
		accepted[r.EventID] = &hook.Accepted{}
		e := events[at[r.EventID]]
		e.CompanyID, e.OccurredAt = r.CompanyID, r.OccurredAt.UTC()
		first := len(out)
		for i := range r.Webhooks {
			out = append(out, hook.Candidate{Event: &e, WebhookID: r.Webhooks[i], RuleID: r.Rules[i], Part: int(r.Parts[i])})
		}
		slices.SortFunc(out[first:], func(a, b hook.Candidate) int {
			if a.RuleID != b.RuleID {
				return cmp.Compare(a.RuleID, b.RuleID)
			}
			return cmp.Or(cmp.Compare(a.Part, b.Part), cmp.Compare(a.WebhookID, b.WebhookID))
		})
	}
	return out
}

// deliver writes the deliveries of what matched. It gives the id of the event
// of each.
func (s *Store) deliver(ctx context.Context, tx *sqlx.Tx, matches []hook.Candidate) (delivered []string, err error) {
	if len(matches) == 0 {
		return nil, nil
	}
	insert, err := s.prepared(ctx, insertDeliveries)
	if err != nil {
		return nil, err
	}
	err = tx.StmtxContext(ctx, insert).SelectContext(ctx, &delivered, deliveryColumns(matches)...)
	return delivered, err
}

// deliveryColumns gives what matched one array per column, with new ids.
func deliveryColumns(matches []hook.Candidate) []any {
	columns := make([][]string, 6)
	for _, m := range matches {
		for i, value := range []string{id.New(id.Delivery), m.Event.ID, m.WebhookID, m.Event.Type, m.Event.ProjectID, m.Event.CompanyID} {
			columns[i] = append(columns[i], value)
		}
	}
	args := make([]any, len(columns))
	for i := range columns {
		args[i] = pq.Array(columns[i])
	}
	return args
}

// eventColumns turns events into one array per column.
func eventColumns(events []hook.Event) []any {
	n := len(events)
	ids, types, projects := make([]string, n), make([]string, n), make([]string, n)
	actors, occurred := make([]*string, n), make([]string, n)
	previous, current, fingerprints := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	for i, e := range events {
		ids[i], types[i], projects[i] = e.ID, e.Type, e.ProjectID
		if e.ActorID != "" {
			actors[i] = &events[i].ActorID
		}
		occurred[i] = occurredAt(e).Format(time.RFC3339Nano)
		previous[i], current[i], fingerprints[i] = e.Previous, e.Current, fingerprint(e)
	}
	return []any{
		pq.Array(ids), pq.Array(types), pq.Array(projects), pq.Array(actors), pq.Array(occurred),
		pq.ByteaArray(previous), pq.ByteaArray(current), pq.ByteaArray(fingerprints),
	}
}

// occurredAt is when the producer says that it happened, else now.
func occurredAt(e hook.Event) time.Time {
	if e.OccurredAt.IsZero() {
		return time.Now()
	}
	return e.OccurredAt
}

// fingerprint tells whether the same id comes with the same content. Every
// part is preceded by its length, so that no two events share one.
func fingerprint(e hook.Event) []byte {
	h := sha256.New()
	var occurred string
	if !e.OccurredAt.IsZero() {
		occurred = e.OccurredAt.UTC().Format(time.RFC3339Nano)
	}
	for _, part := range [][]byte{[]byte(e.Type), []byte(e.ProjectID), []byte(e.ActorID), []byte(occurred), e.Previous, e.Current} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write(part)
	}
	return h.Sum(nil)
}

// answers puts the outcome of each event together; those that were not
// accepted now are looked up.
func (s *Store) answers(ctx context.Context, events []hook.Event, schemas []int64, accepted map[string]*hook.Accepted) ([]hook.Accepted, error) {
	out := make([]hook.Accepted, len(events))
	var rest []int // positions of events that were not accepted now
	for i, e := range events {
		a, ok := accepted[e.ID]
		if !ok {
			rest = append(rest, i)
			continue
		}
		out[i] = *a
		delete(accepted, e.ID) // the same id once more in this batch is a duplicate
	}
	if len(rest) == 0 {
		return out, nil
	}
	return out, s.explainRefused(ctx, events, schemas, rest, out)
}
