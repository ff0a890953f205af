package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// EventColumnList are the columns of an EventRow, of event e.
const EventColumnList = `e.id AS event_id, e.type, e.project_id AS event_project_id, e.company_id AS event_company_id,
	e.owner_id AS event_owner_id, e.actor_id, e.occurred_at, e.accepted_at, e.sequence, ` + acceptedNames + `, e.previous, e.current, e.expunged_at, ` + testEventColumn + ` AS event_test, e.traceparent`

// testEventColumn: event e is a test. Those of the time before their bytes were
// counted are for one user alone, as combinations are.
const testEventColumn = `(e.charged_bytes IS NOT NULL OR e.private_to IS NOT NULL AND e.project_ids IS NULL)`

// acceptedNames are those of the event's project and company; the names of now
// for events of the time before they were kept.
const acceptedNames = `coalesce(e.project_name, (SELECT p.name FROM projects p WHERE p.id = e.project_id), '') AS project_name,
	coalesce(e.company_name, (SELECT c.name FROM companies c WHERE c.id = e.company_id), '') AS company_name`

// EventRow is an event as stored; names that a delivery has too carry a prefix.
type EventRow struct {
	ID         string         `db:"event_id"`
	Type       string         `db:"type"`
	ProjectID  string         `db:"event_project_id"`
	CompanyID  string         `db:"event_company_id"`
	OwnerID    sql.NullString `db:"event_owner_id"`
	ActorID    sql.NullString `db:"actor_id"`
	OccurredAt time.Time      `db:"occurred_at"`
	AcceptedAt time.Time      `db:"accepted_at"`
	Sequence   int64          `db:"sequence"`
	// ProjectName and CompanyName are left out where nobody needs them.
	ProjectName string         `db:"project_name"`
	CompanyName string         `db:"company_name"`
	Previous    []byte         `db:"previous"`
	Current     []byte         `db:"current"`
	ExpungedAt  sql.NullTime   `db:"expunged_at"`
	Test        bool           `db:"event_test"`
	TraceParent sql.NullString `db:"traceparent"`
}

// Event converts a row.
func (r EventRow) Event() (hook.Event, error) {
	return hook.Event{
		ID: r.ID, Type: r.Type, ProjectID: r.ProjectID, CompanyID: r.CompanyID, OwnerID: r.OwnerID.String, ActorID: r.ActorID.String,
		OccurredAt: r.OccurredAt.UTC(), AcceptedAt: r.AcceptedAt.UTC(),
		Sequence: r.Sequence, ProjectName: r.ProjectName, CompanyName: r.CompanyName, Previous: r.Previous, Current: r.Current, ExpungedAt: core.NullTime(r.ExpungedAt), Kind: hook.KindOf(r.Type, r.Test), TraceParent: r.TraceParent.String,
	}, nil
}

// Event reads one event.
func (s *Store) Event(ctx context.Context, id string) (hook.Event, error) {
	var r EventRow
	if err := sqlx.GetContext(ctx, s.On(ctx), &r, `SELECT `+EventColumnList+` FROM events e WHERE e.id = $1`, id); err != nil {
		return hook.Event{}, core.Found("event", id, err)
	}
	return r.Event()
}

// Events lists events that the request may see, newest first by the time of
// acceptance.
func (s *Store) Events(ctx context.Context, f hook.EventFilter, page hook.Page) ([]hook.Event, error) {
	return core.Searched(ctx, s.DB, EventSearch(ctx, f), page, EventRow.Event)
}

func EventSearch(ctx context.Context, f hook.EventFilter) core.Search {
	q := core.Search{Columns: EventColumnList, Table: "events e", Key: core.SortKey{Time: "e.accepted_at", Sequence: "e.sequence", ID: "e.id"}}
	ofType, ofProject := core.Equal("e.type", f.Type), core.Equal("e.project_id", f.ProjectID)
	kind := slices.Concat(ofKind(f.Kind, testEventColumn, "e.type"), matched(ctx, f.Matched))
	during := core.Between("e.accepted_at", f.Since, f.Until)
	userID, bound := core.Tenant(ctx)
	switch {
	case bound:
		member := core.Way{
			Each:   []core.Condition{{Text: "(SELECT m.project_id, m.user_id FROM members m WHERE m.user_id = ?) m", Value: userID}},
			Served: slices.Concat([]core.Condition{{Text: "e.project_id = m.project_id"}}, ofProject, during),
			Rest:   slices.Concat(ofType, kind, []core.Condition{{Text: core.VisibleEvent("m.user_id")}}),
			Many:   []core.Condition{{Text: "members m"}, {Text: "m.user_id = ?", Value: userID}},
		}
		own := core.Way{Served: append([]core.Condition{{Text: "e.owner_id = ?", Value: userID}}, during...), Rest: slices.Concat(ofType, kind, ofProject)}
		q.Ways = []core.Way{member, own}
	case f.ProjectID != "":
		q.Ways = []core.Way{{Served: slices.Concat(ofProject, during), Rest: slices.Concat(ofType, kind)}}
	default:
		q.Ways = []core.Way{{Served: slices.Concat(ofType, during), Rest: kind}}
	}
	for i := range q.Ways {
		q.Ways[i].LooksUp = f.Matched != nil
	}
	return q
}

// matched is the condition that an event has a delivery that the request may see, or
// that it has none. Each OFFSET 0 has the deliveries of one event looked at, those of
// others among them, and not those of all events joined.
func matched(ctx context.Context, want *bool) []core.Condition {
	if want == nil {
		return nil
	}
	not := "NOT "
	if *want {
		not = ""
	}
	const ofEvent = `SELECT FROM deliveries d WHERE d.event_id = e.id`
	if userID, bound := core.Tenant(ctx); bound {
		return []core.Condition{{Text: not + `EXISTS (` + ofEvent + ` AND EXISTS (SELECT FROM webhooks w WHERE w.id = d.webhook_id AND w.owner_id = ? OFFSET 0) OFFSET 0)`, Value: userID}}
	}
	return []core.Condition{{Text: not + `EXISTS (` + ofEvent + ` OFFSET 0)`}}
}

// ofKind is the condition that an event or a delivery is of a kind; test is the
// condition that it is a test.
func ofKind(kind hook.EventKind, test, typeColumn string) []core.Condition {
	switch types := hook.TypesOf(kind); {
	case kind == "":
		return nil
	case kind == hook.KindTest:
		return []core.Condition{{Text: test}}
	case len(types) > 0:
		return []core.Condition{{Text: "(" + test + ") IS NOT TRUE"}, {Text: typeColumn + " = ANY(?)", Value: pq.Array(types)}}
	}
	other := append(hook.TypesOf(hook.KindCombination), hook.TypesOf(hook.KindOperational)...)
	return []core.Condition{{Text: "(" + test + ") IS NOT TRUE"}, {Text: typeColumn + " <> ALL(?)", Value: pq.Array(other)}}
}

// Fingerprint tells whether the same id comes with the same content. Every
// part is preceded by its length, so that no two events share one.
func Fingerprint(e hook.Event) []byte {
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
