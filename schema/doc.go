// Package schema holds the database's migrations (goose), the built-in
// catalogue of event types, and schema.sql, the dump of what the migrations
// amount to. Up applies the migrations and then brings the built-in event
// types up to date; both are safe to repeat and to run from several processes
// at once.
package schema
