-- An event keeps the traceparent (W3C Trace Context) under which it was accepted, so
-- that its attempts belong to the producer's trace, in whatever process they are made.
-- Code of earlier versions goes on working while this runs: the column may be null.

-- +goose Up
ALTER TABLE events ADD COLUMN traceparent text;

-- +goose Down
ALTER TABLE events DROP COLUMN traceparent;
