-- A success changes no index: none knows the status any more, so that Postgres
-- writes the new version of the row beside the old one (HOT). Code of version 11
-- goes on working, but finds what is held or waits more slowly.

-- +goose Up
-- What is held is told by its reason, which a success does not change.
ALTER TABLE deliveries DROP CONSTRAINT deliveries_check2;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_reason_check
    CHECK (CASE WHEN status = 'held' THEN coalesce(reason, '') = 'webhook_disabled' ELSE (status IN ('failed', 'cancelled')) = (reason IS NOT NULL) END);

DROP INDEX deliveries_unfinished;
DROP INDEX deliveries_waiting_of_project;
DROP INDEX deliveries_held;
DROP INDEX deliveries_of_recovery;
CREATE INDEX deliveries_unfinished ON deliveries (webhook_id, dispatch_at) WHERE dispatch_at IS NOT NULL OR reason = 'webhook_disabled';
CREATE INDEX deliveries_waiting_of_project ON deliveries (project_id) WHERE dispatch_at IS NOT NULL OR reason = 'webhook_disabled';
CREATE INDEX deliveries_held ON deliveries (webhook_id, id) WHERE reason = 'webhook_disabled';
CREATE INDEX deliveries_of_recovery ON deliveries (recovery_id, dispatch_at) WHERE recovery_id IS NOT NULL;

-- Room for the second version of a row.
ALTER TABLE deliveries SET (fillfactor = 70);

-- +goose Down
ALTER TABLE deliveries RESET (fillfactor);
DROP INDEX deliveries_of_recovery;
DROP INDEX deliveries_held;
DROP INDEX deliveries_waiting_of_project;
DROP INDEX deliveries_unfinished;
CREATE INDEX deliveries_of_recovery ON deliveries (recovery_id, status) WHERE recovery_id IS NOT NULL;
CREATE INDEX deliveries_held ON deliveries (webhook_id, id) WHERE status = 'held';
CREATE INDEX deliveries_waiting_of_project ON deliveries (project_id) WHERE status IN ('pending', 'retrying', 'held');
CREATE INDEX deliveries_unfinished ON deliveries (webhook_id, status) WHERE status IN ('pending', 'retrying', 'held');
ALTER TABLE deliveries DROP CONSTRAINT deliveries_reason_check;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_check2 CHECK ((status IN ('failed', 'held', 'cancelled')) = (reason IS NOT NULL));
