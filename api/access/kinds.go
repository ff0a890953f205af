package access

import (
	"slices"

	"godwit/internal/hook"
)

// MediaProblem is the media type of problems.
const MediaProblem = "application/problem+json"

// Kind is one row of the table from error code to HTTP status.
type Kind struct {
	Code   string
	Status int
	Title  string
	Help   string
}

// Codes of problems that only HTTP knows.
const (
	CodeMalformed    = "malformed"
	CodeUnauthorized = "unauthorized"
	CodeForbidden    = "forbidden"
	CodeMethod       = "method_not_allowed"
	CodeTooLarge     = "too_large"
	CodeMediaType    = "unsupported_media_type"
	CodeRateLimited  = string(hook.CodeRateLimited)
	CodeInternal     = "internal"
)

// Kinds is the one table from error code to HTTP status.
func Kinds() []Kind {
	return []Kind{
		{CodeMalformed, 400, "The request body is not JSON", "Send one JSON value in UTF-8, without duplicate names and without anything after it."},
		{CodeUnauthorized, 401, "A valid API key is needed", "Send the header Authorization: Bearer <key>."},
		{CodeForbidden, 403, "The key's role may not do this", "Use a key of a role that may."},
		{string(hook.CodeNotFound), 404, "Not found", "It does not exist, or this key may not see it."},
		{CodeMethod, 405, "The method is not allowed here", "The header Allow lists the methods of this path."},
		{string(hook.CodeConflict), 409, "The present state does not allow it", "Read the detail; look at the object as it is now."},
		{string(hook.CodeStale), 412, "It was changed in the meantime", "Get it again, apply the change to the new version, and send that version's ETag in If-Match."},
		{string(hook.CodeQuota), 409, "A limit is reached", "Remove what is not needed, or have an admin raise the limit; the detail names both."},
		{CodeTooLarge, 413, "The request body is too large", "Send less; the detail names the limit."},
		{CodeMediaType, 415, "The request body is of an unknown type", "Send Content-Type: application/json, and Content-Encoding: gzip or none."},
		{string(hook.CodeInvalid), 422, "Some values are not acceptable", "The list of errors names each value and what is wrong with it."},
		{CodeRateLimited, 429, "Too many requests", "Wait as long as Retry-After says."},
		{CodeInternal, 500, "Something broke on our side", "Try again later; quote the request_id when it stays."},
		{string(hook.CodeUnavailable), 503, "A part that is needed can't be reached", "Try again after the seconds that Retry-After names."},
	}
}

// KindWith gives the first kind of problem with a status.
func KindWith(status int) (k Kind, found bool) {
	all := Kinds()
	i := slices.IndexFunc(all, func(k Kind) bool { return k.Status == status })
	if i < 0 {
		return Kind{}, false
	}
	return all[i], true
}
