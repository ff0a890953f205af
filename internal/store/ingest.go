package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/id"
)

// acceptEvents inserts the events whose project and type exist and that are
// not there yet, and finds the webhooks that each of them matches. It is the
// one look-up of the matching: per event it reads the keys of its project, of
// its company and of each member, for the patterns that cover its type.
// An event that matches nothing comes back once, without a webhook.
//
// A deleted webhook has no keys, so it need not be looked for here.
//
// OFFSET 0 keeps the order of the look-ups as it is written: keys first, then
// each webhook by its id, then its owner's membership. The plan is kept, and one
// that was made while the tables were small would start from all webhooks of
// the members, which is no longer small with 100,000 of them.
const acceptEvents = `
WITH input AS (
	SELECT id, type, project_id, actor_id, occurred_at, previous, current, fingerprint, n
	FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bytea[], $7::bytea[], $8::bytea[])
		WITH ORDINALITY AS i(id, type, project_id, actor_id, occurred_at, previous, current, fingerprint, n)
), accepted AS (
	INSERT INTO events (id, type, project_id, company_id, actor_id, occurred_at, previous, current, fingerprint)
	SELECT i.id, i.type, i.project_id, p.company_id, i.actor_id, i.occurred_at, i.previous, i.current, i.fingerprint
	FROM input i JOIN projects p ON p.id = i.project_id JOIN event_types t ON t.name = i.type
	ORDER BY i.id, i.n -- one order for all, so that overlapping batches don't deadlock
	ON CONFLICT (id) DO NOTHING
	RETURNING id, type, project_id, company_id
)
SELECT a.id AS event_id, a.type AS event_type, a.project_id, a.company_id, m.webhook_id, m.enabled
FROM accepted a
LEFT JOIN LATERAL (
	SELECT w.id AS webhook_id, w.enabled
	FROM (
		SELECT DISTINCT k.webhook_id -- one delivery per webhook, however many of its rules match
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
			SELECT k.webhook_id FROM rule_keys k WHERE k.scope = s.scope AND k.pattern = p.pattern OFFSET 0
		) k
	) key
	CROSS JOIN LATERAL (
		SELECT w.id, w.enabled FROM webhooks w
		WHERE w.id = key.webhook_id
			AND EXISTS (SELECT FROM members o WHERE o.project_id = a.project_id AND o.user_id = w.owner_id OFFSET 0)
		OFFSET 0
	) w
) m ON true
ORDER BY a.id, m.webhook_id`

// insertDeliveries writes the outbox: what matched an enabled webhook is
// pending and due at once, what matched a disabled one is held.
const insertDeliveries = `
INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, reason, dispatch_at)
SELECT id, event_id, webhook_id, event_type, project_id, company_id,
	CASE WHEN enabled THEN 'pending' ELSE 'held' END,
	CASE WHEN enabled THEN NULL ELSE 'webhook_disabled' END,
	CASE WHEN enabled THEN now() END
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bool[])
	AS d(id, event_id, webhook_id, event_type, project_id, company_id, enabled)`

type match struct {
	EventID   string  `db:"event_id"`
	EventType string  `db:"event_type"`
	ProjectID string  `db:"project_id"`
	CompanyID string  `db:"company_id"`
	WebhookID *string `db:"webhook_id"`
	Enabled   *bool   `db:"enabled"`
}

// Ingest accepts events: each new one is stored together with one delivery per
// matching webhook, in one transaction. The answers come in the order of the
// events. An event whose id was accepted before, with the same content, is a
// duplicate and delivers nothing again; with other content it is CodeConflict;
// an unknown project or type is CodeInvalid. Neither touches the other events.
func (s *Store) Ingest(ctx context.Context, events []hook.Event) ([]hook.Accepted, error) {
	accept, err := s.prepared(ctx, acceptEvents)
	if err != nil {
		return nil, classify("prepare the ingest", err)
	}
	insert, err := s.prepared(ctx, insertDeliveries)
	if err != nil {
		return nil, classify("prepare the ingest", err)
	}
	var matches []match
	err = s.inTx(ctx, "ingest", func(tx *sqlx.Tx) error {
		matches = nil
		if err := tx.StmtxContext(ctx, accept).SelectContext(ctx, &matches, eventColumns(events)...); err != nil {
			return err
		}
		columns := deliveryColumns(matches)
		if columns == nil {
			return nil
		}
		_, err := tx.StmtxContext(ctx, insert).ExecContext(ctx, columns...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.answers(ctx, events, matches)
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

// deliveryColumns turns matches into one array per column; nil when nothing matched.
func deliveryColumns(matches []match) []any {
	var ids, events, webhooks, types, projects, companies []string
	var enabled []bool
	for _, m := range matches {
		if m.WebhookID == nil {
			continue
		}
		ids, events, webhooks = append(ids, id.New(id.Delivery)), append(events, m.EventID), append(webhooks, *m.WebhookID)
		types, projects, companies = append(types, m.EventType), append(projects, m.ProjectID), append(companies, m.CompanyID)
		enabled = append(enabled, *m.Enabled)
	}
	if ids == nil {
		return nil
	}
	return []any{
		pq.Array(ids), pq.Array(events), pq.Array(webhooks), pq.Array(types), pq.Array(projects), pq.Array(companies), pq.Array(enabled),
	}
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
func (s *Store) answers(ctx context.Context, events []hook.Event, matches []match) ([]hook.Accepted, error) {
	matched := make(map[string]int, len(events))
	for _, m := range matches {
		if _, seen := matched[m.EventID]; !seen {
			matched[m.EventID] = 0
		}
		if m.WebhookID != nil {
			matched[m.EventID]++
		}
	}
	out := make([]hook.Accepted, len(events))
	var rest []int // positions of events that were not accepted now
	for i, e := range events {
		n, accepted := matched[e.ID]
		if !accepted {
			rest = append(rest, i)
			continue
		}
		out[i] = hook.Accepted{Matched: n}
		delete(matched, e.ID) // the same id once more in this batch is a duplicate
	}
	if len(rest) == 0 {
		return out, nil
	}
	return out, s.explainRefused(ctx, events, rest, out)
}
