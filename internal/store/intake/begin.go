package intake

import (
	"context"
	"slices"
	"strings"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/ledger"
)

// room is what an ingest may begin: nothing in a transaction that goes on, since
// nobody else sees its deliveries yet. What there is room for it inserts as begun, so
// that an attempt needs no further statement; all else is due and waits for Take.
func (s *Store) room(ctx context.Context) hook.Take {
	if core.TxOf(ctx) != nil {
		return hook.Take{}
	}
	return s.firsts.Room()
}

// beginFirsts has the attempts made that were begun of these events, in the order
// of their deliveries. An attempt whose webhook can't be read now is given back,
// and where that fails too it is found lost: the events are accepted in any case.
func (s *Store) beginFirsts(ctx context.Context, of []hook.Event, found []ingested) {
	var begun []ledger.BegunOne
	for i, r := range found {
		for k, id := range r.begun.deliveries {
			begun = append(begun, ledger.BegunOne{DeliveryID: id, WebhookID: r.webhooks[k], Version: r.begun.versions[k], Event: i, Kept: r.begun.kept[k]})
		}
	}
	if len(begun) == 0 {
		return
	}
	webhooks, _ := s.OpenedFor(ctx, begun)
	slices.SortFunc(begun, func(a, b ledger.BegunOne) int { return strings.Compare(a.DeliveryID, b.DeliveryID) })
	parcels := make([]hook.Parcel, 0, len(begun)) // they are large
	for _, b := range begun {
		w, open := webhooks[b.WebhookID]
		if !open {
			continue
		}
		p, err := s.WithKept(ctx, found[b.Event].parcel(of[b.Event], b.DeliveryID, w), b.Kept)
		if err != nil {
			_ = s.NotMade(ctx, b.DeliveryID, err)
			continue
		}
		parcels = append(parcels, p)
	}
	s.firsts.Begin(parcels)
}

// parcel is what the attempt needs that was begun of the event e.
func (r ingested) parcel(e hook.Event, deliveryID string, w hook.Webhook) hook.Parcel {
	at := r.begun.acceptedAt.UTC()
	e.CompanyID, e.OccurredAt, e.AcceptedAt = r.companyID.String, r.occurredAt.Time.UTC(), at
	e.Sequence, e.ProjectName, e.CompanyName = r.begun.sequence.Int64, r.begun.projectName.String, r.begun.companyName.String
	e.Kind = hook.KindOf(e.Type, false)
	return hook.Parcel{
		Delivery: hook.Delivery{
			ID: deliveryID, EventID: e.ID, WebhookID: w.ID, EventType: e.Type, ProjectID: e.ProjectID, CompanyID: e.CompanyID,
			Status: hook.Pending, Attempts: 1, Generation: 1, CreatedAt: at, UpdatedAt: at,
		},
		Event: e, Webhook: w, Now: at,
	}
}
