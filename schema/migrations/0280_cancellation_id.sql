-- A delivery that was cancelled with many others says by which cancellation, so that
-- who cancelled it is known and not concluded from the times.
-- Code of earlier versions goes on working while this runs: the column may be null.

-- +goose Up
ALTER TABLE deliveries ADD COLUMN cancellation_id text COLLATE "C";

-- +goose Down
ALTER TABLE deliveries DROP COLUMN cancellation_id;
