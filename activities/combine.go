package activities

import (
	"context"

	"go.uber.org/zap"

	"godwit/internal/hook"
)

// AdvanceInput names a window of a combination: its rule, and the hash of the
// value that the parts share.
type AdvanceInput struct {
	RuleID int64
	Key    string
}

// Advance makes of a window what follows from what has happened in it. Its result holds
// ids alone. Workers call it; it is an activity of the workflows of earlier versions, too.
func (a *Activities) Advance(ctx context.Context, in AdvanceInput) (hook.Progress, error) {
	p, err := a.Steps.Advance(ctx, in.RuleID, in.Key)
	if err != nil {
		return p, err
	}
	for _, eventID := range p.Fired {
		a.Log.Info("combination.fired", zap.Int64("rule_id", in.RuleID), zap.String("event_id", eventID))
	}
	if len(p.Fired) > 0 && a.Wake != nil {
		a.Wake()
	}
	return p, nil
}
