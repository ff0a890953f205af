package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"godwit/internal/hook"
)

// see lets a request pass that may see what its path names. It runs before
// anything else of the request is looked at, so that no other answer tells what
// exists: whether the body, If-Match or the state would do.
func (s *server) see(kind hook.Kind) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		id := ctx.Param("id")
		err := pathID(id)
		if err == nil {
			err = s.Store.Visible(ctx.Context(), kind, id)
			if err != nil && ctx.Operation().OperationID == "get-webhook" {
				err = s.wasDeleted(ctx.Context(), id, err)
			}
		}
		if err != nil {
			s.refuse(ctx, err)
			return
		}
		next(ctx)
	}
}

// owner is whose webhooks a body is about: the user of the key, who need not be
// sent and may be nobody else; with an admin's key the one that was sent.
func owner(ctx context.Context, sent string) (string, []hook.Field) {
	p := hook.PrincipalOf(ctx)
	if p.Role != hook.RoleUser {
		return sent, nil
	}
	if sent != "" && sent != p.UserID {
		return p.UserID, []hook.Field{{Code: hook.FieldNotAllowed, Pointer: "/owner_id", Detail: "must be the user of the key; leave it out"}}
	}
	return p.UserID, nil
}
