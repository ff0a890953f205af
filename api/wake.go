package api

import (
	"context"

	"godwit/internal/hook"
)

// lateWakes are the wake-ups of a request that is carried out in one transaction: they
// are of use when it has committed.
type lateWakes map[hook.Due]struct{}

type lateWakesKey struct{}

// wake tells the workers that something is due. Within the transaction of a request
// with an idempotency key it is kept until that has committed.
func (s *server) wake(ctx context.Context, due hook.Due) {
	if late, ok := ctx.Value(lateWakesKey{}).(lateWakes); ok {
		late[due] = struct{}{}
		return
	}
	if s.Wake != nil {
		s.Wake(due)
	}
}
