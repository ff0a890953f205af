package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"godwit/internal/config"
	"godwit/workflows"
)

// History fetches the history of the newest workflow that carried a delivery,
// be it alone or together with others. It needs Temporal alone.
func History(ctx context.Context, cfg config.Config, deliveryID string) (*history.History, error) {
	c, err := connect(ctx, cfg, zap.NewNop(), observers{})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	newest, err := firstHistory(ctx, c, deliveryID)
	for generation := 2; err == nil; generation++ {
		var h *history.History
		if h, err = fetched(workflows.FetchHistory(ctx, c, workflows.DeliverID(deliveryID, generation))); h == nil {
			break
		}
		newest = h
	}
	if err == nil && newest == nil {
		err = fmt.Errorf("there is no workflow of delivery %q in namespace %q of the Temporal at %s", deliveryID, cfg.TemporalNamespace, cfg.TemporalAddress)
	}
	return newest, err
}

// ReplayAll replays the histories of all workflows that run, and of those that started
// within a time. It needs Temporal alone.
func ReplayAll(ctx context.Context, cfg config.Config, since time.Duration, limit int) (workflows.Replayed, error) {
	c, err := connect(ctx, cfg, zap.NewNop(), observers{})
	if err != nil {
		return workflows.Replayed{}, err
	}
	defer c.Close()
	return workflows.ReplayAll(ctx, c, time.Now().Add(-since), limit)
}

// firstHistory is that of the workflow of generation 1; nil = there is none.
func firstHistory(ctx context.Context, c client.Client, deliveryID string) (*history.History, error) {
	h, err := fetched(workflows.FetchHistory(ctx, c, workflows.DeliverID(deliveryID, 1)))
	if h != nil || err != nil {
		return h, err
	}
	batch, err := workflows.FindBatch(ctx, c, deliveryID)
	if batch == "" || err != nil {
		return nil, err
	}
	return fetched(workflows.FetchHistory(ctx, c, batch))
}

// fetched is nil where there is no such workflow.
func fetched(h *history.History, err error) (*history.History, error) {
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return nil, nil
	}
	return h, err
}
