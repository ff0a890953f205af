package activities

import (
	"context"

	"go.uber.org/zap"

	"godwit/internal/hook"
)

// RedeliverStepInput names a redelivery of many.
type RedeliverStepInput struct {
	// RedeliveryID has the name in JSON that histories have.
	RedeliveryID string `json:"RecoveryID"`
}

// RedeliverStep lets the next deliveries of a redelivery of many go, if there is
// room for them. What was done stands in the database alone.
func (a *Activities) RedeliverStep(ctx context.Context, in RedeliverStepInput) (hook.RedeliveryStep, error) {
	step, err := a.Steps.RedeliverStep(ctx, in.RedeliveryID)
	if err != nil {
		return step, err
	}
	if step.Released > 0 {
		a.Log.Info("redelivery.stepped", zap.String("redelivery_id", in.RedeliveryID), zap.Int("deliveries", step.Released))
		if a.Wake != nil {
			a.Wake()
		}
	}
	return step, nil
}
