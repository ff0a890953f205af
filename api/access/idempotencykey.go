package access

import "github.com/danielgtaylor/huma/v2"

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
