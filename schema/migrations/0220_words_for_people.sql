-- Event types get a title and translations, so that people read what happened in
-- words of their language; users get a language, for what is written to them. Code
-- of earlier versions goes on working while this runs: each column has a default.

-- +goose Up
ALTER TABLE event_types
    ADD COLUMN title        text  NOT NULL DEFAULT '',
    ADD COLUMN translations jsonb NOT NULL DEFAULT '{}';
ALTER TABLE users ADD COLUMN locale text NOT NULL DEFAULT 'en';
ALTER TABLE webhooks DROP CONSTRAINT webhooks_payload_format_check;
ALTER TABLE webhooks ADD CONSTRAINT webhooks_payload_format_check
    CHECK (payload_format IN ('standard', 'blue', 'cloudevents', 'slack', 'discord', 'teams')) NOT VALID;

-- +goose Down
UPDATE webhooks SET payload_format = 'standard' WHERE payload_format IN ('slack', 'discord', 'teams');
ALTER TABLE webhooks DROP CONSTRAINT webhooks_payload_format_check;
ALTER TABLE webhooks ADD CONSTRAINT webhooks_payload_format_check CHECK (payload_format IN ('standard', 'blue', 'cloudevents')) NOT VALID;
ALTER TABLE users DROP COLUMN locale;
ALTER TABLE event_types DROP COLUMN title, DROP COLUMN translations;
