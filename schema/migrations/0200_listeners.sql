-- A listener is a webhook whose deliveries go down a stream of the API to its owner's
-- machine, so that nobody needs a public URL to build against Godwit. listeners keeps
-- which stream has it, and the secret of a user's listener of a name after its webhook
-- is removed. listener_requests holds the requests that wait for their answers: the
-- process that makes an attempt and the one that has the stream may be two.
-- Code of the version before goes on working while this runs and after it: it would
-- send a listener's deliveries to an address below .invalid, which fails.

-- +goose Up
ALTER TABLE webhooks
    ADD COLUMN listener text COLLATE "C",
    ADD COLUMN listener_retries boolean,
    ADD CONSTRAINT webhooks_listener_check CHECK (listener ~ '^[a-z0-9-]{1,63}$') NOT VALID;

CREATE TABLE listeners (
    owner_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name text COLLATE "C" NOT NULL,
    secret bytea NOT NULL,
    webhook_id text COLLATE "C" REFERENCES webhooks (id) ON DELETE SET NULL,
    keep_seconds integer NOT NULL CHECK (keep_seconds >= 0),
    stream text COLLATE "C",
    paused boolean NOT NULL DEFAULT false,
    stream_until timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner_id, name)
);
CREATE UNIQUE INDEX listeners_by_webhook ON listeners (webhook_id) WHERE webhook_id IS NOT NULL;
CREATE INDEX listeners_by_end ON listeners (stream_until) WHERE webhook_id IS NOT NULL;

CREATE TABLE listener_requests (
    delivery_id text COLLATE "C" NOT NULL,
    attempt integer NOT NULL,
    webhook_id text COLLATE "C" NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    headers bytea NOT NULL,
    body bytea NOT NULL,
    timeout_ms integer NOT NULL,
    expires_at timestamptz NOT NULL,
    stream text COLLATE "C",
    sent_at timestamptz,
    answer bytea,
    PRIMARY KEY (delivery_id, attempt)
);
CREATE INDEX listener_requests_by_webhook ON listener_requests (webhook_id, position);
CREATE INDEX listener_requests_by_end ON listener_requests (expires_at);

-- +goose Down
DROP TABLE listener_requests;
DROP TABLE listeners;
ALTER TABLE webhooks DROP COLUMN listener, DROP COLUMN listener_retries;
