// Package worker runs what carries deliveries in one process: the Temporal
// worker and the dispatcher.
//
// The dispatcher takes due deliveries out of the ledger and starts their
// workflows. It is the reconciler too: an unfinished delivery always has a time
// at which it is due again, so one whose workflow is gone (terminated by hand,
// Temporal restored or wiped) is found, and given to a new workflow. Starting
// what runs already changes nothing.
//
// Run starts and stops everything in order; a Temporal that is away at the
// start is waited for.
package worker
