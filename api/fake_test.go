package api

import (
	"context"
	"slices"
	"time"

	"godwit/internal/hook"
	"godwit/internal/match"
	"godwit/internal/store"
)

// fake is a store in memory for what is not tested on a database yet; the rest is on
// disk. When err is set, every call that the fake answers fails with it.
type fake struct {
	err        error
	disk       *store.Store
	webhooks   []hook.Webhook
	events     []hook.Event
	deliveries []hook.Delivery
	attempts   []hook.Attempt
	// refuse answers Ingest for events of this type.
	refuse map[string]*hook.Error
	// asked is the last filter that a list was asked for.
	askedFilter any
	// question is the last that Preview was asked; these are its and Explain's answers.
	question    match.Question
	preview     match.Preview
	searched    match.Search
	found       match.Found
	explanation match.Explanation
	unreachable []hook.UnreachableRule
	reports     reports
	recovery    *hook.Recovery
	// stopped is where a list stops before its first page is full; nil = it does not.
	stopped *hook.Cursor
	// hidden is the id of what can't be seen.
	hidden string
	// causes are what has happened to webhooks; probe is what a probe comes to.
	causes []hook.Cause
	probe  hook.Result
	// erased is what was asked to be expunged.
	erased []string
	// quotas are those of every user.
	quotas []hook.Quota
	// inside says that Once runs a request now.
	inside bool
	// checked is how many events were held to their schemas.
	checked int
	// locked is how often a webhook was locked to change it.
	locked int
}

// onDisk is what the fake does not answer.
type onDisk struct{ *store.Store }

// storeInMemory is the fake with all its parts.
type storeInMemory struct {
	*fake
	onDisk
	hooks
	eventsOf
	deliveriesOf
	draftsOf
	edits
	reportsOf
	listenersOf
}

func (f *fake) store() Store {
	return storeInMemory{f, onDisk{f.disk}, hooks{f}, eventsOf{f}, deliveriesOf{f}, draftsOf{f}, edits{f}, reportsOf{f},
		listenersOf{f}}
}

// Visible is asked about each id that users may name.
func (f *fake) Visible(_ context.Context, _ hook.Kind, id string) error {
	if id == f.hidden {
		return notFound()
	}
	return nil
}

// Snapshot has one moment: now.
func (f *fake) Snapshot(ctx context.Context, read func(context.Context) error) error {
	return read(ctx)
}

// Once keeps nothing: it runs every time.
func (f *fake) Once(ctx context.Context, _ hook.IdempotencyKey, run func(context.Context) []byte) ([]byte, bool, error) {
	f.inside = true
	defer func() { f.inside = false }()
	return run(ctx), false, f.err
}

// ExpungeEvent and EraseUser note what they are asked for.
func (f *fake) ExpungeEvent(_ context.Context, id string) error {
	f.erased = append(f.erased, "event "+id)
	return f.err
}

func (f *fake) EraseUser(_ context.Context, id string) error {
	f.erased = append(f.erased, "user "+id)
	return f.err
}

func (f *fake) ErasedAt(_ context.Context, id string) (time.Time, error) {
	if id == "erased" {
		return now(), nil
	}
	return time.Time{}, nil
}

// UserQuotas are what quotas were set to.
func (f *fake) UserQuotas(context.Context, string) ([]hook.Quota, error) { return f.quotas, f.err }

func now() time.Time { return time.Date(2026, 5, 4, 9, 30, 0, 123456000, time.UTC) }

func notFound() error { return hook.Errorf(hook.CodeNotFound, "There is no such thing.") }

// place finds the row with this id; -1 = none.
func place[T any](rows []T, id string, key func(T) string) int {
	return slices.IndexFunc(rows, func(r T) bool { return key(r) == id })
}

func upsert[T any](rows *[]T, row T, key func(T) string) bool {
	if i := place(*rows, key(row), key); i >= 0 {
		(*rows)[i] = row
		return false
	}
	*rows = append(*rows, row)
	return true
}

func find[T any](rows []T, id string, key func(T) string) (T, error) {
	if i := place(rows, id, key); i >= 0 {
		return rows[i], nil
	}
	var zero T
	return zero, notFound()
}

func drop[T any](rows *[]T, id string, key func(T) string) error {
	i := place(*rows, id, key)
	if i < 0 {
		return notFound()
	}
	*rows = slices.Delete(*rows, i, i+1)
	return nil
}

// cut gives the page of rows, which are newest first already.
func cut[T any](rows []T, p hook.Page, key func(T) string) []T {
	if p.After != nil {
		rows = rows[place(rows, p.After.ID, key)+1:]
	}
	return rows[:min(len(rows), p.Limit)]
}

func webhookID(w hook.Webhook) string   { return w.ID }
func eventID(e hook.Event) string       { return e.ID }
func deliveryID(d hook.Delivery) string { return d.ID }

// PutCompany and Company fail as a test says.
func (f *fake) PutCompany(ctx context.Context, c hook.Company) (hook.Company, bool, error) {
	if f.err != nil {
		return c, false, f.err
	}
	return f.disk.PutCompany(ctx, c)
}

func (f *fake) Company(ctx context.Context, id string) (hook.Company, error) {
	if f.err != nil {
		return hook.Company{}, f.err
	}
	return f.disk.Company(ctx, id)
}

type hooks struct{ *fake }

func (h hooks) CreateWebhook(_ context.Context, w hook.Webhook) (hook.Webhook, error) {
	w.Version, w.CreatedAt, w.UpdatedAt = 1, now(), now()
	h.webhooks = append(h.webhooks, w)
	return w, h.err
}

func (h hooks) Webhook(_ context.Context, id string) (hook.Webhook, error) {
	return find(h.webhooks, id, webhookID)
}

func (h hooks) WebhookByKey(_ context.Context, ownerID, key string) (hook.Webhook, error) {
	if h.err != nil {
		return hook.Webhook{}, h.err
	}
	return find(h.webhooks, ownerID+" "+key, func(w hook.Webhook) string { return w.OwnerID + " " + w.Key })
}

func (h hooks) Webhooks(_ context.Context, filter hook.WebhookFilter, p hook.Page) ([]hook.Webhook, error) {
	h.askedFilter = filter
	return cut(h.webhooks, p, webhookID), h.err
}

func (h hooks) UpdateWebhook(_ context.Context, id string, version int64, change func(*hook.Webhook) error) (hook.Webhook, error) {
	w, err := find(h.webhooks, id, webhookID)
	if err != nil {
		return w, err
	}
	if version != 0 && version != w.Version {
		return w, hook.Errorf(hook.CodeStale, "The webhook has changed.")
	}
	h.locked++
	if err := change(&w); err != nil {
		return w, err
	}
	w.Version++
	upsert(&h.webhooks, w, webhookID)
	return w, nil
}

func (h hooks) RotateSecret(ctx context.Context, id string, rotate func(*hook.Webhook) error) (hook.Webhook, error) {
	return h.UpdateWebhook(ctx, id, 0, rotate)
}

func (h hooks) DeleteVersion(_ context.Context, id string, version int64) error {
	if w, err := find(h.webhooks, id, webhookID); err == nil && version != 0 && version != w.Version {
		return hook.Errorf(hook.CodeStale, "The webhook has changed.")
	}
	return drop(&h.webhooks, id, webhookID)
}

func (h hooks) Happen(_ context.Context, id string, c hook.Cause) (before, after hook.Health, err error) {
	w, err := find(h.webhooks, id, webhookID)
	if err != nil {
		return before, after, err
	}
	h.causes = append(h.causes, c)
	after = before.After(c.What)
	w.Enabled, w.Status, w.DisabledReason = after.Enabled, hook.Healthy, after.DisabledReason
	upsert(&h.webhooks, w, webhookID)
	return before, after, nil
}

func (h hooks) Reach(_ context.Context, w *hook.Webhook) error {
	w.Unreachable, w.OpenWindows, w.WindowsRefused, w.Recovery = h.unreachable, 3, 1, h.recovery
	return h.err
}

type eventsOf struct{ *fake }

func (e eventsOf) Event(_ context.Context, id string) (hook.Event, error) {
	return find(e.events, id, eventID)
}

func (e eventsOf) Events(_ context.Context, filter hook.EventFilter, p hook.Page) ([]hook.Event, error) {
	e.askedFilter = filter
	return cut(e.events, p, eventID), e.err
}

func (e eventsOf) Judging(context.Context, string) (bool, error) { return false, e.err }

type deliveriesOf struct{ *fake }

func (d deliveriesOf) Delivery(_ context.Context, id string) (hook.Delivery, error) {
	return find(d.deliveries, id, deliveryID)
}

func (d deliveriesOf) Deliveries(_ context.Context, filter hook.DeliveryFilter, p hook.Page) ([]hook.Delivery, error) {
	d.askedFilter = filter
	if d.stopped != nil && p.After == nil {
		*p.Stopped = *d.stopped
		return nil, d.err
	}
	return cut(d.deliveries, p, deliveryID), d.err
}

func (d deliveriesOf) Attempts(context.Context, string) ([]hook.Attempt, error) {
	return d.attempts, d.err
}

func deliveryOfTests() hook.Delivery {
	return hook.Delivery{ID: "dlv_1", EventID: "e1", Status: hook.Pending, CreatedAt: now(), UpdatedAt: now()}
}
