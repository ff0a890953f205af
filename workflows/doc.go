// Package workflows holds the deterministic code that Temporal replays, and the
// client side of it: names, ids, inputs and the start of a workflow.
//
// Deliver carries one delivery: its first attempt runs as a local activity
// inside the first workflow task, so that a healthy delivery costs Temporal two
// writes; if it fails, the same activity goes on as a regular one whose retries
// wait in the server. A delivery that used up its attempts has its webhook's
// health checked. In most cases the process that starts the workflow makes the
// first attempt in the meantime, and the activity only waits for what comes of it.
//
// DeliverBatch does the same for the first attempts of many deliveries, while more
// come than workflows can be started; each that fails goes on in a Deliver of its
// own.
//
// Combine follows one window of a combination rule: it looks at it whenever
// something has happened in it, and at its end. Only earlier versions begin it.
//
// Recover carries the recovery of a webhook that health has deactivated: it
// probes it with growing waits until a probe passes or the time is over.
//
// Redeliver carries a redelivery of many to its end, in steps that wait for what
// is under way.
//
// What a workflow does may only change behind workflow.GetVersion, or by an input
// that older starts lack: the recorded
// histories in testdata/histories are replayed by the tests.
package workflows
