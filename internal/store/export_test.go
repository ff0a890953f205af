package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
	"godwit/internal/store/directory"
	"godwit/internal/store/health"
	"godwit/internal/store/intake"
	"godwit/internal/store/ledger"
	"godwit/internal/store/subscription"
)

// AcceptEvents is the look-up, for the test of its cost.
var AcceptEvents = intake.AcceptEvents

// Parts of the ingest, for tests of their bounds and ids.
const (
	DeliveriesAtOnce = intake.DeliveriesAtOnce
	InsertDeliveries = ledger.InsertDeliveries
	IDDigits         = intake.IDDigits
)

// Walks are the statements of the steps of withdrawals, for the test of their cost.
var Walks = map[string][]string{"webhook": ledger.OfWebhookWalks, "member": ledger.OfMemberWalks, "project": ledger.OfProjectWalks}

// CancelSteps are the statements of the steps of cancellations.
func CancelSteps() (all []string) {
	for _, k := range ledger.WaitingKinds {
		all = append(all, k.Step)
	}
	return all
}

// ExpireStep is the statement that ends what waits for too long.
var ExpireStep = ledger.Expire

// Unowned is the look-up of what has no owner.
const Unowned = ledger.Unowned

// The statements of a release, for the test of their cost.
const (
	QueuedWebhooks = ledger.QueuedWebhooks
	ReleaseQueued  = ledger.ReleaseQueued
	DueLanes       = ledger.DueLanes
	LookedAt       = ledger.Looked
)

// SelectParcel is the look-up before each attempt, for the test of its cost.
const SelectParcel = ledger.SelectParcel

// The statements of a redelivery's step, for the test of their cost.
var (
	NextOfRedelivery = ledger.NextOfRedelivery
	SelectRedelivery = ledger.SelectRedelivery
	RedeliverOld     = ledger.Redeliver
)

// FindPrincipal is the look-up of a key, for the test of its cost.
const FindPrincipal = access.FindPrincipal

// Visible holds the look-ups of what a user sees, for the test of their cost.
var Visible = core.Visible

// TenantLists are the lists of what the user of ctx sees, for the test of their
// cost, each with its arguments.
func TenantLists(ctx context.Context, page hook.Page) map[string][]any {
	out := map[string][]any{}
	var l core.List
	query := "SELECT id FROM projects p" + directory.NewestProjects(ctx, &l, page)
	out[query] = l.Args
	for _, q := range []core.Search{subscription.WebhookSearch(ctx, hook.WebhookFilter{}), ledger.DeliverySearch(ctx, hook.DeliveryFilter{}, page), ledger.EventSearch(ctx, hook.EventFilter{})} {
		query, args := q.Find(page)
		out[query] = args
	}
	return out
}

// TenantCounts are the counts of what a user sees.
var TenantCounts = []string{ledger.CountDeliveries.Own, ledger.CountEvents.Own, ledger.CountAttempts.Own}

// SealedColumns names every column that Rekey knows.
func SealedColumns() []string {
	var names []string
	for _, c := range core.SealedColumns {
		names = append(names, c.String())
	}
	return names
}

// SelectAudit is the list of the audit log, for the test of its cost.
var SelectAudit = access.SelectAudit

// DB is the pool.
func (s *Store) SQL() *sqlx.DB { return s.HousekeepingPool.DB }

// OpenSession opens a pool as a Store has them.
var OpenSession = core.OpenSession

// Unavailable sorts errors.
var Unavailable = core.Unavailable

// Query is a query with its arguments.
type Query struct {
	Text string
	Args []any
}

// DeliveryQueries are what a page of a list asks: for the rows, and for where it stops.
func DeliveryQueries(ctx context.Context, f hook.DeliveryFilter, page hook.Page) []Query {
	return queriesOf(ledger.DeliverySearch(ctx, f, page), page)
}

// WebhookQueries is DeliveryQueries for webhooks.
func WebhookQueries(ctx context.Context, f hook.WebhookFilter, page hook.Page) []Query {
	return queriesOf(subscription.WebhookSearch(ctx, f), page)
}

// UserQueries is DeliveryQueries for a search of users.
func UserQueries(text string, page hook.Page) []Query {
	return queriesOf(subscription.DirectorySearch("u.id", "users u", core.Way{Rest: subscription.LookedFor("u", text)}), page)
}

// EventQueries is DeliveryQueries for events.
func EventQueries(ctx context.Context, f hook.EventFilter, page hook.Page) []Query {
	return queriesOf(ledger.EventSearch(ctx, f), page)
}

// RecentQueries are what a page of the newest events before a moment asks: of projects, and of
// all.
func RecentQueries(projects any, since time.Time, before hook.Cursor, limit int) []Query {
	return []Query{
		{ledger.RecentEvents, []any{projects, since, before.Time, before.Sequence, before.ID, limit, true}},
		{ledger.RecentOfAll, []any{since, before.Time, before.Sequence, before.ID, limit, true}},
	}
}

func queriesOf(q core.Search, page hook.Page) []Query {
	query, args := q.Find(page)
	out := []Query{{query, args}}
	if q.Bounded(page) {
		query, args = q.Stops(page, nil)
		out = append(out, Query{query, args})
	}
	return out
}

// ReportQueries are what reports ask about everything, or about a webhook, from a
// time to another one, by their names; those of the user of ctx where it has one.
func ReportQueries(ctx context.Context, webhookID string, since, until time.Time) map[string]Query {
	out := map[string]Query{}
	for name, q := range map[string]ledger.PerTenant{"deliveries": ledger.CountDeliveries, "events": ledger.CountEvents, "attempts": ledger.CountAttempts} {
		query, args := ledger.Asked(ctx, q, since)
		out[name] = Query{query, args}
	}
	query, args := ledger.Asked(ctx, ledger.CountBacklog)
	out["backlog"] = Query{query, args}
	out["ledger"] = Query{ledger.CountLedger, []any{webhookID, since, until}}
	query, args = ledger.Undelivered.Find(hook.Page{Limit: 51}, webhookID, since, until)
	out["undelivered"] = Query{query, args}
	out["health"] = Query{health.SelectReport, []any{webhookID, since}}
	out["hours"] = Query{health.SelectHealthCounts, []any{webhookID, since}}
	return out
}

// MostScanned bounds what a page looks at.
const MostScanned = core.MostScanned

// BeginRead sets up a transaction as Snapshot does.
var BeginRead = core.BeginRead

// The statements of combinations, for the test of their cost.
const (
	AllowHappenings = intake.AllowHappenings
	OpenWindows     = intake.OpenWindows
	WindowEvents    = intake.WindowEvents
	PartsOfFiring   = intake.PartsOfFiring
	CloseEnded      = intake.CloseEnded
)
