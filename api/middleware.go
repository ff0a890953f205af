package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"godwit/api/access"
	"godwit/internal/hook"
)

// log writes one line a request, without the query, which may hold ids of people.
func (s *server) log(c *gin.Context) {
	start := time.Now()
	c.Next()
	if line := s.Log.Check(zap.DebugLevel, "request.answered"); line != nil {
		line.Write(
			zap.String("method", c.Request.Method), zap.String("path", shownPath(c.Request.URL.Path)),
			zap.Int("status", c.Writer.Status()), zap.Int("bytes", c.Writer.Size()),
			zap.Duration("duration", time.Since(start)), zap.String("request_id", access.RequestID(c.Request.Context())))
	}
}

// recover turns a panic into a 500 and a log line with its stack.
func (s *server) recover(c *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
			panic(cause)
		}
		s.Log.Error("panic in a handler", zap.Any("cause", cause), zap.Stack("stack"),
			zap.String("request_id", access.RequestID(c.Request.Context())))
		if !c.Writer.Written() {
			s.fail(c, access.NewProblem(access.CodeInternal, "The request could not be carried out."))
		}
	}()
	c.Next()
}

// shownPath is the path of a request as logs have it: whoever knows that of a play
// address can send to it.
func shownPath(path string) string {
	if strings.HasPrefix(path, hook.PlayPath) {
		return hook.PlayPath + "…"
	}
	return path
}
