package api

import (
	"godwit/internal/eventschema"
	"godwit/internal/hook"
)

// Limits of request bodies that may be larger than most, in bytes: what the largest one
// that is acceptable needs, with room for how it is written.
const (
	namesBody    = 64 << 10 // up to 200 names of types
	schemaBody   = 2 * eventschema.MaxSchema
	maxBody      = hook.MaxEventBytes // and of webhooks: 50 rules of 4 KiB and more
	verifiedBody = 3 << 18            // maxVerified in base64
	maxBatch     = 8 << 20
)
