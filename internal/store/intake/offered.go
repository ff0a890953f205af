package intake

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/store/core"
	"godwit/internal/store/ledger"
)

// offered is what one request wants to have accepted; see Ingest.
type offered struct {
	events  []hook.Event
	schemas []int64
	// rest: a statement before this one had no room for them.
	rest bool
}

// at is the part of it at the given positions.
func (o offered) at(positions []int) offered {
	var part offered
	for _, i := range positions {
		part.events, part.schemas = append(part.events, o.events[i]), append(part.schemas, o.schemas[i])
	}
	return part
}

// ingested is the outcome of one event of an offer.
type ingested struct {
	position   int // among the events
	accepted   bool
	deferred   bool // there was no room for it
	matched    int
	companyID  sql.NullString
	occurredAt sql.NullTime
	// webhooks are those of begun, where the event was accepted, else those that a
	// condition is needed for, with its rules and parts.
	webhooks pq.StringArray
	rules    pq.Int64Array
	parts    pq.Int64Array
	begun    firsts
}

// answer is what Ingest says of an event that was accepted now.
func (r ingested) answer() *hook.Accepted {
	return &hook.Accepted{CompanyID: r.companyID.String, Matched: r.matched, Due: r.matched > len(r.begun.deliveries)}
}

// eachIngested runs an accepting statement.
func eachIngested(ctx context.Context, accept *sqlx.Stmt, columns []any, each func(ingested)) error {
	rows, err := accept.QueryContext(ctx, columns...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r ingested
		if err := rows.Scan(&r.position, &r.accepted, &r.matched, &r.companyID, &r.occurredAt, &r.webhooks, &r.rules, &r.parts,
			&r.begun.projectName, &r.begun.companyName, &r.begun.acceptedAt, &r.begun.sequence, &r.begun.deliveries, &r.begun.versions, &r.begun.kept); err != nil {
			return err
		}
		r.deferred = r.matched < 0
		each(r)
	}
	return rows.Err()
}

// spot is a project and a type.
type spot struct{ project, eventType string }

// eventColumns turns the events of several requests into one array per column.
// After them come what the ids of all their deliveries begin with, the room, and
// the traces.
func eventColumns(offers []offered, room hook.Take) []any {
	n := 0
	for _, o := range offers {
		n += len(o.events)
	}
	ids, types, projects := make([]string, 0, n), make([]string, 0, n), make([]string, 0, n)
	actors, occurred := make([]string, 0, n), make([]string, 0, n)
	previous, current, fingerprints := make([][]byte, 0, n), make([][]byte, 0, n), make([][]byte, 0, n)
	schemas, requests, spots := make([]int64, 0, n), make([]int64, 0, n), make([]int64, 0, n)
	traces := make([]string, 0, n)
	known := make(map[spot]int64)
	for request, o := range offers {
		for i, e := range o.events {
			at := spot{e.ProjectID, e.Type}
			if _, seen := known[at]; !seen {
				known[at] = int64(len(known))
			}
			ids, types, projects = append(ids, e.ID), append(types, e.Type), append(projects, e.ProjectID)
			actors, occurred = append(actors, e.ActorID), append(occurred, occurredAt(e))
			previous, current, fingerprints = append(previous, e.Previous), append(current, e.Current), append(fingerprints, ledger.Fingerprint(e))
			schemas, requests, spots = append(schemas, o.schemas[i]), append(requests, int64(request)), append(spots, known[at])
			traces = append(traces, e.TraceParent)
		}
	}
	stem := id.New(id.Delivery)
	columns := append([]any{
		pq.Array(ids), pq.Array(types), pq.Array(projects), pq.Array(actors), pq.Array(occurred),
		core.Blobs(previous), core.Blobs(current), core.Blobs(fingerprints),
		pq.Array(schemas), pq.Array(requests), pq.Array(spots), stem[:len(stem)-countedDigits],
	}, roomColumns(room)...)
	return append(columns, pq.Array(traces))
}

// countedDigits is how many digits of a delivery's id count the deliveries of
// one statement; those before them are unique to it.
const countedDigits = 5

// judgedColumns is eventColumns with what matches.
func judgedColumns(o offered, room hook.Take, matches []hook.Candidate) []any {
	events, webhooks := make([]string, len(matches)), make([]string, len(matches))
	for i, m := range matches {
		events[i], webhooks[i] = m.Event.ID, m.WebhookID
	}
	return append(eventColumns([]offered{o}, room), pq.Array(events), pq.Array(webhooks))
}

// occurredAt is when the producer says that it happened, else now, as Postgres
// reads it: by its own clock.
func occurredAt(e hook.Event) string {
	if e.OccurredAt.IsZero() {
		return "now"
	}
	return e.OccurredAt.Format(time.RFC3339Nano)
}

// firsts are the first attempts that an ingest has begun of one event.
type firsts struct {
	projectName sql.NullString
	companyName sql.NullString
	acceptedAt  time.Time
	sequence    sql.NullInt64
	deliveries  pq.StringArray
	versions    pq.Int64Array  // of the webhooks
	kept        pq.StringArray // see ledger.Store.WithKept; "" = nothing
}

// roomColumns are the parameters $13 to $16 of an ingest.
func roomColumns(t hook.Take) []any {
	names := slices.Clone(t.Crowded)
	for _, id := range t.CrowdedOwners {
		names = append(names, "owner "+id)
	}
	for _, id := range t.Behind {
		names = append(names, "behind "+id)
	}
	if t.Shared {
		names = append(names, "shared", "sole "+t.Sole)
	}
	return []any{pq.Array([]int64{int64(t.Limit), int64(cmp.Or(t.Each, t.Limit))}), pq.Array(names), t.Timeout.Seconds(), t.Margin.Seconds()}
}
