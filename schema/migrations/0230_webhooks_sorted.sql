-- Lists of webhooks can be sorted by name, or begin with those that need attention,
-- and read no more of them for that than a page. No success changes what these
-- indexes know: only a change of a webhook's health does. They are built beside the
-- work that goes on; code of earlier versions goes on working while this runs. When
-- it was cut off, run it again.

-- +goose NO TRANSACTION
-- +goose Up
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS webhooks_by_name;
CREATE INDEX CONCURRENTLY webhooks_by_name ON webhooks (lower("left"(name, 50)), id) WHERE deleted_at IS NULL;
DROP INDEX CONCURRENTLY IF EXISTS webhooks_by_attention;
CREATE INDEX CONCURRENTLY webhooks_by_attention ON webhooks ((CASE WHEN disabled_reason IN ('health', 'gone') THEN '0'
    WHEN enabled AND status <> 'HEALTHY' THEN '1' ELSE '2' END || lower("left"(name, 50))), id) WHERE deleted_at IS NULL;
SET lock_timeout = '700ms'; -- as the migrations after this one have it

-- +goose Down
DROP INDEX webhooks_by_attention;
DROP INDEX webhooks_by_name;
