package worker

import (
	"context"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
)

// RedeliveryClaims gives out the redeliveries of many that have begun, or that
// have made no step although it was time.
type RedeliveryClaims interface {
	ClaimRedeliveries(ctx context.Context, limit int, lease time.Duration) ([]hook.RedeliveryClaim, error)
	// UnclaimRedeliveries makes claimed redeliveries due again at once.
	UnclaimRedeliveries(ctx context.Context, claims []hook.RedeliveryClaim) error
}

// RedeliverStarter starts the workflow of a redelivery of many, or has it make
// its next step.
type RedeliverStarter interface {
	// StartRedeliver is workflows.ErrRefused when Temporal will never take it.
	StartRedeliver(ctx context.Context, claim hook.RedeliveryClaim) error
}

// Redeliveries takes due redeliveries of many and starts their workflows: one
// whose workflow is gone comes to life again.
type Redeliveries struct {
	Claims  RedeliveryClaims
	Starter RedeliverStarter
	Log     *zap.Logger
}

// Run starts workflows until ctx ends, and returns when no call is under way.
func (r *Redeliveries) Run(ctx context.Context) {
	l := loop[hook.RedeliveryClaim]{
		what: "redeliveries", claim: r.Claims.ClaimRedeliveries, unclaim: r.Claims.UnclaimRedeliveries, tell: r.Starter.StartRedeliver,
		name: func(c hook.RedeliveryClaim) []zap.Field {
			return []zap.Field{zap.String("redelivery_id", c.RedeliveryID)}
		},
		log: r.Log,
	}
	l.run(ctx)
}
