-- What is sent again, or cancelled, can be picked by reasons and by status codes of
-- the last answers, as in the list of deliveries. Code of the version before goes on
-- working while this runs: it asks for none.

-- +goose Up
ALTER TABLE redeliveries
    ADD COLUMN reasons      text[] NOT NULL DEFAULT '{}',
    ADD COLUMN status_codes text[] NOT NULL DEFAULT '{}';

-- +goose Down
ALTER TABLE redeliveries DROP COLUMN reasons, DROP COLUMN status_codes;
