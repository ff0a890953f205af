package hook

import "strconv"

// StatusCodes is a status code of HTTP, such as 503, or a class of them, such as 5xx.
type StatusCodes string

// Range gives the first and the last of the codes; ok is false for what is no code
// and no class. A receiver can answer any number of three digits.
func (c StatusCodes) Range() (first, last int, ok bool) {
	if len(c) != 3 || c[0] < '1' || c[0] > '9' {
		return 0, 0, false
	}
	if c[1:] == "xx" {
		first = int(c[0]-'0') * 100
		return first, first + 99, true
	}
	code, err := strconv.ParseUint(string(c), 10, 16)
	return int(code), int(code), err == nil
}

// Succeed says whether one of the codes is a success.
func (c StatusCodes) Succeed() bool {
	first, last, ok := c.Range()
	return ok && first <= 299 && last >= 200
}
