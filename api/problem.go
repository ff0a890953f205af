package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"godwit/api/access"
	"godwit/internal/hook"
)

// transform runs on everything that is about to be written: huma's own errors
// become problems, and problems learn which request they belong to.
func (s *server) transform(ctx huma.Context, _ string, v any) (any, error) {
	if model, ok := v.(*huma.ErrorModel); ok {
		v = adopt(model)
	}
	if p, ok := v.(*access.Problem); ok {
		c := humagin.Unwrap(ctx)
		return p.For(c), nil
	}
	return v, nil
}

// adopt translates huma's form of an error: either a problem that Payload gave
// it, or parameters that did not parse.
func adopt(model *huma.ErrorModel) *access.Problem {
	var bad []hook.Field
	for _, e := range model.Errors {
		if p, ok := e.Value.(*access.Problem); ok {
			return p
		}
		bad = append(bad, inField(e))
	}
	for _, k := range access.Kinds() {
		switch {
		case k.Status == http.StatusUnprocessableEntity && k.Status == model.Status && len(bad) > 0:
			return access.ProblemOf(badParameters(bad))
		case k.Status == model.Status && k.Status < 500:
			return access.OfKind(k, "", bad)
		}
	}
	return access.NewProblem(access.CodeInternal, "The request could not be carried out.")
}
