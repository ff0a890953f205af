package api

import (
	"context"
	"fmt"

	"github.com/danielgtaylor/huma/v2"

	"godwit/internal/hook"
)

// checkConditions asks whether the filters and paths of rules are well formed. It
// reads none where there are more than there may be: hook.CheckRules says so.
func (s *server) checkConditions(ctx context.Context, rules []hook.Rule) ([]hook.Field, error) {
	if bad, known := ctx.Value(conditionsKey{}).([]hook.Field); known {
		return bad, nil
	}
	if !hook.CountsFit(rules) {
		return nil, nil
	}
	leave, err := s.computing.EnterToRead(ctx, hook.FilterBytes(rules))
	if err != nil {
		return nil, err
	}
	defer leave()
	return s.conditionFaults(rules), nil
}

// conditionsKey is the key of what readConditions has found.
type conditionsKey struct{}

// readConditions is the reader of new webhooks: it reads their filters. In the context
// that it gives checkConditions knows the result.
func (s *server) readConditions(ctx huma.Context, raw []byte) (huma.Context, error) {
	form, _, err := decodeForm[webhookForm](raw)
	if err != nil {
		return ctx, nil // the handler says so
	}
	bad, err := s.checkConditions(ctx.Context(), form.rules())
	return huma.WithValue(ctx, conditionsKey{}, bad), err
}

func (s *server) conditionFaults(rules []hook.Rule) []hook.Field {
	var bad []hook.Field
	for i, r := range rules {
		for _, f := range s.CheckRule(r) {
			f.Pointer = fmt.Sprintf("/rules/%d%s", i, f.Pointer)
			bad = append(bad, f)
		}
	}
	return bad
}
