package api

import (
	"errors"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"godwit/api/access"
	"godwit/internal/hook"
)

// Payload is the part of an input that holds the request's body. The bytes
// belong to the request alone: no pool takes them back.
type Payload struct {
	raw []byte
}

// Resolve reads the body. It is called by huma after authorization; what it
// returns becomes the answer.
func (p *Payload) Resolve(ctx huma.Context) []error {
	if problem := access.CheckMediaType(ctx); problem != nil {
		return []error{problem}
	}
	raw, problem := access.ReadBody(ctx, bodyLimit(ctx))
	if problem != nil {
		return []error{problem}
	}
	p.raw = raw
	return nil
}

// invalid gives one error of CodeInvalid for all fields, or nil for none. Of
// several faults of one value the first is kept.
func invalid(fields []hook.Field) error {
	kept := firstOfEach(fields)
	n := len(kept)
	kept = hook.FirstFaults(kept, hook.MaxFaults)
	switch n {
	case 0:
		return nil
	case 1:
		return &hook.Error{Code: hook.CodeInvalid, Message: kept[0].Pointer + " " + kept[0].Detail, Fields: kept}
	}
	return &hook.Error{Code: hook.CodeInvalid, Message: fmt.Sprintf("%d values are not acceptable.", n), Fields: kept}
}

// firstOfEach keeps the first fault of each value, and of a URL each, since they are
// about different parts of it. What says how many more there are is about no value.
func firstOfEach(fields []hook.Field) (kept []hook.Field) {
	seen := map[string]bool{}
	for _, f := range fields {
		of := f.Pointer
		if strings.HasPrefix(string(f.Code), "url_") {
			of += " " + f.Detail
		}
		if f.Code == hook.FieldMore || !seen[of] {
			seen[of] = true
			kept = append(kept, f)
		}
	}
	return kept
}

// fieldsOf422 gives the faults in an error of CodeInvalid; any other error is one.
func fieldsOf422(err error) ([]hook.Field, error) {
	var known *hook.Error
	if errors.As(err, &known) && known.Code == hook.CodeInvalid {
		return known.Fields, nil
	}
	return nil, err
}
