-- A column marks the tests that an owner sends to a webhook, so that a test makes
-- one attempt and bears on nothing. NULL = it is none, so that ordinary rows pay
-- nothing. Old code goes on working while this runs and afterwards: it reads names
-- of columns that it knows, and treats a test as any delivery.

-- +goose Up
ALTER TABLE deliveries
    ADD COLUMN test boolean,
    ADD CONSTRAINT deliveries_test CHECK (test) NOT VALID;

-- +goose Down
ALTER TABLE deliveries DROP COLUMN test;
