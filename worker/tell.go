package worker

import (
	"context"

	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/internal/store"
	"godwit/workflows"
)

// tells lists the loops that tell workflows what is due for them, which is found by
// polling.
func tells(s *store.Store, c *workflows.Client, log *zap.Logger) []func(context.Context) {
	recoveries := loop[hook.RecoveryClaim]{
		what: "recoveries", claim: s.ClaimRecoveries, unclaim: s.UnclaimRecoveries, tell: c.StartRecover, log: log,
		name: func(c hook.RecoveryClaim) []zap.Field {
			return []zap.Field{zap.String("webhook_id", c.WebhookID), zap.Int("outage", c.Outage)}
		},
	}
	redeliveries := loop[hook.RedeliveryClaim]{
		what: "redeliveries", claim: s.ClaimRedeliveries, unclaim: s.UnclaimRedeliveries, tell: c.StartRedeliver, log: log,
		name: func(c hook.RedeliveryClaim) []zap.Field {
			return []zap.Field{zap.String("redelivery_id", c.RedeliveryID)}
		},
	}
	return []func(context.Context){recoveries.run, redeliveries.run}
}
