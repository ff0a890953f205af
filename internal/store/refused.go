package store

import (
	"bytes"
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
)

// refusal tells why an event was not accepted as a new one.
type refusal struct {
	Fingerprint []byte `db:"fingerprint"` // nil when there is no event of this id
	Matched     int    `db:"matched"`
	HasProject  bool   `db:"has_project"`
	HasType     bool   `db:"has_type"`
	Schema      int64  `db:"schema_version"`
}

// explainRefused fills out at the given positions: duplicate, conflict, an
// unknown project or type, or another schema.
func (s *Store) explainRefused(ctx context.Context, events []hook.Event, schemas []int64, at []int, out []hook.Accepted) error {
	var ids, projects, types []string
	for _, i := range at {
		ids, projects, types = append(ids, events[i].ID), append(projects, events[i].ProjectID), append(types, events[i].Type)
	}
	var refusals []refusal
	err := sqlx.SelectContext(ctx, s.on(ctx), &refusals, `
		SELECT e.fingerprint, (SELECT count(*) FROM deliveries d WHERE d.event_id = e.id AND d.redelivery_of IS NULL) AS matched,
			p.id IS NOT NULL AS has_project, t.name IS NOT NULL AS has_type, coalesce(t.schema_version, 0) AS schema_version
		FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS i(id, project_id, type, n)
		LEFT JOIN events e ON e.id = i.id
		LEFT JOIN projects p ON p.id = i.project_id
		LEFT JOIN event_types t ON t.name = i.type
		ORDER BY i.n`, pq.Array(ids), pq.Array(projects), pq.Array(types))
	if err != nil {
		return classify("look up refused events", err)
	}
	for k, r := range refusals {
		out[at[k]] = r.answer(events[at[k]], schemas[at[k]])
	}
	return nil
}

func (r refusal) answer(e hook.Event, schema int64) hook.Accepted {
	switch {
	case r.Fingerprint != nil && bytes.Equal(r.Fingerprint, fingerprint(e)):
		return hook.Accepted{Matched: r.Matched, Duplicate: true}
	case r.Fingerprint != nil:
		return hook.Accepted{Err: hook.Errorf(hook.CodeConflict,
			"an event with the id %q was accepted before with other content; use a new id", e.ID)}
	}
	unknown := &hook.Error{Code: hook.CodeInvalid, Message: "the event names things that don't exist"}
	if !r.HasProject {
		unknown.Fields = append(unknown.Fields, hook.Field{Pointer: "/project_id", Detail: "there is no project \"" + e.ProjectID + "\"; create it first"})
	}
	if !r.HasType {
		unknown.Fields = append(unknown.Fields, hook.Field{Pointer: "/type", Detail: "there is no event type \"" + e.Type + "\"; GET /v1/event-types lists them"})
	}
	if unknown.Fields == nil && r.Schema != schema {
		return hook.Accepted{SchemaChanged: true}
	}
	if unknown.Fields == nil {
		// Both exist now: they were created between the two look-ups.
		return hook.Accepted{Err: hook.Errorf(hook.CodeConflict, "the project or event type was just created; send the event again")}
	}
	return hook.Accepted{Err: unknown}
}
