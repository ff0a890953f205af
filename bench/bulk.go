package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/lib/pq"
)

// bulk stores very many webhooks straight in the tables, in the same shape as the
// API does. None of them matches the events of the measured project, each for
// one of three reasons:
//
//   - another event type of the same project, owned by a member of it
//   - the same event types in another project
//   - the same event types in every project of an owner who is no member here
type bulk struct {
	db       *sql.DB
	project  string // where the measured events happen
	template string // id of a webhook to copy all other columns from
	stored   int
}

const (
	// bulkOwners own the webhooks; the first bulkMembers of them are members of
	// the measured project, as many as a larger team has.
	bulkOwners  = 2_000
	bulkMembers = 20
	// bulkChunk bounds one statement.
	bulkChunk = 25_000
)

// directory makes the owners, each with a project to be a member of.
func (l *bulk) directory(ctx context.Context) error {
	for _, statement := range []string{
		`INSERT INTO users (id, name, email) SELECT 'bulk-' || n, 'Bulk ' || n, n || '@example.com' FROM generate_series(0, $1 - 1) n`,
		`INSERT INTO companies (id, name) SELECT 'bulk-' || n, 'Bulk ' || n FROM generate_series(0, $1 / 20) n`,
		`INSERT INTO projects (id, company_id, name) SELECT 'bulk-' || n, 'bulk-' || n / 20, 'Bulk ' || n FROM generate_series(0, $1 - 1) n`,
		`INSERT INTO members (project_id, user_id) SELECT 'bulk-' || n, 'bulk-' || n FROM generate_series(0, $1 - 1) n`,
	} {
		if _, err := l.db.ExecContext(ctx, statement, bulkOwners); err != nil {
			return fmt.Errorf("make the owners of many webhooks: %w", err)
		}
	}
	_, err := l.db.ExecContext(ctx, `INSERT INTO members (project_id, user_id) SELECT $1, 'bulk-' || n FROM generate_series(0, $2 - 1) n`,
		l.project, bulkMembers)
	if err != nil {
		return fmt.Errorf("make members of the measured project: %w", err)
	}
	return nil
}

// fillTo stores webhooks until there are n; it says how long that took.
func (l *bulk) fillTo(ctx context.Context, n int) (time.Duration, error) {
	began := time.Now()
	none, one, ten := matchingTypes()
	used := pq.Array([]string{none, one, ten})
	for l.stored < n {
		to := min(l.stored+bulkChunk, n)
		_, err := l.db.ExecContext(ctx, insertBulk, l.stored, to-1, l.template, l.project, bulkMembers, bulkOwners, used)
		if err != nil {
			return 0, fmt.Errorf("store webhooks %d to %d: %w", l.stored, to-1, err)
		}
		l.stored = to
	}
	return time.Since(began), nil
}

// insertBulk stores webhooks $1 to $2. The type of the first kind walks through
// the catalogue and its prefixes, but for the types $7.
const insertBulk = `
WITH other_types AS (
	SELECT name, row_number() OVER (ORDER BY name) - 1 AS place, count(*) OVER () AS total FROM (
		SELECT name FROM event_types WHERE name <> ALL($7)
		UNION SELECT left(name, strpos(name, '_')) || '*' FROM event_types
			WHERE strpos(name, '_') > 0 AND NOT EXISTS (SELECT FROM unnest($7::text[]) u(used) WHERE starts_with(used, left(name, strpos(name, '_'))))
	) t
), planned AS (
	SELECT 'wh_bulk' || i AS id, o.owner, r.events, r.projects, r.scope
	FROM generate_series($1::int, $2::int) i
	JOIN other_types t ON i / 3 % t.total = t.place
	CROSS JOIN LATERAL (SELECT 'bulk-' || CASE i % 3 WHEN 0 THEN i / 3 % $5::int ELSE $5::int + i / 3 % ($6::int - $5::int) END AS owner) o
	CROSS JOIN LATERAL (
		SELECT CASE i % 3 WHEN 0 THEN ARRAY[t.name] ELSE $7::text[] END AS events,
			CASE i % 3 WHEN 0 THEN ARRAY[$4::text] WHEN 1 THEN ARRAY[o.owner] ELSE '{}'::text[] END AS projects,
			CASE i % 3 WHEN 0 THEN 'project:' || $4 WHEN 1 THEN 'project:' || o.owner ELSE 'member:' || o.owner END AS scope
	) r
), hooks AS (
	INSERT INTO webhooks (id, owner_id, name, url, secret, headers, payload_format, auto_recover, metadata, enabled, status)
	SELECT p.id, p.owner, p.id, t.url, t.secret, t.headers, t.payload_format, t.auto_recover, t.metadata, true, t.status
	FROM planned p, webhooks t WHERE t.id = $3
), stored AS (
	INSERT INTO rules (webhook_id, position, events, projects, companies)
	SELECT id, 0, events, projects, '{}' FROM planned
	RETURNING id, webhook_id, events
), prefixes AS (
	INSERT INTO rule_prefixes (pattern)
	SELECT DISTINCT pattern FROM stored CROSS JOIN LATERAL unnest(events) AS pattern WHERE pattern LIKE '%*'
	ON CONFLICT DO NOTHING
)
INSERT INTO rule_keys (scope, pattern, rule_id, webhook_id)
SELECT p.scope, pattern, s.id, s.webhook_id
FROM stored s JOIN planned p ON p.id = s.webhook_id CROSS JOIN LATERAL unnest(s.events) AS pattern`
