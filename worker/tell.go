package worker

import (
	"context"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/internal/store"
	"godwit/workflows"
)

// tells lists the loops that tell workflows what is due for them. wake says that a
// window is due; the others are found by polling.
func tells(s *store.Store, c *workflows.Client, wake <-chan struct{}, log *zap.Logger) []func(context.Context) {
	turns := windowTurns{store: s}
	windows := loop[hook.WindowClaim]{
		what: "combinations", claim: turns.claim, unclaim: s.UnclaimWindows, tell: c.NudgeCombine, wake: wake, log: log,
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

// windowTurns claims windows in the order in which they are due, and in turns of the
// owners of webhooks as long as there are more than can be told at once.
type windowTurns struct {
	store *store.Store
	many  bool   // there were as many as could be claimed
	after string // the last webhook whose turn it was
}

func (t *windowTurns) claim(ctx context.Context, limit int, lease time.Duration) (claims []hook.WindowClaim, err error) {
	if t.many {
		claims, err = t.inTurns(ctx, limit, lease)
	} else {
		claims, err = t.store.ClaimWindows(ctx, limit, lease)
	}
	t.many = len(claims) >= limit
	return claims, err
}

// inTurns goes on behind the last webhook, and after all of them from the first.
func (t *windowTurns) inTurns(ctx context.Context, limit int, lease time.Duration) ([]hook.WindowClaim, error) {
	claims, err := t.store.ClaimWindowsInTurns(ctx, t.after, limit, lease)
	if err == nil && len(claims) < limit && t.after != "" {
		// If this fails, the first claims go on all the same, and the next claim says why.
		first, _ := t.store.ClaimWindowsInTurns(ctx, "", limit-len(claims), lease)
		claims = append(claims, first...)
	}
	t.after = ""
	for _, c := range claims {
		t.after = max(t.after, c.WebhookID)
	}
	return claims, err
}
