package api

import (
	"context"

	"godwit/api/view"
	"godwit/internal/hook"
)

// redelivery is a delivery that takes the place of another one.
type redelivery struct {
	Delivery
	DeliveryDeeds
	Attempts   []view.Attempt `json:"attempts" nullable:"false" maxItems:"100" doc:"Its HTTP requests, the first one first"`
	DeliveryID string         `json:"delivery_id" doc:"The id of the new delivery"`
}

func (s *server) redeliver(ctx context.Context, in *ByID) (*reply[redelivery], error) {
	d, err := s.edited(ctx, in, s.Store.Redeliver)
	if err != nil {
		return nil, err
	}
	made := *in
	made.ID = d.ID
	shown, err := s.delivery(ctx, &made)
	if err != nil {
		return nil, err
	}
	return &reply[redelivery]{Body: redelivery{Delivery: shown.Body.Delivery, DeliveryDeeds: shown.Body.DeliveryDeeds, Attempts: shown.Body.Attempts, DeliveryID: d.ID}}, nil
}

func (s *server) retryNow(ctx context.Context, in *ByID) (*reply[deliveryDetail], error) {
	if _, err := s.edited(ctx, in, s.Store.RetryNow); err != nil {
		return nil, err
	}
	return s.delivery(ctx, in)
}

func (s *server) cancel(ctx context.Context, in *ByID) (*reply[deliveryDetail], error) {
	if _, err := s.edited(ctx, in, s.Store.Cancel); err != nil {
		return nil, err
	}
	return s.delivery(ctx, in)
}

// edited carries an edit out and wakes whoever delivers.
func (s *server) edited(ctx context.Context, in *ByID, edit func(context.Context, string) (hook.Delivery, error)) (hook.Delivery, error) {
	if err := pathID(in.ID); err != nil {
		return hook.Delivery{}, err
	}
	d, err := edit(ctx, in.ID)
	if err == nil {
		s.wake(ctx, hook.DueDeliveries)
	}
	return d, err
}
