package api

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"godwit/internal/apikey"
)

// role says who may call a route.
type role string

// admin may do everything. It is the bootstrap key's role.
const admin role = "admin"

// authorize lets a request pass whose key has the role. It runs before
// anything of the request's body is read.
func (s *server) authorize(_ role) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		key, ok := bearer(ctx.Header("Authorization"))
		if ok && len(s.AdminKeyHash) > 0 && apikey.Equal(key, s.AdminKeyHash) {
			next(ctx)
			return
		}
		ctx.SetHeader("WWW-Authenticate", "Bearer")
		detail := "The header Authorization: Bearer <key> is missing."
		if ok {
			detail = "This API key is not known."
		}
		s.fail(humagin.Unwrap(ctx), newProblem(codeUnauthorized, detail))
	}
}

func bearer(header string) (key string, ok bool) {
	scheme, key, _ := strings.Cut(header, " ")
	key = strings.TrimSpace(key)
	return key, strings.EqualFold(scheme, "Bearer") && key != ""
}
