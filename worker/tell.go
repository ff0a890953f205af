package worker

import (
	"context"

	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/internal/store"
	"godwit/workflows"
)

// tells lists the loops that tell workflows what is due for them. wake says that a
// window is due; the others are found by polling.
func tells(s *store.Store, c *workflows.Client, wake <-chan struct{}, log *zap.Logger) []func(context.Context) {
	windows := loop[hook.WindowClaim]{
		what: "combinations", claim: s.ClaimWindows, unclaim: s.UnclaimWindows, tell: c.NudgeCombine, wake: wake, log: log,
		name: func(c hook.WindowClaim) []zap.Field {
			return []zap.Field{zap.Int64("rule_id", c.RuleID), zap.String("key", c.Key)}
		},
	}
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
	return []func(context.Context){windows.run, recoveries.run, redeliveries.run}
}
