-- Speed: first attempts begin with their claim, and one workflow may carry many
-- deliveries. Code of version 9 goes on working while this runs, but finds what
-- is due more slowly.

-- +goose Up
ALTER TABLE deliveries
    -- When a claim began the first attempt. Until that attempt has a row, this is
    -- all that is known of it.
    ADD COLUMN begun_at timestamptz,
    -- The workflow that carries generation 1 where it carries others too, by the
    -- end of its id; NULL = it has one of its own.
    ADD COLUMN batch_id text COLLATE "C";

-- What is finished but has no workflow yet is due, too.
ALTER TABLE deliveries DROP CONSTRAINT deliveries_check;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_dispatch_check
    CHECK (CASE WHEN status IN ('pending', 'retrying') THEN dispatch_at IS NOT NULL ELSE dispatch_at IS NULL OR status IN ('succeeded', 'failed') END);

-- What was never tried must not wait behind what is due again.
DROP INDEX deliveries_due;
CREATE INDEX deliveries_fresh ON deliveries (dispatch_at, id) WHERE dispatch_at IS NOT NULL AND attempts = 0;
CREATE INDEX deliveries_due ON deliveries (dispatch_at, id) WHERE dispatch_at IS NOT NULL AND attempts > 0;

-- +goose Down
DROP INDEX deliveries_fresh;
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (dispatch_at, id) WHERE dispatch_at IS NOT NULL;
UPDATE deliveries SET dispatch_at = NULL WHERE status IN ('succeeded', 'failed');
ALTER TABLE deliveries DROP CONSTRAINT deliveries_dispatch_check;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_check CHECK ((status IN ('pending', 'retrying')) = (dispatch_at IS NOT NULL));
INSERT INTO attempts (delivery_id, number, started_at, finished_at, outcome, reason, error)
SELECT id, 1, begun_at, now(), 'lost', 'worker_lost', 'worker lost, outcome unknown' FROM deliveries
WHERE attempts = 1 AND begun_at IS NOT NULL ON CONFLICT DO NOTHING;
ALTER TABLE deliveries DROP COLUMN begun_at, DROP COLUMN batch_id;
