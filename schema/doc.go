// Package schema holds the database's migrations (goose), the built-in
// catalogue of event types, and schema.sql, the dump of what the migrations
// amount to. Up applies the migrations and then brings the built-in event
// types up to date; both are safe to repeat and to run from several processes
// at once.
//
// A migration runs while Godwit works. What it needs a table for itself for waits
// 0.7 s at a time and lets the others pass in between; so it must also be short
// once it has the table. From version 13 on a test refuses what reads or writes a
// large table under a lock: indexes are built CONCURRENTLY in a migration of their
// own, with -- +goose NO TRANSACTION, SET lock_timeout = 0 and a DROP INDEX
// CONCURRENTLY IF EXISTS before each, and constraints are added NOT VALID.
package schema
