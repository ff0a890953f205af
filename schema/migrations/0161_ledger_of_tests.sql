-- The ledger counts what failed, is held or was never tried in indexes alone. It
-- leaves tests out, so these indexes hold test, which never changes. They are built
-- beside the work that goes on, each before the one that it takes the place of is
-- dropped; code of earlier versions goes on working while this runs. When it was cut
-- off, run it again.

-- +goose NO TRANSACTION
-- +goose Up
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_amiss_new;
CREATE INDEX CONCURRENTLY deliveries_amiss_new ON deliveries (webhook_id, reason, created_at DESC, id DESC)
    INCLUDE (superseded, redelivery_of, test) WHERE reason IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_amiss_of_webhook;
ALTER INDEX deliveries_amiss_new RENAME TO deliveries_amiss_of_webhook;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_untried_new;
CREATE INDEX CONCURRENTLY deliveries_untried_new ON deliveries (webhook_id, created_at DESC, id DESC)
    INCLUDE (redelivery_of, test) WHERE dispatch_at IS NOT NULL AND attempts = 0;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_untried_of_webhook;
ALTER INDEX deliveries_untried_new RENAME TO deliveries_untried_of_webhook;

-- +goose Down
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_amiss_of_webhook;
CREATE INDEX CONCURRENTLY deliveries_amiss_of_webhook ON deliveries (webhook_id, reason, created_at DESC, id DESC)
    INCLUDE (superseded, redelivery_of) WHERE reason IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_untried_of_webhook;
CREATE INDEX CONCURRENTLY deliveries_untried_of_webhook ON deliveries (webhook_id, created_at DESC, id DESC)
    INCLUDE (redelivery_of) WHERE dispatch_at IS NOT NULL AND attempts = 0;
