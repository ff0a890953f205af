package hook

import "time"

// IdempotencyAge is how long the answer to a request with an idempotency key is
// kept. After that the key is free again.
const IdempotencyAge = 24 * time.Hour

// IdempotencyKey is what makes two requests the same one.
type IdempotencyKey struct {
	// Credential is the KeyID of the Principal, who alone may repeat the request.
	Credential string
	// Key is what the caller has chosen.
	Key string
	// Request is the hash of everything that must be the same in a repetition.
	Request []byte
}
