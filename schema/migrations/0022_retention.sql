-- Retention: what is older than GODWIT_RETENTION is removed in steps, by one
-- process at a time. Older code goes on working while this runs and after it:
-- it reads none of the new tables, and the audit log still refuses its changes.

-- +goose Up
-- Where the removal stands: one row, locked by the step that is being made.
CREATE TABLE retention (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    -- The table that is being looked through, and the last row that was seen of it.
    part text NOT NULL DEFAULT '',
    cursor_at timestamptz NOT NULL DEFAULT '-infinity',
    cursor_id text COLLATE "C" NOT NULL DEFAULT '',
    began_at timestamptz,
    finished_at timestamptz, -- of this run; NULL while it goes on
    last_finished_at timestamptz, -- of the last run that went through everything
    -- Events accepted before this may have been removed; NULL = none was.
    kept_since timestamptz,
    -- Why the last run did not go on; NULL = it did.
    problem text
);
INSERT INTO retention DEFAULT VALUES;

-- How many rows were removed, by the name that the API has for them.
CREATE TABLE retention_removed (
    part text PRIMARY KEY,
    total bigint NOT NULL,
    last_run bigint NOT NULL
);

-- The ways to what is old. A transition is written once and never changed;
-- deleted webhooks are few.
CREATE INDEX transitions_by_age ON transitions (at, seq);
CREATE INDEX webhooks_deleted ON webhooks (deleted_at, id) WHERE deleted_at IS NOT NULL;

-- A vacuum of the three large tables reads all of their indexes, so it pays only
-- for many rows; the default of a fifth of the table is too much space to leave.
ALTER TABLE events SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE deliveries SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE attempts SET (autovacuum_vacuum_scale_factor = 0.05);

-- The audit log refuses every change but one: the function below removes rows
-- that are older than the shortest time that GODWIT_AUDIT_RETENTION may be. It
-- alone has the setting that the trigger looks for, and only while it runs. The
-- trigger checks the age again, so that no caller of the function can remove more.
-- +goose StatementBegin
CREATE FUNCTION keep_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('godwit.audit_log_job', true) = 'retention' AND OLD.at < now() - interval '30 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% of % is refused: rows are only ever added to it', TG_OP, TG_TABLE_NAME;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION forget_audit_log(border timestamptz, most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    removed bigint;
BEGIN
    PERFORM set_config('godwit.audit_log_job', 'retention', true);
    DELETE FROM audit_log WHERE ctid = ANY(ARRAY(
        SELECT a.ctid FROM audit_log a WHERE a.at < border ORDER BY a.at, a.id LIMIT most FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('godwit.audit_log_job', '', true);
    RETURN removed;
END $$;
-- +goose StatementEnd

DROP TRIGGER append_only ON audit_log;
CREATE TRIGGER append_only BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION keep_audit_log();

-- +goose Down
DROP TRIGGER append_only_rows ON audit_log;
DROP TRIGGER append_only ON audit_log;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
DROP FUNCTION forget_audit_log(timestamptz, integer);
DROP FUNCTION keep_audit_log();
ALTER TABLE attempts RESET (autovacuum_vacuum_scale_factor);
ALTER TABLE deliveries RESET (autovacuum_vacuum_scale_factor);
ALTER TABLE events RESET (autovacuum_vacuum_scale_factor);
DROP INDEX webhooks_deleted;
DROP INDEX transitions_by_age;
DROP TABLE retention_removed;
DROP TABLE retention;
