package intake

import (
	"bytes"
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/ledger"
)

// refusal tells why an event was not accepted as a new one.
type refusal struct {
	Fingerprint []byte `db:"fingerprint"` // nil when there is no event of this id
	Expunged    bool   `db:"expunged"`    // its content is not known any more
	Matched     int    `db:"matched"`
	Judging     bool   `db:"judging"`
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
	err := sqlx.SelectContext(ctx, s.On(ctx), &refusals, `
		SELECT e.fingerprint, e.expunged_at IS NOT NULL AS expunged, (SELECT count(*) FROM deliveries d WHERE d.event_id = e.id AND d.redelivery_of IS NULL) AS matched,
			EXISTS (SELECT FROM judgements j WHERE j.event_id = e.id) AS judging, p.id IS NOT NULL AS has_project, t.name IS NOT NULL AS has_type, coalesce(t.schema_version, 0) AS schema_version
		FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS i(id, project_id, type, n)
		LEFT JOIN events e ON e.id = i.id
		LEFT JOIN projects p ON p.id = i.project_id
		LEFT JOIN event_types t ON t.name = i.type
		ORDER BY i.n`, pq.Array(ids), pq.Array(projects), pq.Array(types))
	if err != nil {
		return core.Classify("look up refused events", err)
	}
	for k, r := range refusals {
		e := events[at[k]]
		if r.Fingerprint != nil && !bytes.Equal(r.Fingerprint, ledger.Fingerprint(e)) {
			same, err := s.sameMeaning(ctx, e)
			if err != nil {
				return err
			}
			if same {
				r.Fingerprint = ledger.Fingerprint(e)
			}
		}
		out[at[k]] = r.answer(e, schemas[at[k]])
	}
	return nil
}

// sameMeaning compares an event with the one that was accepted under its id. A
// producer that lost an answer sends the event again, perhaps serialised anew.
// One is read at a time, as each may be large.
func (s *Store) sameMeaning(ctx context.Context, e hook.Event) (bool, error) {
	var stored struct {
		Type       string    `db:"type"`
		ProjectID  string    `db:"project_id"`
		ActorID    string    `db:"actor_id"`
		OccurredAt time.Time `db:"occurred_at"`
		Previous   []byte    `db:"previous"`
		Current    []byte    `db:"current"`
	}
	err := sqlx.GetContext(ctx, s.On(ctx), &stored,
		`SELECT type, project_id, coalesce(actor_id, '') AS actor_id, occurred_at, previous, current FROM events WHERE id = $1`, e.ID)
	if err != nil {
		return false, core.Classify("compare an event with the one of its id", err)
	}
	return hook.SameMeaning(hook.Event{Type: stored.Type, ProjectID: stored.ProjectID, ActorID: stored.ActorID,
		OccurredAt: stored.OccurredAt, Previous: stored.Previous, Current: stored.Current}, e), nil
}

func (r refusal) answer(e hook.Event, schema int64) hook.Accepted {
	switch {
	case r.Fingerprint != nil && (r.Expunged || bytes.Equal(r.Fingerprint, ledger.Fingerprint(e))):
		return hook.Accepted{Matched: r.Matched, Judging: r.Judging, Duplicate: true}
	case r.Fingerprint != nil:
		return hook.Accepted{Err: hook.Errorf(hook.CodeConflict,
			"an event with the id %q was accepted before with other content; GET /v1/events/{id} shows it. Give this event another id", e.ID)}
	}
	unknown := &hook.Error{Code: hook.CodeInvalid, Message: "the event names things that don't exist", Fields: r.unknown(e)}
	if unknown.Fields == nil && r.Schema != schema {
		return hook.Accepted{SchemaChanged: true}
	}
	if unknown.Fields == nil {
		// Both exist now: they were created between the two look-ups.
		return hook.Accepted{Err: hook.Errorf(hook.CodeConflict, "the project or event type was just created; send the event again")}
	}
	return hook.Accepted{Err: unknown}
}

// unknown is what the event names and does not exist.
func (r refusal) unknown(e hook.Event) (bad []hook.Field) {
	if !r.HasProject {
		bad = append(bad, hook.Field{Code: hook.FieldNotFound, Params: hook.Params{"kind": "project", "id": e.ProjectID}, Pointer: "/project_id", Detail: "there is no project \"" + e.ProjectID + "\"; create it first"})
	}
	if !r.HasType {
		bad = append(bad, hook.Field{Code: hook.FieldNotFound, Params: hook.Params{"kind": "event_type", "id": e.Type}, Pointer: "/type", Detail: "there is no event type \"" + e.Type + "\"; GET /v1/event-types lists them"})
	}
	return bad
}

// Unknown is what each of these events names and does not exist. An event may leave its
// project, or its type, out.
func (s *Store) Unknown(ctx context.Context, events []hook.Event) ([][]hook.Field, error) {
	var projects, types []string
	for _, e := range events {
		projects, types = append(projects, e.ProjectID), append(types, e.Type)
	}
	var found []refusal
	err := sqlx.SelectContext(ctx, s.On(ctx), &found, `
		SELECT i.project_id = '' OR p.id IS NOT NULL AS has_project, i.type = '' OR t.name IS NOT NULL AS has_type
		FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS i(project_id, type, n)
		LEFT JOIN projects p ON p.id = i.project_id
		LEFT JOIN event_types t ON t.name = i.type
		ORDER BY i.n`, pq.Array(projects), pq.Array(types))
	if err != nil {
		return nil, core.Classify("look up what events name", err)
	}
	unknown := make([][]hook.Field, len(events))
	for i, r := range found {
		unknown[i] = r.unknown(events[i])
	}
	return unknown, nil
}

// answers puts the outcome of each event together; those that were not
// accepted now are looked up.
func (s *Store) answers(ctx context.Context, events []hook.Event, schemas []int64, accepted []*hook.Accepted) ([]hook.Accepted, error) {
	out := make([]hook.Accepted, len(events))
	var rest []int // positions of events that were not accepted now
	for i, a := range accepted {
		if a == nil {
			rest = append(rest, i)
			continue
		}
		out[i] = *a
	}
	if len(rest) == 0 {
		return out, nil
	}
	return out, s.explainRefused(ctx, events, schemas, rest, out)
}
