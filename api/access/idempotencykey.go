package access

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"godwit/internal/hook"
)

const (
	HeaderIdempotencyKey = "Idempotency-Key"
	MaxIdempotencyKey    = 255
)

// IdempotencyParameter describes the header.
func IdempotencyParameter() *huma.Param {
	return &huma.Param{
		Name: HeaderIdempotencyKey, In: "header", Example: "0b9f3c52-6d1c-4d6e-8a57-3f1f0c0f2a11",
		Description: "Chosen by the caller for this one request, such as a UUID. The same request with the same key, made with the same credential within 24 hours, " +
			"is answered as it was the first time, with Idempotency-Replayed: true, and changes nothing again. " +
			"The same key with another path or body is 422; while the first request is under way it is 409 with Retry-After. An error changes nothing and leaves the key free.",
		Schema: &huma.Schema{Type: huma.TypeString, MinLength: new(1), MaxLength: new(MaxIdempotencyKey), Pattern: "^[!-~]+$"},
	}
}

// IdempotencyKeyOf reads the key of a request that has one. It is bound to the body, and
// to the mode in which that came.
func IdempotencyKeyOf(ctx huma.Context, body, mode []byte) (hook.IdempotencyKey, error) {
	request := humagin.Unwrap(ctx).Request
	keys := request.Header.Values(HeaderIdempotencyKey)
	key := keys[0]
	invisible := func(r rune) bool { return r < '!' || r > '~' }
	if len(keys) > 1 || key == "" || len(key) > MaxIdempotencyKey || strings.ContainsFunc(key, invisible) {
		return hook.IdempotencyKey{}, hook.Errorf(hook.CodeInvalid,
			"The header %s must be given once, with 1 to %d visible ASCII characters.", HeaderIdempotencyKey, MaxIdempotencyKey)
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s %s\n", request.Method, request.URL.Path)
	hash.Write(mode)
	hash.Write(body)
	return hook.IdempotencyKey{Credential: hook.PrincipalOf(ctx.Context()).KeyID, Key: key, Request: hash.Sum(nil)}, nil
}
