// Package worker runs what carries deliveries in one process: the Temporal
// worker, the dispatcher, and the loop that follows combinations.
//
// What this process accepts is begun by the statement that accepts it, as far as
// there is room; the dispatcher takes all else that is due for the first time out
// of the ledger, whose claim begins the first attempts. It makes them at once. At
// the same moment it starts their workflows, which wait for what comes of the attempts
// (see activities.Firsts). So a delivery takes a commit and a request, whatever
// Temporal takes; while it is away, first attempts go on all the same. While more come than workflows can be started, many share one;
// each that fails goes on in one of its own. What is finished before it has a
// workflow stays due until it has one.
//
// Of what is due again it starts the workflows alone. It is the reconciler too: an unfinished delivery always has a time
// at which it is due again, so one whose workflow is gone (terminated by hand,
// Temporal restored or wiped) is found, and given to a new workflow. Starting
// what runs already changes nothing.
//
// Deliveries to a webhook with limits are queued until there is a place for
// them; so is what is due of one whose receiver is slow, until this or another
// process has room for it. The dispatcher gives places out, and the ledger keeps the account: a
// place ends with its attempt, and that of a lost worker by itself.
//
// Beside it runs a loop that advances windows of combinations to which an event has come,
// and two that start the workflows of recoveries and of redeliveries of many.
//
// A namespace that is deleted while Godwit runs is made again. Once an hour one
// process of all checks that the ledger is whole; it says what it finds and
// repairs nothing.
//
// Run starts and stops everything in order. First attempts begin at once, whether
// Temporal can be reached or not; their workflows are started as soon as it can.
package worker
