package store

import (
	"context"
	"database/sql"
	"net/url"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
)

// AcceptEvents is the look-up, for the test of its cost.
var AcceptEvents = acceptEvents

// Parts of the ingest, for tests of their bounds and ids.
const (
	DeliveriesAtOnce = deliveriesAtOnce
	InsertDeliveries = insertDeliveries
	IDDigits         = idDigits
)

// Walks are the statements of the steps of withdrawals, for the test of their cost.
var Walks = map[string][]string{"webhook": ofWebhookWalks, "member": ofMemberWalks, "project": ofProjectWalks}

// CancelSteps are the statements of the steps of cancellations.
func CancelSteps() (all []string) {
	for _, k := range waitingKinds {
		all = append(all, k.step)
	}
	return all
}

// ExpireStep is the statement that ends what waits for too long.
var ExpireStep = expire

// Unowned is the look-up of what has no owner.
const Unowned = unowned

// The statements of a release, for the test of their cost.
const (
	QueuedWebhooks = queuedWebhooks
	ReleaseQueued  = releaseQueued
	DueLanes       = dueLanes
	LookedAt       = looked
)

// SelectParcel is the look-up before each attempt, for the test of its cost.
const SelectParcel = selectParcel

// The statements of a redelivery's step, for the test of their cost.
var (
	NextOfRedelivery = nextOfRedelivery
	SelectRedelivery = selectRedelivery
	RedeliverOld     = redeliver
)

// FindPrincipal is the look-up of a key, for the test of its cost.
const FindPrincipal = findPrincipal

// Visible holds the look-ups of what a user sees, for the test of their cost.
var Visible = visible

// TenantLists are the lists of what the user of ctx sees, for the test of their
// cost, each with its arguments.
func TenantLists(ctx context.Context, page hook.Page) map[string][]any {
	out := map[string][]any{}
	var l list
	query := "SELECT id FROM projects p" + newestProjects(ctx, &l, page)
	out[query] = l.args
	for _, q := range []search{webhookSearch(ctx, hook.WebhookFilter{}), deliverySearch(ctx, hook.DeliveryFilter{}, page), eventSearch(ctx, hook.EventFilter{})} {
		query, args := q.find(page, nil)
		out[query] = args
	}
	return out
}

// TenantCounts are the counts of what a user sees.
var TenantCounts = []string{countDeliveries.own, countEvents.own, countAttempts.own}

// SealedColumns names every column that Rekey knows.
func SealedColumns() []string {
	var names []string
	for _, c := range sealedColumns {
		names = append(names, c.String())
	}
	return names
}

// SelectAudit is the list of the audit log, for the test of its cost.
var SelectAudit = selectAudit

// DB is the pool.
func (s *Store) SQL() *sqlx.DB { return s.housekeeping.db }

// Unavailable sorts errors.
var Unavailable = unavailable

// OpenSession opens a pool whose connections are set as those of a Store.
func OpenSession(databaseURL string) (*sql.DB, error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return nil, err
	}
	server, err := pq.NewConnector(databaseURL)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector{server, setSession(u.Query())}), nil
}

// Query is a query with its arguments.
type Query struct {
	Text string
	Args []any
}

// DeliveryQueries are what a page of a list asks: for the rows, and for where it stops.
func DeliveryQueries(ctx context.Context, f hook.DeliveryFilter, page hook.Page) []Query {
	return queriesOf(deliverySearch(ctx, f, page), page)
}

// WebhookQueries is DeliveryQueries for webhooks.
func WebhookQueries(ctx context.Context, f hook.WebhookFilter, page hook.Page) []Query {
	return queriesOf(webhookSearch(ctx, f), page)
}

// UserQueries is DeliveryQueries for a search of users.
func UserQueries(text string, page hook.Page) []Query {
	return queriesOf(directorySearch("u.id", "users u", way{rest: lookedFor("u", text)}), page)
}

// EventQueries is DeliveryQueries for events.
func EventQueries(ctx context.Context, f hook.EventFilter, page hook.Page) []Query {
	return queriesOf(eventSearch(ctx, f), page)
}

func queriesOf(q search, page hook.Page) []Query {
	query, args := q.find(page, nil)
	out := []Query{{query, args}}
	if q.bounded(page) {
		query, args = q.stops(page)
		out = append(out, Query{query, args})
	}
	return out
}

// ReportQueries are what reports ask about everything, or about a webhook, from a
// time to another one, by their names; those of the user of ctx where it has one.
func ReportQueries(ctx context.Context, webhookID string, since, until time.Time) map[string]Query {
	out := map[string]Query{}
	for name, q := range map[string]perTenant{"deliveries": countDeliveries, "events": countEvents, "attempts": countAttempts} {
		query, args := asked(ctx, q, since)
		out[name] = Query{query, args}
	}
	query, args := asked(ctx, countBacklog)
	out["backlog"] = Query{query, args}
	out["ledger"] = Query{countLedger, []any{webhookID, since, until}}
	query, args = undelivered.find(hook.Page{Limit: 51}, nil, webhookID, since, until)
	out["undelivered"] = Query{query, args}
	out["health"] = Query{selectReport, []any{webhookID, since}}
	out["hours"] = Query{selectHealthCounts, []any{webhookID, since}}
	return out
}

// MostScanned bounds what a page looks at.
const MostScanned = mostScanned

// BeginRead sets up a transaction as Snapshot does.
var BeginRead = beginRead

// PartsUnderWay says that a transaction accepts parts of combinations.
func (s *Store) PartsUnderWay() bool {
	s.parts.mu.Lock()
	defer s.parts.mu.Unlock()
	return len(s.parts.locked) > 0
}

// PartsThatWait is how many requests with parts of combinations wait for those under way.
func (s *Store) PartsThatWait() int {
	s.parts.mu.Lock()
	defer s.parts.mu.Unlock()
	return len(s.parts.queue)
}
