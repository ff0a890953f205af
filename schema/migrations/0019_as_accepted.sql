-- What a receiver is sent of an event is fixed at acceptance: its place in the
-- order of acceptance, the names of its project and company and, for the format
-- blue, the webhook as it was. Webhooks may have a client certificate and
-- authorities of their own. Code of version 18 goes on working: what it accepts
-- has a number but no names, for which those of the moment of sending are taken.

-- +goose Up
CREATE SEQUENCE event_sequence;
-- Events of before have the number 0.
ALTER TABLE events
    ADD COLUMN sequence bigint NOT NULL DEFAULT 0,
    ADD COLUMN project_name text,
    ADD COLUMN company_name text;
ALTER TABLE events ALTER COLUMN sequence SET DEFAULT nextval('event_sequence');
ALTER SEQUENCE event_sequence OWNED BY events.sequence;

-- NULL until the format is blue.
ALTER TABLE deliveries ADD COLUMN blue_webhook json;

-- PEM; the key is sealed, '' where there is none.
ALTER TABLE webhooks
    ADD COLUMN client_certificate text NOT NULL DEFAULT '',
    ADD COLUMN client_key bytea NOT NULL DEFAULT '',
    ADD COLUMN ca_certificate text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE webhooks DROP COLUMN client_certificate, DROP COLUMN client_key, DROP COLUMN ca_certificate;
ALTER TABLE deliveries DROP COLUMN blue_webhook;
ALTER TABLE events DROP COLUMN sequence, DROP COLUMN project_name, DROP COLUMN company_name;
