-- Answers to requests with an Idempotency-Key, to be given again. Code of
-- version 4 ignores the header and goes on working while this runs.

-- +goose Up
CREATE TABLE idempotency_keys (
    credential text COLLATE "C" NOT NULL,
    key        text COLLATE "C" NOT NULL,
    -- SHA-256 of the method, the path and the body.
    request    bytea NOT NULL,
    -- Status, headers and body, sealed: they may hold a secret that is shown once.
    answer     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (credential, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- +goose Down
DROP TABLE idempotency_keys;
