// Package retry decides, as pure functions, what one answer of a receiver
// means and how long to wait before the next attempt.
//
// A delivery has at most hook.MaxAttempts attempts, so there are four waits.
// Each is jittered; a receiver's Retry-After can only make it longer, and never
// longer than MaxRetryAfter.
//
// The package does no I/O, reads no clock and holds no state: everything is
// safe for concurrent use. It imports the standard library and hook alone.
package retry
