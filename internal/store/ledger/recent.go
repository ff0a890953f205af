package ledger

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// recentColumns are the columns of an EventRow that a page of recent events needs; its
// states are read where the argument says so.
func recentColumns(states string) string {
	return `e.id AS event_id, e.type, e.project_id AS event_project_id, e.company_id AS event_company_id, e.actor_id, e.occurred_at, e.accepted_at, e.sequence,
	CASE WHEN ` + states + ` THEN e.previous END AS previous, CASE WHEN ` + states + ` THEN e.current END AS current`
}

// RecentEvents reads a page of events, newest first, each project's by its own
// index. What was made for one webhook alone, which no rule matches, is none of it,
// and neither is what was expunged. Of IS NULL a plan would expect next to nothing, and
// sort all of a project rather than walk.
var RecentEvents = `
SELECT newest.* FROM unnest($1::text[]) AS p(id)
CROSS JOIN LATERAL (
	SELECT ` + recentColumns("$7") + ` FROM events e
	WHERE e.project_id = p.id AND num_nonnulls(e.private_to, e.expunged_at) < 1 AND e.accepted_at >= $2 AND (e.accepted_at, e.sequence, e.id) < ($3, $4, $5)
	ORDER BY e.accepted_at DESC, e.sequence DESC, e.id DESC LIMIT $6
) newest
ORDER BY newest.accepted_at DESC, newest.sequence DESC, newest.event_id DESC LIMIT $6`

// RecentOfAll is RecentEvents for the events of every project.
var RecentOfAll = `
SELECT ` + recentColumns("$6") + ` FROM events e
WHERE num_nonnulls(e.private_to, e.expunged_at) < 1 AND e.accepted_at >= $1 AND (e.accepted_at, e.sequence, e.id) < ($2, $3, $4)
ORDER BY e.accepted_at DESC, e.sequence DESC, e.id DESC LIMIT $5`

// Recent lists events, newest first.
func (s *Store) Recent(ctx context.Context, q hook.RecentQuery, page hook.Page) (events []hook.Event, err error) {
	err = s.Read(ctx, func(tx *sqlx.Tx) error {
		events, err = recent(ctx, tx, q, page)
		return err
	})
	return events, err
}

func recent(ctx context.Context, tx *sqlx.Tx, q hook.RecentQuery, page hook.Page) ([]hook.Event, error) {
	before := hook.Cursor{Time: q.Until.Add(time.Microsecond)} // the resolution of the database
	if page.After != nil {
		before = *page.After
	}
	if !q.OfProjects {
		return core.RowsIn(ctx, tx, RecentOfAll, []any{q.Since, before.Time, before.Sequence, before.ID, page.Limit, q.States}, EventRow.Event)
	}
	return core.RowsIn(ctx, tx, RecentEvents, []any{pq.Array(q.ProjectIDs), q.Since, before.Time, before.Sequence, before.ID, page.Limit, q.States}, EventRow.Event)
}

// Memberships lists the projects that a user is a member of.
func (s *Store) Memberships(ctx context.Context, userID string) ([]string, error) {
	var ids []string
	err := sqlx.SelectContext(ctx, s.On(ctx), &ids, `SELECT project_id FROM members WHERE user_id = $1`, userID)
	return ids, core.Classify("list memberships", err)
}
