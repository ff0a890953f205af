-- Windows that wait are found when they end. The index is built beside the work that goes
-- on; code of earlier versions goes on working while this runs. When it was cut off, run it
-- again.

-- +goose NO TRANSACTION
-- +goose Up
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS windows_ending;
CREATE INDEX CONCURRENTLY windows_ending ON windows (ends_at) WHERE dispatch_at = 'infinity';
SET lock_timeout = '700ms'; -- as the migrations after this one have it

-- +goose Down
DROP INDEX windows_ending;
