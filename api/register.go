package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"go.uber.org/zap"

	"godwit/api/access"
	"godwit/internal/hook"
)

// route is one row of the table of routes.
type route struct {
	method  string
	path    string
	who     access.Audience
	outcome outcome
	id      string // operation id
	summary string
	body    *access.Content // of the request; nil = none
	handle  endpoint
}

// outcome is what a route answers when all is well; a PUT that creates says 201 by
// itself. once: the route takes an idempotency key, as every POST does but those that
// write nothing or, sent twice, change nothing the second time, and those without a
// credential that the key can be bound to.
type outcome struct {
	status int
	once   bool
}

var (
	answers = outcome{status: http.StatusOK}
	changes = outcome{status: http.StatusOK, once: true}
	creates = outcome{status: http.StatusCreated, once: true}
	admits  = outcome{status: http.StatusCreated} // lets someone in
	starts  = outcome{status: http.StatusAccepted, once: true}
	nudges  = outcome{status: http.StatusAccepted} // what is to be done anyway
	removes = outcome{status: http.StatusNoContent}
)

// endpoint puts a handler of some input and output behind an operation.
type endpoint func(s *server, op huma.Operation)

// call makes an endpoint of a handler. What a GET answers is put together from
// one snapshot of the store, so that its parts agree with one another.
func call[I, O any](fn func(context.Context, *I) (*O, error)) endpoint {
	return func(s *server, op huma.Operation) {
		huma.Register(s.huma, op, func(ctx context.Context, in *I) (out *O, err error) {
			run := func(ctx context.Context) error { out, err = fn(ctx, in); return err }
			if op.Method == http.MethodGet {
				err = s.Store.Snapshot(ctx, run)
			} else {
				err = run(ctx)
			}
			if err != nil {
				return nil, s.report(ctx, err)
			}
			if s.Outage != nil && op.Method != http.MethodGet {
				s.Outage.Over()
			}
			return out, nil
		})
	}
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

func (s *server) register(r route) {
	op := huma.Operation{
		OperationID:   r.id,
		Method:        r.method,
		Path:          r.path,
		Summary:       r.summary,
		Tags:          []string{strings.Split(r.path, "/")[2]},
		DefaultStatus: r.outcome.status,
		Errors:        r.errors(),
		Security:      r.who.Security(),
		MaxBodyBytes:  r.body.Limit(),
		Metadata:      map[string]any{access.ContentKey: r.body},
		Middlewares:   huma.Middlewares{s.door.Authorize(r.who)},
	}
	if kind := r.subject(); kind != "" && slices.Contains(r.who, hook.RoleUser) {
		op.Middlewares = append(op.Middlewares, s.see(kind))
	}
	op.Middlewares = append(op.Middlewares, s.checkQuery)
	if r.outcome.once {
		op.Middlewares = append(op.Middlewares, s.once)
		op.Parameters = append(op.Parameters, access.IdempotencyParameter())
	}
	r.handle(s, op)
}

// errors lists the statuses of problems that the route may answer with whatever
// it does; reference/operations/ tells of the others.
func (r route) errors() []int {
	// Query parameters that are not known are refused, where there are none, too.
	out := []int{401, 403, 422, 429, 500, 503}
	switch { // no credential is looked at
	case len(r.who) == 0 && r.body == nil:
		out = []int{422, 500, 503}
	case r.id == "begin-device":
		out = []int{422, 429, 500, 503}
	}
	if r.body != nil {
		out = append(out, 400, 413, 415)
	}
	if r.outcome.once {
		out = append(out, 400, 409, 413) // the body is a part of what an idempotency key is bound to
	}
	return out
}
