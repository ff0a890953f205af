package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

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

// subject is the kind of thing that {id} of the route's path stands for; "" for
// what users see none of.
func (r route) subject() hook.Kind {
	switch {
	case !strings.Contains(r.path, "{id}"):
	case strings.HasPrefix(r.path, "/v1/users/"):
		return hook.KindUser
	case strings.HasPrefix(r.path, "/v1/projects/"):
		return hook.KindProject
	case strings.HasPrefix(r.path, "/v1/events/"):
		return hook.KindEvent
	case strings.HasPrefix(r.path, "/v1/webhooks/"), strings.HasPrefix(r.path, "/v1/listeners/"):
		return hook.KindWebhook
	case strings.HasPrefix(r.path, "/v1/sessions/"):
		return hook.KindSession
	case strings.HasPrefix(r.path, "/v1/api-keys/"):
		return hook.KindKey
	case strings.HasPrefix(r.path, "/v1/play/"):
		return hook.KindPlay
	case strings.HasPrefix(r.path, "/v1/deliveries/"):
		return hook.KindDelivery
	}
	return ""
}
