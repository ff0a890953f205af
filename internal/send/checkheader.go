package send

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"godwit/internal/hook"
)

// Limits of a webhook's own headers.
const (
	// MaxHeaders is how many own headers a webhook may have.
	MaxHeaders = 32
	// MaxHeaderBytes bounds the name and the value of one header together.
	MaxHeaderBytes = 8 << 10
)

// CheckHeaders says whether a webhook may have these own headers. Its error is
// a *hook.Error of hook.CodeInvalid with one field for each bad header, by
// name; it holds no value.
func CheckHeaders(headers map[string]string) error {
	if len(headers) > MaxHeaders {
		return hook.Field{Pointer: "/headers", Code: hook.FieldCount, Params: hook.Params{"min": 0, "max": MaxHeaders},
			Detail: fmt.Sprintf("a webhook may have at most %d headers; remove %d", MaxHeaders, len(headers)-MaxHeaders)}.Invalid()
	}
	var fields []hook.Field
	seen := make(map[string]bool, len(headers))
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		code, problem := headerProblem(name, headers[name])
		if lower := strings.ToLower(name); seen[lower] {
			code, problem = hook.FieldTwice, "is there twice: names that differ in case are the same header; keep one"
		} else {
			seen[lower] = true
		}
		if problem != "" {
			fields = append(fields, headerField(name, code, problem))
		}
	}
	return invalidHeaders(fields)
}

// CheckHeader says whether a webhook may have this own header: a name of RFC
// 9110's token characters that Godwit doesn't set and HTTP doesn't need for the
// connection, and a value of visible ASCII with single spaces or tabs inside,
// or none. Its error is as that of CheckHeaders.
func CheckHeader(name, value string) error {
	if code, problem := headerProblem(name, value); problem != "" {
		return invalidHeaders([]hook.Field{headerField(name, code, problem)})
	}
	return nil
}

func invalidHeaders(fields []hook.Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &hook.Error{Code: hook.CodeInvalid, Message: fields[0].Detail, Fields: fields}
}

func headerField(name string, code hook.FieldCode, problem string) hook.Field {
	name = clean(name, 64)
	// RFC 6901 section 3.
	pointer := strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	return hook.Field{Pointer: "/headers/" + pointer, Code: code, Params: hook.Params{"header": name}, Detail: "header " + name + " " + problem}
}

func headerProblem(name, value string) (code hook.FieldCode, problem string) {
	switch {
	case !isToken(name):
		return hook.FieldHeaderName, "has a bad name; use letters, digits and !#$%&'*+-.^_`|~ only"
	case reserved(name):
		return hook.FieldHeaderReserved, "is set by Godwit or belongs to the connection; remove it"
	case len(name)+len(value) > MaxHeaderBytes:
		return hook.FieldTooLong, "is longer than 8 KiB; shorten it"
	case !isValue(value):
		return hook.FieldHeaderValue, "has a value with a line break or other characters that are not visible ASCII; remove or encode them"
	case strings.Trim(value, " \t") != value:
		return hook.FieldHeaderValue, "has a value with spaces around it; remove those"
	default:
		return "", ""
	}
}

// reserved says whether name, in any case, may not be a webhook's own header.
// Idempotency-Key is among them because net/http sends a POST that has it twice
// when a connection breaks.
func reserved(name string) bool {
	lower := strings.ToLower(name)
	for _, prefix := range [...]string{"webhook-", "godwit-", "proxy-"} {
		if strings.HasPrefix(lower, prefix) {
			return true
		}
	}
	switch lower {
	case "content-type", "accept", "user-agent", "x-signature",
		"host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade",
		"http2-settings", "te", "trailer", "expect", "accept-encoding",
		"idempotency-key", "x-idempotency-key":
		return true
	}
	return false
}

// isToken is RFC 9110 section 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !isAlphanumeric(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// isValue is RFC 9110 section 5.5 without obs-text.
func isValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' || c > '~') && c != '\t' {
			return false
		}
	}
	return true
}
