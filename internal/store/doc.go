// Package store is the only place with SQL. A Store reads and writes the
// domain of package hook in Postgres, one file an aggregate. It has parts that stand
// on one another: DB, accessStore, subscriptionStore, ledgerStore, healthStore, and
// side by side outcomeStore, intakeStore and directoryStore. A part calls those before
// it and none after it.
//
// It promises: what a method returned nil for is committed; a matched event
// and its deliveries are written in one transaction; every state of a delivery
// is changed by a statement that checks the state before. Errors that a caller
// must tell apart are *hook.Error; a database that can't be reached is
// hook.CodeUnavailable.
//
// A Store is safe for concurrent use. It imports no package of the project but
// hook and seal.
package store
