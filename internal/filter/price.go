package filter

import (
	"strings"

	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// zoneCost is charged for a named time zone, which is looked up on disk.
const zoneCost = 200

// prices prices the calls that CEL takes for free although they read a whole
// text: conversions, and all calls that are chosen by the type of a value of
// the event. What it has no price for costs what CEL says.
type prices struct{}

// CallCost implements CEL's cost.ActualCostEstimator.
func (prices) CallCost(function, overload string, args []ref.Val, _ ref.Val) *uint64 {
	zone := len(args) == 2 && strings.HasPrefix(function, "get")
	if overload != "" && !zone && function != overloads.Size && !overloads.IsTypeConversionFunction(function) {
		return nil
	}
	size := 0
	for _, arg := range args {
		size += length(arg)
	}
	if size < copyUnit && !zone {
		return nil // CEL's price is 1.
	}
	units := uint64(1 + size/copyUnit)
	if zone {
		units += zoneCost
	}
	return &units
}

// length is how many bytes a text has, 0 for what is no text.
func length(v ref.Val) int {
	switch v := v.(type) {
	case types.String:
		return len(v)
	case types.Bytes:
		return len(v)
	}
	return 0
}
