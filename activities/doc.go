// Package activities is what workflows do to the world: Deliver makes one
// attempt of a delivery, CheckHealth probes a webhook that used up all attempts
// of one, Recover goes on probing one that was deactivated, Advance makes of a
// combination's window what follows from its events, RedeliverStep lets the next
// deliveries of a redelivery of many go, Retain removes what is kept no longer.
//
// The database rules, Temporal only waits: before each attempt the delivery is
// read anew and hook.Decide says what to do, so an activity may run twice, late,
// or beside an older one, and still no attempt is made that should not be.
// First attempts are an exception: an ingest or a claim begins them, Firsts makes them at once,
// and Deliver and DeliverBatch look there first. Where the process is gone that
// made one, the ledger says until when it may still be under way.
//
// Successes that end together are written down together.
//
// Inputs and results hold ids and states, never payloads, URLs or secrets:
// Temporal's history is plain text.
//
// The store comes in as Ledger, Health and Steps, so that workflows can be tested
// on a virtual clock; the package does not import it.
package activities
