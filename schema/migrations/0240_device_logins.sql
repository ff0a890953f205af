-- device_logins are sign-ins that a command line has begun and that a person approves in
-- the web app. They last ten minutes: the key is made when the command line asks for it
-- after the approval, so that no key is ever kept. Code of the version before does not
-- know the table and goes on working while this runs and after it.

-- +goose Up
CREATE TABLE device_logins (
    poll_hash bytea PRIMARY KEY CHECK (octet_length(poll_hash) = 32),
    code text COLLATE "C" NOT NULL UNIQUE,
    name text NOT NULL,
    address text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    approved boolean,
    user_id text COLLATE "C" REFERENCES users (id) ON DELETE CASCADE,
    approved_by text COLLATE "C",
    CHECK ((approved IS NULL) = (user_id IS NULL))
);
CREATE INDEX device_logins_by_end ON device_logins (expires_at);
CREATE INDEX device_logins_of_user ON device_logins (user_id) WHERE user_id IS NOT NULL;

-- +goose Down
DROP TABLE device_logins;
