-- Sessions are listed, the newest first, and found by the key that started them.
-- The table holds what the last days have signed in, so that plain indexes are
-- made in a moment. Code of any version works while this runs.

-- +goose Up
CREATE INDEX sessions_by_start ON sessions (created_at, id) WHERE hash IS NOT NULL;
CREATE INDEX sessions_of_key ON sessions (key_hash) WHERE key_hash IS NOT NULL;

-- +goose Down
DROP INDEX sessions_of_key;
DROP INDEX sessions_by_start;
