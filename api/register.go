package api

import (
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"godwit/api/access"
	"godwit/internal/hook"
)

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
	for _, role := range r.who {
		s.operations[role] = append(s.operations[role], r.id)
	}
}
