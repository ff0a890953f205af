package intake

import (
	"strconv"

	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/ledger"
)

// An ingest is one statement: it looks up what its events match, inserts them
// and their deliveries. Several requests may share it. Where a condition has to
// decide, it inserts nothing of the request and gives the candidates instead;
// what they come to is then inserted by a second statement (acceptJudged).
//
// The planner takes every list in it for one row, and so joins by nested loops:
// a list of deliveries must not be joined to one of events.
var AcceptEvents = offeredEvents + lookUpSpots + deferred + accepting + addressedBySpot + delivering + acceptedRows + askedRows + deferredRows

// DeliveriesAtOnce bounds the deliveries that one statement inserts, about 80 ms of
// work: what others wait for behind it. An event has all of its deliveries from one
// statement, so the last one may go beyond.
const DeliveriesAtOnce = 2000

// acceptJudged accepts events with the webhooks $19 for the events $18.
const acceptJudged = offeredEvents + judged + accepting + addressedByEvent + delivering + acceptedRows

// acceptUndecided is acceptJudged where something is left to be judged later.
const acceptUndecided = offeredEvents + judged + accepting + addressedByEvent + delivering + deferring + acceptedRows

// offeredEvents are those whose project and type exist, and that were checked
// against the schema that the type has. A spot is a project and a type.
const offeredEvents = `
WITH input AS MATERIALIZED (
	SELECT o.*, nextval('event_sequence') AS sequence FROM (SELECT u.* FROM (
	SELECT DISTINCT ON (i.id) i.id, i.type, i.project_id, p.name AS project_name, p.company_id, c.name AS company_name,
		nullif(i.actor_id, '') AS actor_id, i.occurred_at, i.previous, i.current, i.fingerprint, i.request, i.spot, nullif(i.traceparent, '') AS traceparent, i.n
	FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bigint[], $10::int[], $11::int[], $17::text[])
		WITH ORDINALITY AS i(id, type, project_id, actor_id, occurred_at, previous, current, fingerprint, schema_version, request, spot, traceparent, n)
	CROSS JOIN LATERAL (SELECT p.name, p.company_id FROM projects p WHERE p.id = i.project_id OFFSET 0) p
	LEFT JOIN LATERAL (SELECT c.name FROM companies c WHERE c.id = p.company_id OFFSET 0) c ON true
	CROSS JOIN LATERAL (SELECT t.schema_version FROM event_types t WHERE t.name = i.type OFFSET 0) t
	WHERE t.schema_version = i.schema_version
	ORDER BY i.id, i.n
	) u ORDER BY u.n) o
), `

// lookUpSpots finds the rules that cover each spot. It is the one look-up of the
// matching: it reads the keys of the project, of its company and of each member,
// for the patterns that cover the type. A rule that has a condition comes back by
// its id; of all others of a webhook one entry tells that it matches. A rule that
// leaves the type out has a key without a webhook among those that are found.
//
// A deleted webhook has no keys, so it need not be looked for here.
//
// OFFSET 0 keeps the look-up of each key a single one. The plan is kept, and one
// that was made while the tables were small would not stay so.
const lookUpSpots = `spots AS MATERIALIZED (
	SELECT a.spot, a.project_id, a.type, m.webhooks, m.rules, m.parts
	FROM (SELECT DISTINCT spot, project_id, company_id, type FROM input) a
	CROSS JOIN LATERAL (
		SELECT array_agg(webhook_id) AS webhooks, array_agg(rule_id) AS rules, array_agg(part) AS parts FROM (
			SELECT DISTINCT min(k.webhook_id) AS webhook_id,
				CASE WHEN k.conditional THEN k.rule_id ELSE 0 END AS rule_id, CASE WHEN k.conditional THEN k.part ELSE 0 END AS part
			FROM (
				SELECT 'project:' || a.project_id AS scope
				UNION ALL SELECT 'company:' || a.company_id
				UNION ALL SELECT 'member:' || o.user_id FROM members o WHERE o.project_id = a.project_id
			) s
			CROSS JOIN (
				SELECT a.type AS pattern
				UNION ALL SELECT u.pattern FROM generate_series(0, length(a.type)) n
				CROSS JOIN LATERAL (
					SELECT x.pattern FROM rule_prefixes x WHERE x.pattern = ANY(ARRAY[left(a.type, n) || '*', '*' || right(a.type, n)]) OFFSET 0
				) u
			) p
			CROSS JOIN LATERAL (
				SELECT k.webhook_id, k.rule_id, k.part, k.conditional FROM rule_keys k WHERE k.scope = s.scope AND k.pattern = p.pattern OFFSET 0
			) k
			GROUP BY k.rule_id, k.conditional, k.part HAVING min(k.webhook_id) <> ''
		) one_each
	) m
), asked AS MATERIALIZED (
	SELECT DISTINCT i.request FROM input i WHERE i.spot = ANY(ARRAY(SELECT s.spot FROM spots s WHERE 0 < ANY(s.rules)))
), `

// deferred are the events for which the statement has no room behind those before
// them: they are offered again.
var deferred = `deferred AS MATERIALIZED (
	SELECT c.n FROM (
		SELECT i.n, sum(CASE WHEN i.request <> ALL(ARRAY(SELECT a.request FROM asked a)) THEN cardinality(s.webhooks) END)
			OVER (ORDER BY i.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
		FROM input i JOIN spots s ON s.spot = i.spot
	) c WHERE c.before >= ` + strconv.Itoa(DeliveriesAtOnce) + `
), `

const deferredRows = `
UNION ALL
SELECT d.n - 1, false, -1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, now(), NULL, NULL, NULL, NULL FROM deferred d`

const judged = `deferred AS (
	SELECT NULL::bigint AS n WHERE false
), matches AS MATERIALIZED (
	SELECT m.event_id, array_agg(m.webhook_id) AS webhooks FROM unnest($18::text[], $19::text[]) AS m(event_id, webhook_id) GROUP BY m.event_id
), asked AS (
	SELECT NULL::int AS request WHERE false
), `

// accepting inserts the events of those requests that no condition is asked of,
// as far as there is room.
const accepting = `accepted AS (
	INSERT INTO events (id, type, project_id, company_id, actor_id, occurred_at, previous, current, fingerprint, sequence, project_name, company_name, traceparent)
	SELECT i.id, i.type, i.project_id, i.company_id, i.actor_id, i.occurred_at, i.previous, i.current, i.fingerprint, i.sequence, i.project_name, coalesce(i.company_name, ''), i.traceparent
	FROM input i WHERE i.request <> ALL(ARRAY(SELECT a.request FROM asked a)) AND i.n <> ALL(ARRAY(SELECT d.n FROM deferred d))
	ORDER BY i.id -- one order for all, so that overlapping batches don't deadlock
	ON CONFLICT (id) DO NOTHING
	RETURNING id, type, project_id, company_id
), `

const addressedBySpot = `addressed AS (
	SELECT a.id, a.type, a.project_id, a.company_id, u.webhook_id
	FROM accepted a JOIN spots s ON s.project_id = a.project_id AND s.type = a.type CROSS JOIN LATERAL unnest(s.webhooks) AS u(webhook_id)
), `

const addressedByEvent = `addressed AS (
	SELECT a.id, a.type, a.project_id, a.company_id, u.webhook_id
	FROM accepted a JOIN matches m ON m.event_id = a.id CROSS JOIN LATERAL unnest(m.webhooks) AS u(webhook_id)
), `

// delivering is ledger.InsertDeliveries for events that are being inserted. The ids
// are $12 with five digits behind it, which count them in the order of the
// events: what was held is released in the order of the ids. The digits are those
// of package id, the last one of three bits: they are enough for 2^23 deliveries.
//
// Some of them are inserted as take leaves what it begins; $13 is how many, in all and
// of one owner. $14 names webhooks and owners that have no room, whose deliveries are
// queued, owners of whom older ones are due, and who shares the room with whom. See
// hook.Take and inflight.Handover.
const delivering = `numbered AS (
	SELECT d.id, d.webhook_id, d.type, d.project_id, d.company_id, w.enabled, w.limited, w.version, w.timeout_seconds, w.blue_webhook, w.owner_id,
		row_number() OVER (ORDER BY array_position($1::text[], d.id), d.webhook_id) - 1 AS number,
		row_number() OVER (PARTITION BY w.owner_id ORDER BY array_position($1::text[], d.id), d.webhook_id) AS of_owner, (d.webhook_id = ANY($14::text[]) OR 'owner ' || w.owner_id = ANY($14::text[])) IS TRUE AS crowded,
		('behind ' || w.owner_id = ANY($14::text[])) IS TRUE AS behind,
		count(*) OVER (PARTITION BY d.id) AS siblings
	FROM addressed d
	CROSS JOIN LATERAL (` + ledger.Addressee + `) w
	WHERE w.deleted_at IS NULL AND ` + ledger.OwnerIsMember + `
), named AS MATERIALIZED (
	SELECT n.*, $12::text || ` + IDDigits + ` AS delivery_id,
		n.enabled AND NOT n.limited AND NOT n.crowded AND n.number < ($13::int[])[1] AND n.of_owner <= ($13::int[])[2] AND NOT n.behind AS begun,
		n.enabled AND (n.crowded OR n.of_owner > ($13::int[])[2] AND NOT n.behind AND 'shared' = ANY($14::text[]) AND ('sole ' || n.owner_id = ANY($14::text[])) IS NOT TRUE) AS queued
	FROM numbered n
), delivered AS (
	INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, siblings, blue_webhook, status, reason, attempts, begun_at, dispatch_at)
	SELECT w.delivery_id, w.id, w.webhook_id, w.type, w.project_id, w.company_id, w.siblings, w.blue_webhook, ` + ledger.FirstState + `,
		w.begun::int, CASE WHEN w.begun THEN now() END,
		CASE WHEN w.begun THEN now() + make_interval(secs => coalesce(w.timeout_seconds, $15::float8) + $16::float8)
			WHEN w.queued THEN timestamptz 'infinity' ELSE ` + ledger.FirstDue + ` END
	FROM named w
)`

// IDDigits are the last five digits of the id of the delivery n.
const (
	digit    = `substr('0123456789abcdefghijklmnopqrstuv', (n.number >> `
	ofThem   = ` & 31)::int + 1, 1) || `
	IDDigits = digit + `18` + ofThem + digit + `13` + ofThem + digit + `8` + ofThem + digit + `3` + ofThem + `substr('048cgkos', (n.number & 7)::int + 1, 1)`
)

const acceptedRows = `
SELECT max(r.n) - 1 AS position, true AS accepted, count(r.delivery_id) AS matched,
	max(r.company_id) AS company_id, max(r.occurred_at) AS occurred_at, array_agg(r.webhook_id) FILTER (WHERE r.begun) AS webhooks, NULL::bigint[] AS rules, NULL::int[] AS parts,
	max(r.project_name) AS project_name, max(r.company_name) AS company_name, now() AS accepted_at, max(r.sequence) AS sequence,
	array_agg(r.delivery_id) FILTER (WHERE r.begun) AS begun, array_agg(r.version) FILTER (WHERE r.begun) AS versions,
	array_agg(coalesce(r.blue_webhook::text, '')) FILTER (WHERE r.begun) AS kept
FROM (
	SELECT i.id, i.n, false AS accepted, i.company_id, i.occurred_at, i.project_name, i.company_name, i.sequence,
		NULL AS delivery_id, NULL AS webhook_id, NULL::bigint AS version, NULL::json AS blue_webhook, false AS begun FROM input i
	UNION ALL SELECT a.id, 0, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false FROM accepted a
	UNION ALL SELECT w.id, 0, false, NULL, NULL, NULL, NULL, NULL, w.delivery_id, w.webhook_id, w.version, w.blue_webhook, w.begun FROM named w
) r GROUP BY r.id HAVING bool_or(r.accepted)`

// askedRows gives the events of the other requests, those apart that were
// accepted before, with what covers each: webhooks, rules (0 = no condition) and
// parts.
const askedRows = `
UNION ALL
SELECT i.n - 1, false, 0, i.company_id, i.occurred_at, s.webhooks, s.rules, s.parts, NULL, NULL, now(), NULL, NULL, NULL, NULL
FROM input i JOIN spots s ON s.spot = i.spot
WHERE i.request = ANY(ARRAY(SELECT a.request FROM asked a)) AND i.n <> ALL(ARRAY(SELECT d.n FROM deferred d)) AND NOT EXISTS (SELECT FROM events e WHERE e.id = i.id OFFSET 0)`

// deferring keeps what is yet to be judged of events that are being accepted: for
// the events $20 and the webhooks $21 the rules $22 and their parts $23.
const deferring = `, undecided AS MATERIALIZED (
	SELECT u.event_id, array_agg(u.webhook_id) AS webhooks, array_agg(u.rule_id) AS rules, array_agg(u.part) AS parts
	FROM unnest($20::text[], $21::text[], $22::bigint[], $23::int[]) AS u(event_id, webhook_id, rule_id, part) GROUP BY u.event_id
), kept_back AS (
	INSERT INTO judgements (event_id, webhook_id, owner_id, rules, parts)
	SELECT a.id, j.webhook_id, w.owner_id, j.rules, j.parts
	FROM accepted a JOIN undecided u ON u.event_id = a.id
	CROSS JOIN LATERAL (
		SELECT x.webhook_id, array_agg(x.rule_id) AS rules, array_agg(x.part) AS parts
		FROM unnest(u.webhooks, u.rules, u.parts) AS x(webhook_id, rule_id, part) GROUP BY x.webhook_id
	) j
	CROSS JOIN LATERAL (SELECT w.owner_id FROM webhooks w WHERE w.id = j.webhook_id AND w.deleted_at IS NULL AND w.owner_id IS NOT NULL OFFSET 0) w
)`

// deferredColumns are the parameters $20 to $23.
func deferredColumns(deferred []hook.Candidate) []any {
	events, webhooks := make([]string, len(deferred)), make([]string, len(deferred))
	rules, parts := make([]int64, len(deferred)), make([]int64, len(deferred))
	for i, c := range deferred {
		events[i], webhooks[i], rules[i], parts[i] = c.Event.ID, c.WebhookID, c.RuleID, int64(c.Part)
	}
	return []any{pq.Array(events), pq.Array(webhooks), pq.Array(rules), pq.Array(parts)}
}
