package core

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// Tenant is the user that the credential of a request is bound to. Who is bound
// to none sees everything, as Godwit's own work does.
func Tenant(ctx context.Context) (userID string, bound bool) {
	p := hook.PrincipalOf(ctx)
	return p.UserID, p.Role == hook.RoleUser
}

// VisibleEvent is whether a user sees event e: a member of every project that it
// carries data of, unless it belongs to one user alone. OFFSET 0 keeps each
// membership its own look-up, whatever the tables are like.
func VisibleEvent(user string) string {
	return fmt.Sprintf(`CASE WHEN e.owner_id IS NOT NULL THEN e.owner_id = %[1]s ELSE coalesce(e.private_to = %[1]s, true)
		AND EXISTS (SELECT FROM members mine WHERE mine.project_id = e.project_id AND mine.user_id = %[1]s OFFSET 0)
		AND NOT EXISTS (
			SELECT FROM unnest(e.project_ids) AS x(id)
			WHERE NOT EXISTS (SELECT FROM members mine WHERE mine.project_id = x.id AND mine.user_id = %[1]s OFFSET 0)
		) END`, user)
}

// Visible finds the thing of the id $1 if the user $2 sees it. A webhook that
// was deleted is gone for its owner too; its deliveries stay.
var Visible = map[hook.Kind]string{
	hook.KindUser:    `SELECT 1 FROM users u WHERE u.id = $1 AND u.id = $2`,
	hook.KindProject: `SELECT 1 FROM members m WHERE m.project_id = $1 AND m.user_id = $2`,
	hook.KindEvent:   `SELECT 1 FROM events e WHERE e.id = $1 AND ` + VisibleEvent("$2"),
	hook.KindWebhook: `
		SELECT 1 FROM (SELECT w.owner_id, w.deleted_at FROM webhooks w WHERE w.id = $1 OFFSET 0) w WHERE w.owner_id = $2 AND w.deleted_at IS NULL`,
	hook.KindSession: `
		SELECT 1 FROM sessions s WHERE s.id = $1 AND s.hash IS NOT NULL AND s.expires_at > now()
			AND (s.user_id = $2 OR s.key_hash IN (SELECT k.hash FROM api_keys k WHERE k.user_id = $2 OFFSET 0))`,
	hook.KindKey:  `SELECT 1 FROM api_keys k WHERE k.id = $1 AND k.user_id = $2`,
	hook.KindPlay: `SELECT 1 FROM play_addresses a WHERE a.id = $1 AND a.owner_id = $2 AND ` + LivingAddress,
	hook.KindDelivery: `
		SELECT 1 FROM (SELECT d.webhook_id FROM deliveries d WHERE d.id = $1 OFFSET 0) d
		CROSS JOIN LATERAL (SELECT w.owner_id FROM webhooks w WHERE w.id = d.webhook_id OFFSET 0) w WHERE w.owner_id = $2`,
}

// Visible is nil when the request that ctx belongs to may see the thing of this
// id. What it may not see is the same CodeNotFound as what does not exist. For
// who sees everything it asks nothing: then the read itself tells.
func (s *DB) Visible(ctx context.Context, kind hook.Kind, id string) error {
	userID, bound := Tenant(ctx)
	if !bound {
		return nil
	}
	query, known := Visible[kind]
	if !known {
		return Fault(fmt.Errorf("nothing says who sees a %q", kind))
	}
	var one int
	return Found(string(kind), id, sqlx.GetContext(ctx, s.On(ctx), &one, query, id, userID))
}

// Share is what a user sees of a table: the rows that are linked to those rows
// of another table that belong to the user.
type Share struct{ Of, User, Link string }

// NewestSeen ends a list of the rows of a table that the request may see: all of
// them, or a tenant's shares. Of those each linked row's newest are read by their
// own index, whatever there is of others.
func (l *List) NewestSeen(ctx context.Context, table string, key SortKey, page hook.Page, shares ...Share) string {
	userID, bound := Tenant(ctx)
	if !bound {
		return l.Newest(key, page)
	}
	l.Args = append(l.Args, userID)
	user := len(l.Args)
	parts := make([]string, len(shares))
	for i, s := range shares {
		linked := List{Conditions: append(slices.Clone(l.Conditions), s.Link), Args: l.Args}
		tail := linked.Newest(key, page)
		l.Args = linked.Args
		parts[i] = fmt.Sprintf(`SELECT own.* FROM %s CROSS JOIN LATERAL (SELECT %s AS id, %s AS at, %s AS sequence FROM %s%s) own WHERE %s = $%d`,
			s.Of, key.ID, key.Time, cmp.Or(key.Sequence, "0"), table, tail, s.User, user)
	}
	return fmt.Sprintf(` WHERE %s = ANY(ARRAY(
		SELECT seen.id FROM (%s) seen ORDER BY seen.at DESC, seen.sequence DESC, seen.id DESC LIMIT $%d
	)) ORDER BY %s`, key.ID, strings.Join(parts, " UNION ALL "), len(l.Args), key.order())
}

// LivingAddress: the play address a was used lately.
var LivingAddress = fmt.Sprintf(`a.used_at > now() - make_interval(secs => %d)`, int(hook.PlayAddressAge.Seconds()))
