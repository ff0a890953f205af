package worker

import (
	"context"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
)

// WindowClaims gives out the windows of combinations in which something has
// happened, or should have.
type WindowClaims interface {
	ClaimWindows(ctx context.Context, limit int, lease time.Duration) ([]hook.WindowClaim, error)
	// UnclaimWindows makes claimed windows due again at once.
	UnclaimWindows(ctx context.Context, claims []hook.WindowClaim) error
}

// Nudger tells the workflow of a window that something has happened in it.
type Nudger interface {
	// NudgeCombine is workflows.ErrRefused when Temporal will never take it.
	NudgeCombine(ctx context.Context, claim hook.WindowClaim) error
}

// Windows takes due windows and tells their workflows, which it starts where
// they don't run: a window whose workflow is gone comes to life again.
type Windows struct {
	Claims WindowClaims
	Nudger Nudger
	// Wake says that there is something due; nil = only time does.
	Wake <-chan struct{}
	Log  *zap.Logger
}

// Run tells workflows until ctx ends, and returns when no call is under way.
func (w *Windows) Run(ctx context.Context) {
	l := loop[hook.WindowClaim]{
		what: "combinations", claim: w.Claims.ClaimWindows, unclaim: w.Claims.UnclaimWindows, tell: w.Nudger.NudgeCombine,
		name: func(c hook.WindowClaim) []zap.Field {
			return []zap.Field{zap.Int64("rule_id", c.RuleID), zap.String("key", c.Key)}
		},
		wake: w.Wake, log: w.Log,
	}
	l.run(ctx)
}
