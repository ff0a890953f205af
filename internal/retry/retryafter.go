package retry

import (
	"strconv"
	"strings"
	"time"
)

// MaxRetryAfter is the most that a receiver's Retry-After can ask for.
const MaxRetryAfter = time.Hour

// ParseRetryAfter reads a Retry-After field (RFC 9110 section 10.2.3): seconds
// or an HTTP date. The wait is counted from now, is never negative and never
// above MaxRetryAfter; a date in the past is no wait. It is false when value is
// neither form. Any input is safe.
func ParseRetryAfter(value string, now time.Time) (time.Duration, bool) {
	value = strings.Trim(value, " \t")
	if wait, ok := parseSeconds(value); ok {
		return wait, true
	}
	at, ok := parseDate(value)
	if !ok {
		return 0, false
	}
	return min(max(at.Sub(now), 0), MaxRetryAfter), true
}

// parseSeconds reads 1*DIGIT: no sign, no fraction, any length.
func parseSeconds(value string) (time.Duration, bool) {
	if value == "" || strings.Trim(value, "0123456789") != "" {
		return 0, false
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err != nil || seconds > int64(MaxRetryAfter/time.Second) {
		return MaxRetryAfter, true // all digits, so the only error is overflow
	}
	return time.Duration(seconds) * time.Second, true
}

// parseDate reads the three forms of an HTTP date (RFC 9110 section 5.6.7).
// GMT stands literally in the layouts, as time.Parse would read any other zone
// name by the machine's own zone.
func parseDate(value string) (time.Time, bool) {
	for _, layout := range [...]string{
		"Mon, 02 Jan 2006 15:04:05 GMT",  // IMF-fixdate
		"Monday, 02-Jan-06 15:04:05 GMT", // RFC 850, obsolete
		time.ANSIC,                       // asctime, obsolete
	} {
		if at, err := time.Parse(layout, value); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
