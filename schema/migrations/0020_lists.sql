-- Lists and reports read ranges of indexes, however much there is. None of these
-- indexes knows the status: a success still changes none of them (HOT). There is
-- none for all deliveries of a type or a project: each delivery would pay for it
-- twice, a quarter of what Postgres does for it. They are
-- built beside the work that goes on; code of earlier versions goes on working
-- while this runs. When it was cut off, run it again.

-- +goose NO TRANSACTION
-- +goose Up
SET lock_timeout = 0;
-- What failed, is held or was cancelled has a reason, which tells which of them
-- it is; a success never has one.
DROP INDEX CONCURRENTLY IF EXISTS deliveries_amiss;
CREATE INDEX CONCURRENTLY deliveries_amiss ON deliveries (reason, created_at DESC, id DESC) WHERE reason IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_amiss_of_webhook;
CREATE INDEX CONCURRENTLY deliveries_amiss_of_webhook ON deliveries (webhook_id, reason, created_at DESC, id DESC)
    INCLUDE (superseded, redelivery_of) WHERE reason IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_amiss_of_project;
CREATE INDEX CONCURRENTLY deliveries_amiss_of_project ON deliveries (project_id, reason, created_at DESC, id DESC) WHERE reason IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_amiss_of_type;
CREATE INDEX CONCURRENTLY deliveries_amiss_of_type ON deliveries (event_type, reason, created_at DESC, id DESC) WHERE reason IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_amiss_of_recovery;
CREATE INDEX CONCURRENTLY deliveries_amiss_of_recovery ON deliveries (recovery_id, reason) WHERE recovery_id IS NOT NULL AND reason IS NOT NULL;

-- What is on its way: untried all of it is pending, tried most of it retrying.
DROP INDEX CONCURRENTLY IF EXISTS deliveries_untried;
CREATE INDEX CONCURRENTLY deliveries_untried ON deliveries (created_at DESC, id DESC) WHERE dispatch_at IS NOT NULL AND attempts = 0;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_tried;
CREATE INDEX CONCURRENTLY deliveries_tried ON deliveries (created_at DESC, id DESC) WHERE dispatch_at IS NOT NULL AND attempts > 0;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_untried_of_webhook;
CREATE INDEX CONCURRENTLY deliveries_untried_of_webhook ON deliveries (webhook_id, created_at DESC, id DESC)
    INCLUDE (redelivery_of) WHERE dispatch_at IS NOT NULL AND attempts = 0;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_tried_of_webhook;
CREATE INDEX CONCURRENTLY deliveries_tried_of_webhook ON deliveries (webhook_id, created_at DESC, id DESC) WHERE dispatch_at IS NOT NULL AND attempts > 0;

-- What was sent again of a type or a project; all else was created with its event.
DROP INDEX CONCURRENTLY IF EXISTS deliveries_again_of_type;
CREATE INDEX CONCURRENTLY deliveries_again_of_type ON deliveries (event_type, created_at DESC) WHERE redelivery_of IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_again_of_project;
CREATE INDEX CONCURRENTLY deliveries_again_of_project ON deliveries (project_id, created_at DESC) WHERE redelivery_of IS NOT NULL;

-- Matched events whose newest delivery is another one.
DROP INDEX CONCURRENTLY IF EXISTS deliveries_redelivered;
CREATE INDEX CONCURRENTLY deliveries_redelivered ON deliveries (webhook_id, created_at DESC, id DESC) WHERE superseded AND redelivery_of IS NULL;

DROP INDEX CONCURRENTLY IF EXISTS events_of_type;
CREATE INDEX CONCURRENTLY events_of_type ON events (type, accepted_at DESC, id DESC);

-- What not all members of a project see.
DROP INDEX CONCURRENTLY IF EXISTS events_apart;
CREATE INDEX CONCURRENTLY events_apart ON events (project_id, accepted_at) WHERE owner_id IS NOT NULL OR private_to IS NOT NULL OR project_ids IS NOT NULL;

-- Counts of attempts are moved webhook by webhook once their hour is over.
DROP INDEX CONCURRENTLY IF EXISTS health_counts_by_age;
CREATE INDEX CONCURRENTLY health_counts_by_age ON health_counts (hour, webhook_id);
DROP INDEX CONCURRENTLY IF EXISTS health_counts_by_hour;
SET lock_timeout = '700ms'; -- as the migrations after this one have it

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS health_counts_by_hour;
CREATE INDEX CONCURRENTLY health_counts_by_hour ON health_counts (hour);
DROP INDEX CONCURRENTLY IF EXISTS health_counts_by_age;
DROP INDEX CONCURRENTLY IF EXISTS events_apart;
DROP INDEX CONCURRENTLY IF EXISTS events_of_type;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_redelivered;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_again_of_project;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_again_of_type;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_tried_of_webhook;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_untried_of_webhook;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_tried;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_untried;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_amiss_of_recovery;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_amiss_of_type;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_amiss_of_project;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_amiss_of_webhook;
DROP INDEX CONCURRENTLY IF EXISTS deliveries_amiss;
