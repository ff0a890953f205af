package match

import (
	"context"
	"strings"

	"godwit/internal/filter"
	"godwit/internal/hook"
)

// Trial is what a filter says to an event.
type Trial struct {
	Result TrialResult
	// Detail says why it fails.
	Detail string
}

// TrialResult is what a filter comes to.
type TrialResult string

// The results of a filter.
const (
	TrialTrue  TrialResult = "true"
	TrialFalse TrialResult = "false"
	TrialFails TrialResult = "fails"
)

// Try asks each filter about an event. Together they may take what the filters of
// one webhook may.
func (e *Engine) Try(ctx context.Context, sources []string, event hook.Event) []Trial {
	s := subject{event: event, values: filter.NewSubject(event), spent: new(uint64)}
	out := make([]Trial, len(sources))
	for i, source := range sources {
		reason := e.condition(ctx, source, s)
		detail, failed := strings.CutPrefix(reason, ReasonFilterError)
		switch {
		case failed:
			out[i] = Trial{TrialFails, detail}
		case reason == ReasonFilterFalse:
			out[i].Result = TrialFalse
		default:
			out[i].Result = TrialTrue
		}
	}
	return out
}
