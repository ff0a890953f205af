-- One constraint says in which stages a delivery can be, and refuses all else; see
-- internal/hook/STATES.md. It takes the place of four that each knew a part of it.
-- It is NOT VALID, so no row is read, and rows that are finished stay as they are.
-- Code of the version before goes on working: it writes no other stages.

-- +goose Up
ALTER TABLE deliveries
    DROP CONSTRAINT deliveries_check1,
    DROP CONSTRAINT deliveries_check3,
    DROP CONSTRAINT deliveries_check4,
    DROP CONSTRAINT deliveries_dispatch_check,
    ADD CONSTRAINT deliveries_stage CHECK (CASE
        WHEN status IN ('pending', 'retrying') THEN finished_at IS NULL AND dispatch_at IS NOT NULL AND (next_attempt_at IS NULL OR status = 'retrying') AND CASE
            WHEN dispatch_at = 'infinity' THEN slot_until IS DISTINCT FROM 'infinity' -- queued
            WHEN slot_until = 'infinity' THEN true -- slotted
            WHEN attempts > 0 OR next_attempt_at IS NOT NULL THEN true -- under_way, waiting
            ELSE status = 'pending' AND slot_until IS NULL -- fresh
        END
        WHEN slot_until IS NOT DISTINCT FROM 'infinity' OR next_attempt_at IS NOT NULL THEN false
        WHEN status = 'held' THEN finished_at IS NULL AND dispatch_at IS NULL
        ELSE finished_at IS NOT NULL AND (dispatch_at IS NULL OR dispatch_at < 'infinity' AND begun_at IS NOT NULL AND run_id IS NULL) -- finished, unnoted
    END) NOT VALID;

-- +goose Down
ALTER TABLE deliveries
    DROP CONSTRAINT deliveries_stage,
    ADD CONSTRAINT deliveries_check1 CHECK ((status IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)) NOT VALID,
    ADD CONSTRAINT deliveries_check3 CHECK (next_attempt_at IS NULL OR status = 'retrying') NOT VALID,
    ADD CONSTRAINT deliveries_check4 CHECK (slot_until < 'infinity' OR coalesce(dispatch_at, 'infinity') < 'infinity') NOT VALID,
    ADD CONSTRAINT deliveries_dispatch_check CHECK (CASE WHEN status IN ('pending', 'retrying') THEN dispatch_at IS NOT NULL
        ELSE dispatch_at IS NULL OR status IN ('succeeded', 'failed') END) NOT VALID;
