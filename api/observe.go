package api

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"godwit/api/access"
	"godwit/internal/hook"
)

// RejectionCodes lists the codes of problems that a request with events may be
// answered with.
func RejectionCodes() []string {
	var out []string
	for _, k := range access.Kinds() {
		out = append(out, k.Code)
	}
	return out
}

// count counts a request, and one with events that was rejected as a whole. What a
// batch rejects of its events is counted where that is decided.
func (s *server) count(c *gin.Context) {
	if s.Metrics == nil {
		return
	}
	start := time.Now()
	c.Next()
	if !timed(c) {
		return
	}
	kind, status := "other", c.Writer.Status()
	if c.Request.Method == http.MethodPost && publishes(c.FullPath()) {
		kind = "events"
		if status >= http.StatusBadRequest {
			k, known := access.KindWith(status)
			if !known {
				k.Code = access.CodeInternal
			}
			s.rejected(k.Code)
		}
	}
	s.Metrics.Answered(kind, status, time.Since(start))
}

// timed says whether a request tells how the API does: its caller decides how
// long a stream lasts, and how the play receiver answers.
func timed(c *gin.Context) bool {
	return c.FullPath() != hook.PlayPath+":id" && c.Writer.Header().Get("Content-Type") != "text/event-stream"
}

// publishes says whether events are posted to the path of a route.
func publishes(path string) bool { return path == "/v1/events" || path == "/v1/events/batch" }
