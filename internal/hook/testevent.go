package hook

import (
	"encoding/json"
	"slices"
)

// TestEvent is an event that a webhook's owner has sent to it, to see it arrive.
type TestEvent struct {
	WebhookID string
	// Type is empty for one that the webhook's first rule is about.
	Type string
	// Previous and Current are those of Event; both nil stand for the example of
	// the type.
	Previous json.RawMessage
	Current  json.RawMessage
}

// defaultTestType is what is sent to a webhook for all types.
const defaultTestType = "TODO_CREATED"

// TestType is the type that a test of a webhook with these rules has: the first
// one of the known names that its first rule is about.
func TestType(rules []Rule, names []string) string {
	if len(rules) == 0 {
		return defaultTestType
	}
	asked := Part{Events: rules[0].Events, NotEvents: rules[0].NotEvents}
	if c := rules[0].Combination; c != nil {
		asked = c.AllOf[0]
	}
	for _, pattern := range asked.Events {
		one := Part{Events: []string{pattern}, NotEvents: asked.NotEvents}
		if IsPattern(pattern) && one.Covers(defaultTestType) {
			return defaultTestType
		}
		if at := slices.IndexFunc(names, one.Covers); at >= 0 {
			return names[at]
		}
	}
	return defaultTestType
}
