-- Overload is not death: pauses that a receiver asks for, the pace after them,
-- requests that use up no attempt, and rates below one a second. Code of the
-- version before goes on working while this runs; until it is gone it does not
-- pause, and counts what was put off as attempts.

-- +goose Up
ALTER TABLE webhooks
    ALTER COLUMN rate_limit_per_second TYPE double precision,
    -- No request begins before paused_until. After it no more than pace in a
    -- second, which doubles each minute and is forgotten after ten.
    ADD COLUMN paused_until timestamptz,
    ADD COLUMN pace         double precision CHECK (pace > 0),
    -- When the pauses began that had no success in between.
    ADD COLUMN paused_since timestamptz,
    -- When an attempt last succeeded after one that had failed.
    ADD COLUMN succeeded_at timestamptz;

-- attempts counts requests; unused is how many of them used up no attempt. The
-- new constraints allow all that the old ones did, so no row has to be read.
ALTER TABLE deliveries
    ADD COLUMN unused smallint NOT NULL DEFAULT 0,
    DROP CONSTRAINT deliveries_attempts_check,
    ADD CONSTRAINT deliveries_attempts_check CHECK (unused >= 0 AND attempts - unused BETWEEN 0 AND 5) NOT VALID;
ALTER TABLE attempts
    DROP CONSTRAINT attempts_number_check,
    ADD CONSTRAINT attempts_number_check CHECK (number > 0) NOT VALID,
    DROP CONSTRAINT attempts_outcome_check,
    ADD CONSTRAINT attempts_outcome_check CHECK (outcome IN ('success', 'failure', 'lost', 'put_off')) NOT VALID;

-- +goose Down
DELETE FROM attempts WHERE outcome = 'put_off'; -- the version before has no word for it
UPDATE attempts a SET number = n.number FROM (
    SELECT delivery_id, number AS old, row_number() OVER (PARTITION BY delivery_id ORDER BY number) AS number FROM attempts
) n WHERE n.delivery_id = a.delivery_id AND n.old = a.number AND n.number < n.old;
UPDATE deliveries SET attempts = attempts - unused WHERE unused > 0;
ALTER TABLE attempts
    DROP CONSTRAINT attempts_number_check, DROP CONSTRAINT attempts_outcome_check,
    ADD CONSTRAINT attempts_number_check CHECK (number BETWEEN 1 AND 5),
    ADD CONSTRAINT attempts_outcome_check CHECK (outcome IN ('success', 'failure', 'lost'));
ALTER TABLE deliveries DROP CONSTRAINT deliveries_attempts_check, DROP COLUMN unused,
    ADD CONSTRAINT deliveries_attempts_check CHECK (attempts BETWEEN 0 AND 5);
ALTER TABLE webhooks
    DROP COLUMN paused_until, DROP COLUMN pace, DROP COLUMN paused_since, DROP COLUMN succeeded_at,
    ALTER COLUMN rate_limit_per_second TYPE integer USING greatest(1, round(rate_limit_per_second));
