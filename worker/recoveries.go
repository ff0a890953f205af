package worker

import (
	"context"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
)

// RecoveryClaims gives out the recoveries of webhooks that have begun, or that
// have not been looked at although it was time.
type RecoveryClaims interface {
	ClaimRecoveries(ctx context.Context, limit int, lease time.Duration) ([]hook.RecoveryClaim, error)
	// UnclaimRecoveries makes claimed recoveries due again at once.
	UnclaimRecoveries(ctx context.Context, claims []hook.RecoveryClaim) error
}

// RecoverStarter starts the workflow of a recovery, or has it look again.
type RecoverStarter interface {
	// StartRecover is workflows.ErrRefused when Temporal will never take it.
	StartRecover(ctx context.Context, claim hook.RecoveryClaim) error
}

// Recoveries takes due recoveries and starts their workflows: one whose workflow
// is gone comes to life again.
type Recoveries struct {
	Claims  RecoveryClaims
	Starter RecoverStarter
	Log     *zap.Logger
}

// Run starts workflows until ctx ends, and returns when no call is under way.
func (r *Recoveries) Run(ctx context.Context) {
	l := loop[hook.RecoveryClaim]{
		what: "recoveries", claim: r.Claims.ClaimRecoveries, unclaim: r.Claims.UnclaimRecoveries, tell: r.Starter.StartRecover,
		name: func(c hook.RecoveryClaim) []zap.Field {
			return []zap.Field{zap.String("webhook_id", c.WebhookID), zap.Int("outage", c.Outage)}
		},
		log: r.Log,
	}
	l.run(ctx)
}
