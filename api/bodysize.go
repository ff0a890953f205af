package api

import (
	"reflect"

	"godwit/internal/eventschema"
	"godwit/internal/hook"
)

// Limits of request bodies, in bytes: what the largest one that is acceptable
// needs, with room for how it is written.
const (
	smallBody = 16 << 10
	maxBody   = hook.MaxEventBytes // and of webhooks: 50 rules of 4 KiB and more
	maxBatch  = 8 << 20
)

// bodySize is the limit of a route by its body.
func bodySize(body reflect.Type) int64 {
	switch body {
	case takes[batchForm]():
		return maxBatch
	case takes[eventForm](), takes[testForm](), takes[webhookForm](), takes[webhookPatch](), takes[previewForm](), takes[searchForm](), takes[checkForm](), takes[listenerForm](), takes[resultsForm]():
		return maxBody
	case takes[verifyForm]():
		return 3 << 18 // maxVerified in base64
	case takes[eventTypeForm]():
		return 2 * eventschema.MaxSchema
	case takes[redeliverForm](), takes[cancelForm]():
		return 4 * smallBody // up to 200 names of types
	}
	return smallBody
}
