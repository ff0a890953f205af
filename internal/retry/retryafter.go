package retry

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"godwit/internal/hook"
)

// MaxRetryAfter is the most that a receiver's Retry-After can ask for.
const MaxRetryAfter = hook.MaxPause

// ParseRetryAfter reads a Retry-After field (RFC 9110 section 10.2.3): seconds,
// which some receivers send with a fraction, or an HTTP date. The wait is counted
// from now, is never negative and never above MaxRetryAfter; a date in the past
// is no wait. It is false when value is neither form. Any input is safe.
func ParseRetryAfter(value string, now time.Time) (time.Duration, bool) {
	value = strings.Trim(value, " \t")
	if wait, ok := parseSeconds(value); ok {
		return wait, true
	}
	at, err := http.ParseTime(value)
	if err != nil || !strings.HasSuffix(value, "GMT") && at.Format(time.ANSIC) != value {
		return 0, false // ParseTime takes other zones by the machine's own
	}
	return min(max(at.Sub(now), 0), MaxRetryAfter), true
}

// parseSeconds reads digits of any length, and a fraction: no sign, no exponent.
func parseSeconds(value string) (time.Duration, bool) {
	whole, fraction, _ := strings.Cut(value, ".")
	if whole == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, false
	}
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil || seconds > MaxRetryAfter.Seconds() {
		return MaxRetryAfter, true // nothing but digits, so the only error is overflow
	}
	return time.Duration(seconds * float64(time.Second)), true
}
