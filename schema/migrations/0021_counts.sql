-- Reports read counters instead of every row. Deliveries and events are counted
-- some minutes after they were created: what is counted then never changes, so
-- that no insert and no outcome pays for it. Attempts of hours that are over are
-- kept in one row for each webhook and hour. Code of version 20 goes on working,
-- but its reports lack the attempts that were moved.

-- +goose Up
-- One row for each webhook and hour, and one with an empty id for all of them.
CREATE TABLE delivery_counts (
    webhook_id text COLLATE "C" NOT NULL,
    hour timestamptz NOT NULL,
    matched bigint NOT NULL,     -- created when their events were accepted
    redelivered bigint NOT NULL, -- created later, of the same events
    PRIMARY KEY (webhook_id, hour) INCLUDE (matched, redelivered) -- the hours of a webhook lie far apart in the table
);
-- One row for each project and hour, of the events that all members see, and one
-- with an empty id for all events.
CREATE TABLE event_counts (
    project_id text COLLATE "C" NOT NULL,
    hour timestamptz NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (project_id, hour) INCLUDE (n)
);
CREATE INDEX delivery_counts_by_hour ON delivery_counts (hour);
CREATE INDEX event_counts_by_hour ON event_counts (hour);
-- From when and until when deliveries and events are counted; the rest is read.
CREATE TABLE counting (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    CHECK (since <= until)
);
INSERT INTO counting (since, until)
SELECT b.at, b.at FROM (
    SELECT date_trunc('hour', least(now(), (SELECT min(created_at) FROM deliveries), (SELECT min(accepted_at) FROM events)), 'UTC') AS at
) b;

-- The attempts of an hour, by reason and latency; an empty webhook_id = the sum
-- of all webhooks, without these.
CREATE TABLE health_hours (
    webhook_id text COLLATE "C" NOT NULL,
    hour timestamptz NOT NULL,
    attempts bigint NOT NULL,
    succeeded bigint NOT NULL,
    reasons text[] NOT NULL,
    latencies smallint[] NOT NULL,
    counts bigint[] NOT NULL,
    PRIMARY KEY (webhook_id, hour) INCLUDE (attempts, succeeded)
);
CREATE INDEX health_hours_by_hour ON health_hours (hour);

-- When a webhook with a queue is looked at next, by who releases its deliveries;
-- NULL = nothing of it is known to be queued. Before, every webhook with a queue
-- was looked at each time.
ALTER TABLE lanes ADD COLUMN due_at timestamptz;
CREATE INDEX lanes_due ON lanes (due_at) WHERE due_at IS NOT NULL;

-- +goose Down
ALTER TABLE lanes DROP COLUMN due_at;
INSERT INTO health_counts (webhook_id, hour, reason, latency, part, n)
SELECT h.webhook_id, h.hour, u.reason, u.latency, 0, sum(u.n) FROM health_hours h
CROSS JOIN LATERAL unnest(h.reasons, h.latencies, h.counts) AS u(reason, latency, n)
GROUP BY h.webhook_id, h.hour, u.reason, u.latency
ON CONFLICT (webhook_id, hour, reason, latency, part) DO UPDATE SET n = health_counts.n + excluded.n;
DROP TABLE health_hours;
DROP TABLE counting;
DROP TABLE event_counts;
DROP TABLE delivery_counts;
