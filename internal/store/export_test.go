package store

// AcceptEvents is the look-up, for the test of its cost.
const AcceptEvents = acceptEvents
