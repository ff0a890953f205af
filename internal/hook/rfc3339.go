package hook

import "time"

// TimeFormat says what a time must look like, for those who sent another one.
const TimeFormat = "must be a time by RFC 3339, such as 2026-05-04T09:30:00Z"

// ParseTime reads a date-time of RFC 3339: T and Z in either case, any number of
// digits behind the point, of which nanoseconds are kept, and an offset from
// -23:59 to +23:59. The years are 0000 to 9999.
//
// The second 60 is taken where a leap second may be, in the last minute of a
// month by UTC. Go and Postgres know no such second, so it is read as the first
// second of the next month: 2016-12-31T23:59:60.5Z is 2017-01-01T00:00:00.5Z.
func ParseTime(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02") {
		return time.Time{}, false
	}
	day, ok := ParseDate(s[:len("2006-01-02")])
	rest := s[len("2006-01-02"):]
	if !ok || rest == "" || rest[0]|0x20 != 't' {
		return time.Time{}, false
	}
	c, ok := parseClock(rest[1:])
	if !ok {
		return time.Time{}, false
	}
	t := day.Add(c.sinceMidnight())
	return t, !c.leap || t.Day() == 1
}

// ParseDate reads a full-date of RFC 3339.
func ParseDate(s string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil && len(s) == len(time.DateOnly)
}

// ValidClock says whether s is a full-time of RFC 3339, such as 09:30:00Z.
func ValidClock(s string) bool {
	_, ok := parseClock(s)
	return ok
}

// clock is a full-time of RFC 3339: partial-time and offset.
type clock struct {
	hour, minute, second, nanos int
	// offset is how many minutes the clock is ahead of UTC.
	offset int
	leap   bool
}

func (c clock) sinceMidnight() time.Duration {
	return time.Duration(c.hour)*time.Hour + time.Duration(c.minute-c.offset)*time.Minute +
		time.Duration(c.second)*time.Second + time.Duration(c.nanos)
}

func parseClock(s string) (clock, bool) {
	var c clock
	if len(s) < len("15:04:05Z") || s[2] != ':' || s[5] != ':' {
		return c, false
	}
	var hourOK, minuteOK, secondOK, offsetOK bool
	c.hour, hourOK = twoDigits(s[0:2], 23)
	c.minute, minuteOK = twoDigits(s[3:5], 59)
	c.second, secondOK = twoDigits(s[6:8], 60)
	rest := s[8:]
	if rest[0] == '.' {
		n := 1
		for ; n < len(rest) && isDigit(rest[n]); n++ {
			if n <= 9 {
				c.nanos = c.nanos*10 + int(rest[n]-'0')
			}
		}
		if n == 1 {
			return c, false
		}
		for kept := n - 1; kept < 9; kept++ {
			c.nanos *= 10
		}
		rest = rest[n:]
	}
	c.offset, offsetOK = parseOffset(rest)
	c.leap = c.second == 60
	if c.leap { // 23:59 by UTC
		minute := (c.hour*60 + c.minute - c.offset + 2*24*60) % (24 * 60)
		secondOK = secondOK && minute == 23*60+59
	}
	return c, hourOK && minuteOK && secondOK && offsetOK
}

func parseOffset(s string) (minutes int, ok bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) != len("+00:00") || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	hour, hourOK := twoDigits(s[1:3], 23)
	minute, minuteOK := twoDigits(s[4:6], 59)
	minutes = hour*60 + minute
	if s[0] == '-' {
		minutes = -minutes
	}
	return minutes, hourOK && minuteOK
}

func twoDigits(s string, most int) (n int, ok bool) {
	if !isDigit(s[0]) || !isDigit(s[1]) {
		return 0, false
	}
	n = int(s[0]-'0')*10 + int(s[1]-'0')
	return n, n <= most
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
