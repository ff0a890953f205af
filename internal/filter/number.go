package filter

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// canonical writes a JSON number so that equal values have equal texts: digits
// without zeros at either end, and the power of ten. It never writes a number
// out, for 1e1000000000 is ten bytes in an event.
func canonical(literal json.Number) string {
	text, negative := strings.CutPrefix(string(literal), "-")
	mantissa, power := text, new(big.Int)
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa = text[:i]
		power.SetString(strings.TrimPrefix(text[i+1:], "+"), 10)
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return "0"
	}
	short := strings.TrimRight(digits, "0")
	power.Add(power, big.NewInt(int64(len(digits)-len(short)-len(fraction))))
	if negative {
		short = "-" + short
	}
	return short + "e" + power.String()
}

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
