package app

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.uber.org/zap"

	"godwit/internal/config"
	"godwit/workflows"
)

// History fetches the history of the newest workflow that carried a delivery.
// It needs Temporal alone.
func History(ctx context.Context, cfg config.Config, deliveryID string) (*history.History, error) {
	c, err := connect(cfg, zap.NewNop())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var newest *history.History
	for generation := 1; ; generation++ {
		h, err := workflows.FetchHistory(ctx, c, workflows.DeliverID(deliveryID, generation))
		var missing *serviceerror.NotFound
		switch {
		case errors.As(err, &missing) && newest != nil:
			return newest, nil
		case errors.As(err, &missing):
			return nil, fmt.Errorf("there is no workflow of delivery %q in namespace %q of the Temporal at %s", deliveryID, cfg.TemporalNamespace, cfg.TemporalAddress)
		case err != nil:
			return nil, err
		}
		newest = h
	}
}
