// Package hook is Godwit's domain: companies, projects, users, webhooks with
// their rules, events, deliveries and attempts, the states that these may be
// in, and the pure decisions about them.
//
// A matched event is one Delivery; a delivery has at most MaxAttempts
// attempts; every matched event x webhook is in exactly one DeliveryStatus.
//
// The package imports the standard library alone and does no I/O.
package hook
