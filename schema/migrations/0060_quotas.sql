-- Limits of users and companies: one user's test events must not fill the disk, and
-- one company's events must not slow down the others. Older code goes on working
-- while this runs and after it: it reads none of this, and what it adds or removes
-- without counting is found within the hour, when webhooks and rules are counted
-- again. What is above a limit already stays.

-- +goose Up
-- The limits that a company has in the place of the installation's; NULL = none.
ALTER TABLE companies ADD COLUMN limits jsonb;
CREATE INDEX companies_limited ON companies (id) WHERE limits IS NOT NULL;

-- What a test event counts for in stored_bytes of the user private_to; NULL = it
-- was not counted.
ALTER TABLE events ADD COLUMN charged_bytes integer;

-- What a user takes up. The row is locked by whoever adds to it, so that the last
-- place is given once. It has no foreign key: it is locked after the user's webhooks.
CREATE TABLE user_usage (
    user_id text COLLATE "C" PRIMARY KEY,
    webhooks bigint NOT NULL DEFAULT 0,
    rules bigint NOT NULL DEFAULT 0,
    counted_at timestamptz, -- when webhooks and rules were counted; NULL = never
    stored_bytes bigint NOT NULL DEFAULT 0,
    -- What was left of the rate of test events; NULL = all of it.
    tests_left double precision,
    tests_at timestamptz
);

-- To count without a look at what was deleted.
CREATE INDEX webhooks_live_of_owner ON webhooks (owner_id) WHERE deleted_at IS NULL;

-- +goose Down
DROP INDEX webhooks_live_of_owner;
DROP TABLE user_usage;
ALTER TABLE events DROP COLUMN charged_bytes;
ALTER TABLE companies DROP COLUMN limits; -- with its index
