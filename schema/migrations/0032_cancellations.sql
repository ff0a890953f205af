-- Many deliveries of a webhook are cancelled by a filter, in steps. The row of a
-- redelivery of many carries that, too: it has the filter, the progress and the end
-- of its retention already. Code of the version before goes on working while this
-- runs: it finds no cancellation due, since that of a cancellation is due_at.

-- +goose Up
ALTER TABLE recoveries
    ADD COLUMN kind   text NOT NULL DEFAULT 'redelivery' CHECK (kind IN ('redelivery', 'cancellation')),
    -- Of a cancellation: when its next step is due, which of its walks that makes,
    -- and whether this round has found anything.
    ADD COLUMN due_at timestamptz,
    ADD COLUMN walk   smallint NOT NULL DEFAULT 0,
    ADD COLUMN found  boolean NOT NULL DEFAULT false;
CREATE INDEX cancellations_due ON recoveries (due_at) WHERE due_at IS NOT NULL;

-- +goose Down
DELETE FROM recoveries WHERE kind = 'cancellation';
ALTER TABLE recoveries DROP COLUMN kind, DROP COLUMN due_at, DROP COLUMN walk, DROP COLUMN found;
