// Package match decides which webhooks an event goes to, and tells why.
//
// The store finds the rules whose event types and scope cover an event; this
// package asks their conditions: the JSON Schema of the event's type before it
// is accepted, then CEL filters and the parts of combination rules. A filter
// that fails on an event does not match and stands in nobody's way. Preview asks
// the same of events of the past, Explain of one event and one webhook.
//
// It calls the store and holds no SQL.
package match
