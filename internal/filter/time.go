package filter

import (
	"errors"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"godwit/internal/hook"
)

var errTime = errors.New("timestamp(…) takes a time by RFC 3339, such as 2026-05-04T09:30:00Z")

// timestamps makes timestamp(…) read what the API reads as a time, and nothing else.
func timestamps() cel.EnvOption {
	return cel.Function(overloads.TypeConvertTimestamp,
		cel.Overload(overloads.StringToTimestamp, []*cel.Type{cel.StringType}, cel.TimestampType, cel.UnaryBinding(func(v ref.Val) ref.Val {
			text, ok := v.(types.String)
			if !ok {
				return types.MaybeNoSuchOverloadErr(v)
			}
			t, ok := hook.ParseTime(string(text))
			if !ok || t.UTC().Year() < 1 || t.UTC().Year() > 9999 {
				return types.WrapErr(errTime)
			}
			return types.Timestamp{Time: t.UTC()}
		})))
}
