package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"godwit/activities"
	"godwit/internal/hook"
	"godwit/internal/store"
)

// windows is the loop that advances windows of combinations to which events have come.
// wake says that one is due.
func windows(s *store.Store, a *activities.Activities, wake <-chan struct{}, log *zap.Logger) *loop[hook.WindowClaim] {
	turns := windowTurns{store: s}
	return &loop[hook.WindowClaim]{
		what: "combinations", claim: turns.claim, unclaim: s.UnclaimWindows, wake: wake, log: log,
		tell: func(ctx context.Context, c hook.WindowClaim) error { return advance(ctx, a, c) },
		name: func(c hook.WindowClaim) []zap.Field {
			return []zap.Field{zap.Int64("rule_id", c.RuleID), zap.String("key", c.Key)}
		},
	}
}

// advance advances a window. What ails one window leaves the others to go on; it is tried
// again when its lease is over.
func advance(ctx context.Context, a *activities.Activities, c hook.WindowClaim) error {
	_, err := a.Advance(ctx, activities.AdvanceInput{RuleID: c.RuleID, Key: c.Key})
	away := hook.CodeOf(err) == hook.CodeUnavailable && !errors.Is(err, hook.ErrLocked)
	if err == nil || errors.Is(ctx.Err(), context.Canceled) || away && ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("%w: %w", errClaim, err)
}

// windowTurns claims windows in the order in which they are due, and in turns of the
// owners of webhooks as long as there are more than can be claimed at once.
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
