// Package worker runs what carries deliveries in one process: the Temporal
// worker, the dispatcher, and the loop that follows combinations.
//
// The dispatcher takes due deliveries out of the ledger and starts their
// workflows. It is the reconciler too: an unfinished delivery always has a time
// at which it is due again, so one whose workflow is gone (terminated by hand,
// Temporal restored or wiped) is found, and given to a new workflow. Starting
// what runs already changes nothing.
//
// Deliveries to a webhook with limits are queued until there is a place for
// them. The dispatcher gives places out, and the ledger keeps the account: a
// place ends with its attempt, and that of a lost worker by itself.
//
// Beside it runs a loop that tells the workflows of combinations that something
// has happened in their windows, and two that start the workflows of recoveries and of
// redeliveries of many.
//
// A namespace that is deleted while Godwit runs is made again. Once an hour one
// process of all checks that the ledger is whole; it says what it finds and
// repairs nothing.
//
// Run starts and stops everything in order; a Temporal that is away at the
// start is waited for.
package worker
