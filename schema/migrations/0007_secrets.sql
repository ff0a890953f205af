-- Rotation of signing secrets with an overlap. Code of version 6 goes on
-- working while this runs; until it is gone it signs with the newest secret alone.

-- +goose Up
-- Sealed: the secrets that were replaced, each with its end; '' = there are none.
ALTER TABLE webhooks ADD COLUMN old_secrets bytea NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE webhooks DROP COLUMN old_secrets;
