// Package e2e tests the whole system through what its users see: the binaries
// that `make build` makes, their HTTP API, the requests that receivers get, and
// Temporal. It holds tests alone.
package e2e
