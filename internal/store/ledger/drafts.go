package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// SameURL gives the oldest webhook of the owner that has this URL; "" = none has.
func (s *Store) SameURL(ctx context.Context, ownerID, url string) (string, error) {
	var ids []string
	err := sqlx.SelectContext(ctx, s.On(ctx), &ids, `
		SELECT w.id FROM webhooks w WHERE w.owner_id = $1 AND w.url = $2 AND w.deleted_at IS NULL ORDER BY w.created_at, w.id LIMIT 1`, ownerID, url)
	if err != nil || len(ids) == 0 {
		return "", core.Classify("look for webhooks with a URL", err)
	}
	return ids[0], nil
}

// unseenLook is at how many of the newest events of a type Unseen looks, whoever may
// see them.
const unseenLook = 1000

// unseen finds the types $1 of the catalogue of which no event is $2 days old or less
// that the user $3 may see, who may be none. Of a type with so many events of others
// that it would be long to find one nothing is said.
const unseen = `
SELECT t.name FROM unnest($1::text[]) AS t(name) JOIN event_types x ON x.name = t.name
CROSS JOIN LATERAL (
	SELECT count(*) AS looked, count(*) FILTER (WHERE e.private_to IS NULL AND ($3 = '' OR EXISTS (
		SELECT FROM members m WHERE m.project_id = e.project_id AND m.user_id = $3 OFFSET 0))) AS seen
	FROM (
		SELECT e.project_id, e.private_to FROM events e WHERE e.type = t.name AND e.accepted_at >= now() - make_interval(days => $2::int)
		ORDER BY e.accepted_at DESC, e.id DESC LIMIT $4
	) e
) n WHERE n.seen = 0 AND n.looked < $4`

// Unseen gives those of the event types of which nothing was published lately in
// the owner's projects, or anywhere for no owner.
func (s *Store) Unseen(ctx context.Context, ownerID string, types []string) (names []string, err error) {
	types = types[:min(len(types), hook.MaxUnseen)]
	err = sqlx.SelectContext(ctx, s.On(ctx), &names, unseen, pq.Array(types), hook.UnseenDays, ownerID, unseenLook)
	return names, core.Classify("look for events of types", err)
}
