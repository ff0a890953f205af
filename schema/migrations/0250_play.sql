-- The play receiver shows people what a webhook sends before they have a receiver.
-- play_addresses are the addresses /play/{id} that people have made; play_requests is
-- what came to them, sealed, with the result of the signature check. The requests are
-- in the database because any process of the API may get one and any may show it.
-- Both go by themselves after days, so nothing refers to them. Code of the version
-- before knows neither table and goes on working while this runs and after it.

-- +goose Up
CREATE TABLE play_addresses (
    id text COLLATE "C" PRIMARY KEY,
    owner_id text COLLATE "C" REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz NOT NULL DEFAULT now(),
    received bigint NOT NULL DEFAULT 0
);
CREATE INDEX play_addresses_of_owner ON play_addresses (owner_id);
CREATE INDEX play_addresses_by_use ON play_addresses (used_at);

CREATE TABLE play_requests (
    id text COLLATE "C" PRIMARY KEY,
    address_id text COLLATE "C" NOT NULL REFERENCES play_addresses (id) ON DELETE CASCADE,
    received_at timestamptz NOT NULL DEFAULT now(),
    method text NOT NULL,
    status_code integer NOT NULL,
    size integer NOT NULL,
    event_id text COLLATE "C",
    webhook_id text COLLATE "C",
    finding jsonb NOT NULL,
    content bytea NOT NULL
);
CREATE INDEX play_requests_newest ON play_requests (address_id, received_at DESC, id DESC);
CREATE INDEX play_requests_of_event ON play_requests (event_id);
CREATE INDEX play_requests_by_age ON play_requests (received_at);

-- +goose Down
DROP TABLE play_requests;
DROP TABLE play_addresses;
