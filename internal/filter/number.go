package filter

import (
	"encoding/json"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// number is the CEL value of a JSON number.
func number(literal json.Number) ref.Val {
	text := string(literal)
	if !strings.ContainsAny(text, ".eE") {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return types.Int(i)
		}
		if u, err := strconv.ParseUint(text, 10, 64); err == nil {
			return types.Uint(u)
		}
	}
	// Out of range it is an infinity, which is what orders rightly.
	f, _ := strconv.ParseFloat(text, 64)
	return types.Double(f)
}
