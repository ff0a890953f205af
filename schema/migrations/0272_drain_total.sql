-- A webhook that delivers what was held keeps how many deliveries that were, so that
-- people see how far it is: "118 of 240".
-- Code of earlier versions goes on working while this runs: the column may be null.

-- +goose Up
ALTER TABLE webhooks ADD COLUMN drain_total integer;

-- +goose Down
ALTER TABLE webhooks DROP COLUMN drain_total;
