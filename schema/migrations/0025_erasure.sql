-- Erasure: what is personal of an event or of a user is expunged, and the counts
-- of the ledger stay. Older code goes on working while this runs: it shows an
-- event that was expunged as one without states.

-- +goose Up
ALTER TABLE events ADD COLUMN expunged_at timestamptz;
-- NOT VALID spares reading the table: the constraint that it takes the place of
-- was stricter.
ALTER TABLE events DROP CONSTRAINT events_check;
ALTER TABLE events ADD CONSTRAINT events_check CHECK (previous IS NOT NULL OR current IS NOT NULL OR expunged_at IS NOT NULL) NOT VALID;
ALTER TABLE attempts ADD COLUMN expunged_at timestamptz;
ALTER TABLE audit_log ADD COLUMN expunged_at timestamptz;

-- What is being expunged, in steps. A row of an event or a webhook goes when it
-- is done; that of a user stays, to say when the user was erased.
CREATE TABLE erasures (
    kind text NOT NULL CHECK (kind IN ('event', 'webhook', 'user')),
    object_id text COLLATE "C" NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    -- For a user: the webhooks that were the user's.
    webhooks text[] NOT NULL DEFAULT '{}',
    -- The place that the steps have come to.
    part smallint NOT NULL DEFAULT 0,
    cursor_at timestamptz NOT NULL DEFAULT '-infinity',
    cursor_id text COLLATE "C" NOT NULL DEFAULT '',
    -- All is done twice: an attempt that was under way the first time has ended
    -- by the second.
    round smallint NOT NULL DEFAULT 1,
    due_at timestamptz DEFAULT now(), -- NULL = finished
    PRIMARY KEY (kind, object_id, asked_at),
    CHECK (kind = 'user' OR due_at IS NOT NULL)
);
CREATE INDEX erasures_due ON erasures (due_at) WHERE due_at IS NOT NULL;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION keep_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('godwit.audit_log_job', true) = 'retention' AND OLD.at < now() - interval '30 days' THEN
        RETURN OLD;
    END IF;
    -- Who did what and when stays; values go, and are never written.
    IF TG_OP = 'UPDATE' AND current_setting('godwit.audit_log_job', true) = 'erasure'
        AND NEW.before IS NULL AND NEW.after IS NULL AND (NEW.address IS NULL OR NEW.address = OLD.address) AND NEW.expunged_at IS NOT NULL
        AND (NEW.id, NEW.at, NEW.key_id, NEW.role, NEW.action, NEW.object_id) = (OLD.id, OLD.at, OLD.key_id, OLD.role, OLD.action, OLD.object_id)
        AND (NEW.user_id, NEW.request_id) IS NOT DISTINCT FROM (OLD.user_id, OLD.request_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of % is refused: rows are only ever added to it', TG_OP, TG_TABLE_NAME;
END $$;
-- +goose StatementEnd

-- Expunges the values of some entries: all that are of the user or the webhooks,
-- and the address from which the user came.
-- +goose StatementBegin
CREATE FUNCTION expunge_audit_log(entries text[], erased text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM set_config('godwit.audit_log_job', 'erasure', true);
    UPDATE audit_log a SET before = NULL, after = NULL, expunged_at = now(), address = CASE WHEN a.user_id = erased THEN NULL ELSE a.address END
    WHERE a.id = ANY(entries) AND a.expunged_at IS NULL;
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM set_config('godwit.audit_log_job', '', true);
    RETURN changed;
END $$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION expunge_audit_log(text[], text);
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION keep_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('godwit.audit_log_job', true) = 'retention' AND OLD.at < now() - interval '30 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% of % is refused: rows are only ever added to it', TG_OP, TG_TABLE_NAME;
END $$;
-- +goose StatementEnd
DROP TABLE erasures;
ALTER TABLE audit_log DROP COLUMN expunged_at;
ALTER TABLE attempts DROP COLUMN expunged_at;
UPDATE events SET current = '{}' WHERE previous IS NULL AND current IS NULL;
ALTER TABLE events DROP CONSTRAINT events_check;
ALTER TABLE events ADD CONSTRAINT events_check CHECK (previous IS NOT NULL OR current IS NOT NULL);
ALTER TABLE events DROP COLUMN expunged_at;
