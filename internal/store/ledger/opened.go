package ledger

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/subscription"
)

const webhooksByID = `SELECT ` + subscription.WebhookColumns + ` FROM webhooks w WHERE w.id = ANY($1) AND w.deleted_at IS NULL`

// BegunOne is a delivery whose first attempt was begun.
type BegunOne struct {
	DeliveryID string
	WebhookID  string
	Version    int64  // of the webhook
	Event      int    // its place among those of an ingest
	Kept       string // what the delivery keeps; see Store.WithKept
	Drains     bool   // it has a slot of a webhook that releases what was held
}

func idsOf(begun []BegunOne) []string {
	ids := make([]string, len(begun))
	for i, b := range begun {
		ids[i] = b.DeliveryID
	}
	return ids
}

// OpenedFor gives the webhooks of the deliveries whose attempts were begun. What
// was begun of one that can't be sent to any more is given back, to be looked at
// again: it was changed this very moment. What was begun of one that is not
// Sendable fails. With an error all is given back.
func (s *Store) OpenedFor(ctx context.Context, begun []BegunOne) (map[string]hook.Webhook, error) {
	open, missing, drains := map[string]hook.Webhook{}, map[string][]string{}, map[string]bool{}
	for _, b := range begun {
		if w, ok := s.opened.find(b.WebhookID, b.Version); ok {
			open[b.WebhookID] = w
			continue
		}
		missing[b.WebhookID] = append(missing[b.WebhookID], b.DeliveryID)
		drains[b.WebhookID] = b.Drains
	}
	if len(missing) == 0 {
		return open, nil
	}
	unreadable, err := s.openMissing(ctx, missing, drains, open)
	if err != nil {
		return nil, errors.Join(err, s.GiveBack(ctx, idsOf(begun)))
	}
	var back, failed []string
	for id, deliveries := range missing {
		switch _, ok := open[id]; {
		case slices.Contains(unreadable, id):
			failed = append(failed, deliveries...)
		case !ok:
			back = append(back, deliveries...)
		}
	}
	if err := s.failUnsent(ctx, failed); err != nil {
		back = append(back, failed...)
	}
	if len(back) == 0 {
		return open, nil
	}
	return open, s.GiveBack(ctx, back)
}

// failUnsent ends deliveries whose first attempts were begun and can't be made,
// because their webhook is not Sendable.
func (s *Store) failUnsent(ctx context.Context, deliveryIDs []string) error {
	if len(deliveryIDs) == 0 {
		return nil
	}
	_, err := s.On(ctx).ExecContext(ctx, `
		UPDATE deliveries d SET status = 'failed', reason = $2, attempts = 0, begun_at = NULL, slot_until = NULL, dispatch_at = NULL, finished_at = now(), updated_at = now()
		WHERE d.id = ANY($1) AND d.status = 'pending' AND `+unrecorded+` AND d.generation = 1`, pq.Array(deliveryIDs), hook.ReasonInternal)
	return core.Classify("end what can't be sent", err)
}

// openMissing opens webhooks, and gives those that are not Sendable.
func (s *Store) openMissing(ctx context.Context, missing map[string][]string, drains map[string]bool, open map[string]hook.Webhook) (unreadable []string, err error) {
	ids := make([]string, 0, len(missing))
	for id := range missing {
		ids = append(ids, id)
	}
	webhooks, err := core.Rows(ctx, s.DB, webhooksByID, []any{pq.Array(ids)}, core.Plain(s.WebhookOf))
	if err != nil {
		return nil, err
	}
	for _, w := range webhooks {
		if !w.Sendable() {
			unreadable = append(unreadable, w.ID)
			continue
		}
		if drains[w.ID] {
			w.Drain = 0 // the others are given out in the meantime without it
		}
		if w.Enabled && (drains[w.ID] || !w.Limited()) {
			s.opened.keep(w)
			open[w.ID] = w
		}
	}
	return unreadable, nil
}

// takeWithin bounds one take. It fits into the time after which what it has begun
// is due again.
const takeWithin = 8 * time.Second

// giveBack undoes Take for attempts that were never made.
const giveBackTaken = `
UPDATE deliveries d SET attempts = 0, begun_at = NULL, slot_until = NULL, dispatch_at = CASE WHEN d.status = 'pending' THEN now() END
WHERE d.id = ANY($1) AND ` + unrecorded + ` AND d.generation = 1`

// GiveBack undoes Take for first attempts that were begun and that nobody has
// made or will make: their deliveries are due at once, as if never taken.
func (s *Store) GiveBack(ctx context.Context, deliveryIDs []string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(core.Via(ctx, s.AttemptsPool)), takeWithin)
	defer cancel()
	_, err := s.On(ctx).ExecContext(ctx, giveBackTaken, pq.Array(deliveryIDs))
	return core.Classify("give back what was taken", err)
}
