// Command standalone runs all of Godwit in one process, for one machine: a
// private Postgres, a Temporal server with its Web UI kept in that same
// Postgres, the schema, the API and the worker. It takes no arguments; the
// environment is that of `godwit serve` and the GODWIT_STANDALONE_* settings.
//
// What the environment names already (GODWIT_DATABASE_URL,
// GODWIT_TEMPORAL_ADDRESS) is used and not started. Everything else lives in
// GODWIT_DATA_DIR and survives: a stop, a kill -9 and a second start.
//
// It is a separate Go module because the product must not depend on the
// Temporal server. It wires nothing of the product itself: that is
// godwit/internal/app, the same as for `godwit serve`.
package main
