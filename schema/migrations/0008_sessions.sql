-- Signing in to the web app: by a link that an admin has made for a user, or
-- with an API key. Only hashes are kept of what signs in.

-- +goose Up
CREATE TABLE sessions (
    id         text COLLATE "C" PRIMARY KEY,
    -- Whom it signs in: a user by a link, else whoever the key belongs to, as long as it is valid.
    user_id    text COLLATE "C" REFERENCES users ON DELETE CASCADE,
    key_hash   bytea,
    -- SHA-256 of the link's token until the link is used, of the cookie from then on.
    link_hash  bytea UNIQUE,
    hash       bytea UNIQUE,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((user_id IS NULL) <> (key_hash IS NULL)),
    CHECK ((link_hash IS NULL) <> (hash IS NULL))
);
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE INDEX sessions_of_user ON sessions (user_id) WHERE user_id IS NOT NULL;

-- +goose Down
DROP TABLE sessions;
