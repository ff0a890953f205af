-- Windows of combinations are claimed in turns of their webhooks' owners, which finds
-- the oldest that are due of each webhook. The index is built beside the work that goes
-- on; code of earlier versions goes on working while this runs. When it was cut off, run
-- it again.

-- +goose NO TRANSACTION
-- +goose Up
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS windows_due_of_webhook;
CREATE INDEX CONCURRENTLY windows_due_of_webhook ON windows (webhook_id, dispatch_at);
DROP INDEX CONCURRENTLY IF EXISTS windows_of_webhook;
SET lock_timeout = '700ms'; -- as the migrations after this one have it

-- +goose Down
CREATE INDEX windows_of_webhook ON windows (webhook_id);
DROP INDEX windows_due_of_webhook;
