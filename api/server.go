package api

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"godwit/api/access"
	"godwit/internal/hook"
	"godwit/internal/ops"
)

// server holds what handlers need. It is safe for concurrent use: the only state
// of its own is what it remembers of those who call.
type server struct {
	Options
	huma      huma.API
	door      *access.Door
	computing *access.Queue // of previews and the like
	rates     *access.CompanyRates
	streams   atomic.Int64 // of listeners
	// operations are the ids of what each role may call, in their order.
	operations map[hook.Role][]string
	player     *player
	givenUp    *ops.Complaints // requests that waited, or worked, for too long
}

// fail answers c with p, from outside of huma.
func (s *server) fail(c *gin.Context, p *access.Problem) {
	if err := p.Answer(c); err != nil {
		s.Log.Debug("write a problem", zap.Error(err))
	}
}

// refuse answers a request that goes no further.
func (s *server) refuse(ctx huma.Context, err error) {
	p := s.report(ctx.Context(), err)
	if p.Code == access.CodeUnauthorized {
		ctx.SetHeader("WWW-Authenticate", "Bearer")
	}
	s.fail(humagin.Unwrap(ctx), p)
}

// report logs what is our own fault and gives what the client may see.
func (s *server) report(ctx context.Context, err error) *access.Problem {
	p := access.ProblemOf(err)
	if q := quotaOf(err); q != nil {
		access.TellQuotas(ctx, *q)
	}
	switch {
	case p.Status < http.StatusInternalServerError || errors.Is(err, context.Canceled):
	case s.Outage != nil && outage(err):
		s.Outage.Add(err, zap.String("request_id", access.RequestID(ctx)))
	case p.Status == http.StatusServiceUnavailable:
		s.givenUp.Add(err, zap.String("request_id", access.RequestID(ctx)))
	default:
		s.Log.Error("request failed", zap.Error(err), zap.String("request_id", access.RequestID(ctx)))
	}
	return p
}

// outage says whether err is that the database can't do what is asked, whoever
// asks: not that something else has locked what this request needs.
func outage(err error) bool {
	var e *hook.Error
	return errors.As(err, &e) && e.Code == hook.CodeUnavailable && e.Why != "" && !errors.Is(err, hook.ErrLocked)
}

// quotaOf is the quota that an error is about; nil = none.
func quotaOf(err error) *hook.Quota {
	var known *hook.Error
	if errors.As(err, &known) {
		return known.Quota
	}
	return nil
}

// rejected counts an event that was not accepted.
func (s *server) rejected(code string) {
	if s.Metrics != nil {
		s.Metrics.Rejected(code)
	}
}
