// Package store is the only place with SQL. A Store reads and writes the
// domain of package hook in Postgres, one file an aggregate.
//
// It has parts, each in a package below this one. They stand on one another, and a part
// knows those before it alone: core, access, subscription, ledger, health, and side by
// side outcome, intake and directory.
//
// It promises: what a method returned nil for is committed; a matched event
// and its deliveries are written in one transaction; every state of a delivery
// is changed by a statement that checks the state before. Errors that a caller
// must tell apart are *hook.Error; a database that can't be reached is
// hook.CodeUnavailable.
//
// A Store is safe for concurrent use.
package store
