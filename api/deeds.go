package api

import (
	"context"
	"errors"
	"time"

	"godwit/internal/hook"
)

// Deed is what someone did, and when.
type Deed struct {
	At    time.Time `json:"at" doc:"When"`
	Actor *string   `json:"actor" maxLength:"128" doc:"The person behind it: a user's id, admin, or a key's id; null = Godwit itself, or it is not known any more"`
}

func viewDeed(d *hook.Deed) *Deed {
	if d == nil {
		return nil
	}
	return &Deed{At: d.At.UTC(), Actor: optional(d.Actor)}
}

// deleted is what is left of a webhook that was deleted.
type deleted struct {
	Name string `json:"name" doc:"Its name for people"`
	Deed
}

func viewDeleted(w *hook.DeletedWebhook) *deleted {
	if w == nil {
		return nil
	}
	return &deleted{Name: w.Name, Deed: *viewDeed(&w.Deed)}
}

// replacement is the delivery that took the place of another one.
type replacement struct {
	DeliveryID string `json:"delivery_id" pattern:"^dlv_[0-9a-v]{26}$" doc:"The delivery that took its place"`
	Deed
}

// DeliveryDeeds is what people did with a delivery, as far as the audit log goes back.
type DeliveryDeeds struct {
	SentAgain *Deed        `json:"sent_again" doc:"Who had it sent again: made in the place of another delivery, or released where it was held; null = it is the first one of its event"`
	Replaced  *replacement `json:"replaced" doc:"Who had another delivery made in its place; null = nobody had"`
	Cancelled *Deed        `json:"cancelled" doc:"Who cancelled it; null = nobody did"`
}

func viewDeeds(d hook.DeliveryDeeds) DeliveryDeeds {
	out := DeliveryDeeds{SentAgain: viewDeed(d.Made), Cancelled: viewDeed(d.Cancelled)}
	if d.Replaced != nil {
		out.Replaced = &replacement{DeliveryID: d.NewID, Deed: *viewDeed(d.Replaced)}
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
