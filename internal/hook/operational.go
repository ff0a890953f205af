package hook

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Types of operational events: what Godwit itself has to say about the webhooks
// of an owner. They stand in the catalogue, but nobody can publish them. They
// belong to an owner instead of a project.
const (
	// TypeDegraded: attempts of a webhook that was well have begun to fail.
	TypeDegraded = "webhook.degraded"
	// TypeDeactivated: a webhook was switched off, but not by a person.
	TypeDeactivated = "webhook.deactivated"
	// TypeRecovered: a webhook that was not well is.
	TypeRecovered = "webhook.recovered"
	// TypeDeliveryFailed: a delivery has failed for good.
	TypeDeliveryFailed = "delivery.failed"
)

// Operational says whether a type is one of operational events.
func Operational(name string) bool {
	switch name {
	case TypeDegraded, TypeDeactivated, TypeRecovered, TypeDeliveryFailed:
		return true
	}
	return false
}

// CoversOperational says whether the patterns cover any operational type.
func CoversOperational(patterns []string) bool {
	return slices.ContainsFunc([]string{TypeDegraded, TypeDeactivated, TypeRecovered, TypeDeliveryFailed}, func(name string) bool {
		return Covers(patterns, name)
	})
}

// OperationalPatterns lists the patterns that cover an operational type: "*" and
// suffixes are not among them, or everybody who wants all of a project would get
// them.
func OperationalPatterns(name string) []string {
	patterns := []string{name}
	for n := 1; n <= len(name); n++ {
		patterns = append(patterns, name[:n]+"*")
	}
	return patterns
}

// AllOperationalPatterns lists the patterns of which each covers an operational type.
func AllOperationalPatterns() []string {
	var all []string
	for _, name := range []string{TypeDegraded, TypeDeactivated, TypeRecovered, TypeDeliveryFailed} {
		all = append(all, OperationalPatterns(name)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// OperationalOf is the type of the event about one step of a webhook's health;
// "" = there is none.
func OperationalOf(before, after Health) string {
	switch {
	case before.Enabled && !after.Enabled && after.DisabledReason != DisabledByOwner:
		return TypeDeactivated
	case before.Enabled && after.Enabled && before.Status != Degraded && after.Status == Degraded:
		return TypeDegraded
	case after.Enabled && before.Status != Healthy && after.Status == Healthy:
		return TypeRecovered
	}
	return ""
}

// HealthState is the current state of an operational event about a webhook's
// health. It holds no URL and no secret.
type HealthState struct {
	Webhook HealthStateWebhook `json:"webhook"`
	Cause   Happened           `json:"cause"`
	// Reason and DeliveryID are nil where there is none.
	Reason     *Reason   `json:"reason"`
	DeliveryID *string   `json:"delivery_id"`
	At         time.Time `json:"at"`
}

// HealthStateWebhook is a webhook as such an event shows it.
type HealthStateWebhook struct {
	ID             string          `json:"id"`
	Name           string          `json:"name"`
	Status         WebhookStatus   `json:"status"`
	Enabled        bool            `json:"enabled"`
	DisabledReason *DisabledReason `json:"disabled_reason"`
}

// FailedState is the current state of a TypeDeliveryFailed.
type FailedState struct {
	Delivery FailedStateDelivery `json:"delivery"`
}

// FailedStateDelivery is a delivery as such an event shows it.
type FailedStateDelivery struct {
	ID        string `json:"id"`
	EventID   string `json:"event_id"`
	EventType string `json:"event_type"`
	WebhookID string `json:"webhook_id"`
	Attempts  int    `json:"attempts"`
	Reason    Reason `json:"reason"`
}

// AboutWebhook is the id of the webhook that an operational event is about. That
// one never gets it.
func AboutWebhook(e Event) string {
	var state struct {
		Webhook  struct{ ID string } `json:"webhook"`
		Delivery struct {
			WebhookID string `json:"webhook_id"`
		} `json:"delivery"`
	}
	if !Operational(e.Type) || json.Unmarshal(e.Current, &state) != nil {
		return ""
	}
	if state.Webhook.ID != "" {
		return state.Webhook.ID
	}
	return state.Delivery.WebhookID
}

// checkOperational says where a rule asks for operational events in vain.
func (r Rule) checkOperational(at string) []Field {
	var bad []Field
	refuse := func(list string, names []string, why string) {
		for i, name := range names {
			if Operational(name) {
				bad = append(bad, Field{Pointer: fmt.Sprintf("%s/%s/%d", at, list, i), Code: FieldOwnEvent, Detail: why})
			}
		}
	}
	if len(r.Projects)+len(r.Companies) > 0 {
		refuse("events", r.Events, "belongs to no project; give it a separate rule, without projects and companies")
	}
	if c := r.Combination; c != nil {
		const why = "can't be part of a combination; give it a separate rule"
		for i, p := range c.AllOf {
			refuse(fmt.Sprintf("all_of/%d/events", i), p.Events, why)
		}
		for i, p := range c.NoneOf {
			refuse(fmt.Sprintf("none_of/%d/events", i), p.Events, why)
		}
	}
	return bad
}
