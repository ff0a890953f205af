-- The functions that alone may remove and expunge entries of the audit log tell the
-- trigger so themselves: only a superuser may make functions with a setting of their own.
-- Code of earlier versions goes on working while this runs.

-- +goose Up
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION forget_audit_log(border timestamptz, most integer) RETURNS bigint LANGUAGE plpgsql AS $$
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

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION expunge_audit_log(entries text[], erased text) RETURNS bigint LANGUAGE plpgsql AS $$
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
SELECT 1; -- they do the same
