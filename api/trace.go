package api

import (
	"cmp"
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"godwit/internal/hook"
)

type traceParentKey struct{}

// traceParent is what events of the request keep; "" = nothing.
func traceParent(ctx context.Context) string {
	parent, _ := ctx.Value(traceParentKey{}).(string)
	return parent
}

// trace keeps the producer's traceparent for events that are published, and makes a
// span under it where traces are on.
func (s *server) trace(c *gin.Context) {
	if c.Request.Method != http.MethodPost || !publishes(c.FullPath()) {
		return
	}
	parent := hook.TraceParent(c.GetHeader("traceparent"))
	if parent == "" && s.Traces == nil {
		return
	}
	ctx, span := s.Traces.Accept(c.Request.Context(), parent)
	ctx = context.WithValue(ctx, traceParentKey{}, cmp.Or(span.TraceParent(), parent))
	c.Request = c.Request.WithContext(ctx)
	c.Next()
	span.EndAccept(c.Writer.Status())
}
