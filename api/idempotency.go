package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"godwit/api/access"
	"godwit/internal/hook"
)

// once carries a request with an idempotency key out in one transaction with the
// keeping of its answer. Without one it is no more than a look at the headers.
func (s *server) once(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	if len(c.Request.Header.Values(access.HeaderIdempotencyKey)) == 0 {
		next(ctx)
		return
	}
	raw, problem := access.ReadBody(ctx, bodyLimit(ctx))
	if problem != nil {
		s.refuse(ctx, problem)
		return
	}
	k, err := access.IdempotencyKeyOf(ctx, raw, modeOf(c.Request.Header))
	if err == nil {
		ctx, err = readAhead(ctx, raw)
	}
	if err != nil {
		s.refuse(ctx, err)
		return
	}
	var first access.Answer
	var woken lateWakes
	kept, again, err := s.Store.Once(ctx.Context(), k, func(within context.Context) []byte {
		woken = lateWakes{}
		within = context.WithValue(within, lateWakesKey{}, woken)
		first = access.Record(c, func() { next(huma.WithContext(ctx, within)) })
		answer := first.Encode()
		access.BodyOf(c, access.ShareOf(within)).Charge(within, len(answer))
		return answer
	})
	switch {
	case err != nil:
		s.refuse(ctx, comeAgain(err))
	case again:
		s.replay(ctx, kept)
	default:
		first.Send(c.Writer)
		for due := range woken {
			s.wake(ctx.Context(), due)
		}
	}
}

// readAhead lets the route's reader read the body.
func readAhead(ctx huma.Context, raw []byte) (huma.Context, error) {
	if ahead := access.ContentOf(ctx.Operation()).Ahead; ahead != nil {
		return ahead(ctx, raw)
	}
	return ctx, nil
}

// replay answers as the first time.
func (s *server) replay(ctx huma.Context, kept []byte) {
	var first access.Answer
	if err := json.Unmarshal(kept, &first); err != nil {
		s.refuse(ctx, fmt.Errorf("decode a kept answer: %w", err))
		return
	}
	first.Header.Set("Idempotency-Replayed", "true")
	first.Send(humagin.Unwrap(ctx).Writer)
}

// comeAgain has those who come too early wait.
func comeAgain(err error) error {
	if hook.CodeOf(err) != hook.CodeConflict {
		return err
	}
	p := access.ProblemOf(err)
	p.Wait = time.Second
	return p
}
