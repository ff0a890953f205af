// Package streams brings the two ends of a listener's stream together, which may be in
// two processes: the worker that makes an attempt waits here for the answer of the
// client that the API has the stream of. What waits is kept by Postgres; this package
// holds nothing but who waits for which notification.
//
// A notification may be lost. It costs a stream the time until it looks again, and an
// attempt the time until its end, when it looks for its answer in any case.
package streams
