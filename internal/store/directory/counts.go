package directory

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// selectCompanyCounts counts the projects of the companies $1, and who is a member of
// any of them, up to $2 of each.
const selectCompanyCounts = `
SELECT c.id,
	(SELECT count(*) FROM (SELECT FROM projects p WHERE p.company_id = c.id LIMIT $2) n) AS projects,
	(SELECT count(DISTINCT m.user_id) FROM (
		SELECT m.user_id FROM projects p CROSS JOIN LATERAL (SELECT m.user_id FROM members m WHERE m.project_id = p.id OFFSET 0) m
		WHERE p.company_id = c.id LIMIT $2) m) AS members
FROM unnest($1::text[]) AS c(id)`

// selectProjectCounts counts the members of the projects $1, up to $2 of each.
const selectProjectCounts = `
SELECT p.id, (SELECT count(*) FROM (SELECT FROM members m WHERE m.project_id = p.id LIMIT $2) n) AS members FROM unnest($1::text[]) AS p(id)`

// CompanyCounts counts what a page of companies has, in one statement.
func (s *Store) CompanyCounts(ctx context.Context, ids []string) (map[string]hook.DirectoryCounts, error) {
	return s.counts(ctx, selectCompanyCounts, ids)
}

// ProjectCounts counts the members of a page of projects, in one statement.
func (s *Store) ProjectCounts(ctx context.Context, ids []string) (map[string]hook.DirectoryCounts, error) {
	return s.counts(ctx, selectProjectCounts, ids)
}

func (s *Store) counts(ctx context.Context, query string, ids []string) (map[string]hook.DirectoryCounts, error) {
	var found []struct {
		ID       string `db:"id"`
		Projects int    `db:"projects"`
		Members  int    `db:"members"`
	}
	if err := sqlx.SelectContext(ctx, s.On(ctx), &found, query, pq.Array(ids), hook.MaxDirectoryCounted); err != nil {
		return nil, core.Classify("count members", err)
	}
	out := make(map[string]hook.DirectoryCounts, len(found))
	for _, f := range found {
		out[f.ID] = hook.DirectoryCounts{Projects: f.Projects, Members: f.Members}
	}
	return out, nil
}
