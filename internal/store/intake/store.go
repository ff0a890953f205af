// Package intake is the part of the store that accepts events: in one statement with
// their deliveries, with what is left to be judged, and with what they are in the
// windows of combinations.
package intake

import (
	"godwit/internal/inflight"
	"godwit/internal/store/health"
)

// Store accepts events, and writes what they are in combinations.
type Store struct {
	*health.Store
	firsts *inflight.Handover // of what an ingest begins
	fanOut fanOut
	gather gather // of what Ingest is offered
	large  gather // of requests that are too large to share a statement
	parts  gather // of events that count in combinations
}
