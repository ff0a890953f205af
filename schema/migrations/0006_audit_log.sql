-- The audit log: who changed what, from where, and how it was before. A row is
-- written in the transaction of the change; code of version 5 writes none and
-- goes on working while this runs.

-- +goose Up
CREATE TABLE audit_log (
    id         text COLLATE "C" PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Who: the credential, and the user whom it is bound to.
    key_id     text COLLATE "C" NOT NULL,
    role       text NOT NULL,
    user_id    text COLLATE "C",
    address    text,
    request_id text,
    action     text COLLATE "C" NOT NULL,
    object_id  text COLLATE "C" NOT NULL,
    -- json, since jsonb refuses an escaped NUL, and a row must never be refused.
    before     json,
    after      json
);
CREATE INDEX audit_log_newest ON audit_log (at DESC, id DESC);
CREATE INDEX audit_log_of_object ON audit_log (object_id, at DESC, id DESC);
CREATE INDEX audit_log_of_action ON audit_log (action, at DESC, id DESC);
CREATE INDEX audit_log_of_key ON audit_log (key_id, at DESC, id DESC);
CREATE INDEX audit_log_of_user ON audit_log (user_id, at DESC, id DESC) WHERE user_id IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: rows are only ever added to it', TG_OP, TG_TABLE_NAME;
END $$;
-- +goose StatementEnd
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- +goose Down
DROP TABLE audit_log;
DROP FUNCTION refuse_change;
