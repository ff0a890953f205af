-- API keys come into use. No release before this one has written any, so the
-- table is empty; code of the version before goes on working while this runs.

-- +goose Up
ALTER TABLE api_keys
    ADD COLUMN prefix text NOT NULL, -- how the key begins, to recognise it by
    ADD CHECK (octet_length(hash) = 32);
CREATE INDEX api_keys_by_age ON api_keys (created_at, id);
CREATE INDEX api_keys_of_user ON api_keys (user_id) WHERE user_id IS NOT NULL;

-- +goose Down
DELETE FROM api_keys; -- the version before takes none
DROP INDEX api_keys_by_age, api_keys_of_user;
ALTER TABLE api_keys DROP COLUMN prefix, DROP CONSTRAINT api_keys_hash_check;
