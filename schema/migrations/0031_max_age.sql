-- A webhook says how old a delivery may be that waits for it. What is older ends as
-- cancelled with the reason expired. Code of the version before goes on working
-- while this runs; until it is gone it sends what is too old, and does not know
-- the reason.

-- +goose Up
ALTER TABLE webhooks ADD COLUMN max_age integer CHECK (max_age > 0); -- seconds
-- The webhooks whose queues are looked through.
CREATE INDEX webhooks_of_max_age ON webhooks (id) WHERE max_age IS NOT NULL AND deleted_at IS NULL;

-- +goose Down
ALTER TABLE webhooks DROP COLUMN max_age;
UPDATE deliveries SET reason = 'cancelled_by_owner' WHERE reason = 'expired';
