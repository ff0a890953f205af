package api

import (
	"context"
	"errors"

	"godwit/api/view"
	"godwit/internal/hook"
)

// replacement is the delivery that took the place of another one.
type replacement struct {
	DeliveryID string `json:"delivery_id" pattern:"^dlv_[0-9a-v]{26}$" doc:"The delivery that took its place"`
	view.Deed
}

// DeliveryDeeds is what people did with a delivery, as far as the audit log goes back.
type DeliveryDeeds struct {
	SentAgain *view.Deed   `json:"sent_again" doc:"Who had it sent again: made in the place of another delivery, or released where it was held; null = it is the first one of its event"`
	Replaced  *replacement `json:"replaced" doc:"Who had another delivery made in its place; null = nobody had"`
	Cancelled *view.Deed   `json:"cancelled" doc:"Who cancelled it; null = nobody did"`
}

func viewDeeds(d hook.DeliveryDeeds) DeliveryDeeds {
	out := DeliveryDeeds{SentAgain: view.OfDeed(d.Made), Cancelled: view.OfDeed(d.Cancelled)}
	if d.Replaced != nil {
		out.Replaced = &replacement{DeliveryID: d.NewID, Deed: *view.OfDeed(d.Replaced)}
	}
	return out
}

// wasDeleted adds to the error of a webhook that is not found what it was, where the
// request could see it before it was deleted.
func (s *server) wasDeleted(ctx context.Context, id string, err error) error {
	var missing *hook.Error
	if !errors.As(err, &missing) || missing.Code != hook.CodeNotFound {
		return err
	}
	gone, failed := s.Store.DeletedWebhook(ctx, id)
	if failed != nil || gone == nil {
		return errors.Join(failed, err)
	}
	told := *missing
	told.Message, told.Deleted = "The webhook was deleted. Its deliveries are kept as long as their events.", gone
	return &told
}

// whoChanged adds to an error of another version who made that, where it is known.
func (s *server) whoChanged(ctx context.Context, id string, err error) error {
	var stale *hook.Error
	if !errors.As(err, &stale) || stale.Code != hook.CodeStale {
		return err
	}
	by, failed := s.Store.WebhookChange(ctx, id)
	if failed != nil {
		return failed
	}
	told := *stale
	told.Changed = by
	return &told
}
