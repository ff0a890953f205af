package access

import (
	"context"
	"fmt"
	"net/http"

	"godwit/internal/hook"
)

type headerKey struct{}

// withHeader gives a context by which a handler reaches the headers of the answer
// itself, also where what it answers is kept: what is left of a limit is of now.
func withHeader(ctx context.Context, h http.Header) context.Context {
	return context.WithValue(ctx, headerKey{}, h)
}

// TellQuotas says in the answer's headers what is left of some quotas.
func TellQuotas(ctx context.Context, all ...hook.Quota) {
	h, ok := ctx.Value(headerKey{}).(http.Header)
	if !ok {
		return
	}
	for _, q := range all {
		if q.Limit == 0 {
			continue
		}
		policy, left := fmt.Sprintf(`"%s";q=%d`, q.Name, q.Limit), fmt.Sprintf(`"%s";r=%d`, q.Name, q.Left())
		if q.Window > 0 {
			policy += fmt.Sprintf(";w=%d", Seconds(q.Window))
			left += fmt.Sprintf(";t=%d", Seconds(q.Until()))
		}
		h.Add("RateLimit-Policy", policy)
		h.Add("RateLimit", left)
	}
}
