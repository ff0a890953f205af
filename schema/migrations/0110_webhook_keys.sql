-- A webhook may have a key of its caller's choice, so that infrastructure as code
-- can create or change it without knowing its id. Code of the version before goes on
-- working while this runs and after it: the webhooks that it makes have no key.

-- +goose Up
ALTER TABLE webhooks ADD COLUMN key text COLLATE "C" CHECK (length(key) BETWEEN 1 AND 128);
CREATE UNIQUE INDEX webhooks_by_key ON webhooks (owner_id, key) WHERE key IS NOT NULL AND deleted_at IS NULL;

-- +goose Down
ALTER TABLE webhooks DROP COLUMN key;
