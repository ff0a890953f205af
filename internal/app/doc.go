// Package app is the wiring: from a configuration to a running Godwit. `godwit
// serve` and the standalone call the same Run.
//
// Everything is built in one visible order and ended in reverse: HTTP first, so
// that nothing new comes in, then the dispatcher, then the Temporal worker,
// which lets attempts under way end, then the connections.
package app
