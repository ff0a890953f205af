-- Health that heals: where a webhook's health came from, recovery by itself,
-- redelivery, and counts by the hour. Code of version 2 goes on working while
-- this runs, but for a second delivery of an event to a webhook.

-- +goose Up
ALTER TABLE webhooks
    ADD COLUMN failures_in_row     integer NOT NULL DEFAULT 0,
    ADD COLUMN last_failure_at     timestamptz,
    ADD COLUMN last_failure_reason text,
    -- Successes in the hour of the last failure, before it.
    ADD COLUMN successes_before    integer NOT NULL DEFAULT 0,
    -- While it is DEGRADED: when the next delivery may be tried for the first time.
    ADD COLUMN trial_at            timestamptz,
    -- Places while what was held is released; 0 = nothing is being released. It
    -- goes on until drain_until at least: an ingest may have seen it disabled.
    -- NULL: only what a recovery has picked is released.
    ADD COLUMN drain               integer NOT NULL DEFAULT 0,
    ADD COLUMN drain_until         timestamptz,
    -- How often health has deactivated it: the number of its recovery.
    ADD COLUMN outages             integer NOT NULL DEFAULT 0,
    -- When the workflow of the recovery must be told of it (again); NULL = none.
    ADD COLUMN recover_at          timestamptz,
    ADD COLUMN recover_until       timestamptz,
    ADD COLUMN next_probe_at       timestamptz,
    ADD COLUMN probes              integer NOT NULL DEFAULT 0,
    ADD COLUMN gave_up_at          timestamptz;
CREATE INDEX webhooks_recovering ON webhooks (recover_at) WHERE recover_at IS NOT NULL;
CREATE INDEX webhooks_draining ON webhooks (id) WHERE drain > 0;
-- What a drain releases, the oldest first; and what may go on while a webhook
-- waits for its next trial.
CREATE INDEX deliveries_held ON deliveries (webhook_id, id) WHERE status = 'held';
CREATE INDEX deliveries_queued_again ON deliveries (webhook_id, id) WHERE dispatch_at = 'infinity' AND attempts > 0;

-- Every change of status or of enabled, and a recovery that was given up.
CREATE TABLE transitions (
    webhook_id  text COLLATE "C" NOT NULL REFERENCES webhooks,
    seq         bigint GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL DEFAULT now(),
    from_status text NOT NULL,
    status      text NOT NULL,
    enabled     boolean NOT NULL,
    cause       text NOT NULL,
    reason      text,                 -- of the attempt or probe behind it
    delivery_id text COLLATE "C",     -- the delivery behind it
    actor       text,                 -- the person behind it
    told        boolean NOT NULL,     -- whether an operational event tells of it
    note        text,                 -- what that person says about it
    PRIMARY KEY (webhook_id, seq)
);

-- A delivery of an event that was delivered before, by somebody's wish. The one
-- that it takes the place of is superseded: the ledger counts the last of each.
-- Each is redelivered once, so that the deliveries of an event and a webhook are
-- a chain with one end.
ALTER TABLE deliveries
    DROP CONSTRAINT deliveries_event_id_webhook_id_key,
    ADD COLUMN redelivery_of text COLLATE "C",
    ADD COLUMN superseded    boolean NOT NULL DEFAULT false,
    ADD COLUMN recovery_id   text COLLATE "C",
    ADD COLUMN siblings      integer NOT NULL DEFAULT 1; -- how many deliveries its event had at its acceptance
CREATE UNIQUE INDEX deliveries_once ON deliveries (event_id, webhook_id, coalesce(redelivery_of, ''));
CREATE INDEX deliveries_of_recovery ON deliveries (recovery_id, status) WHERE recovery_id IS NOT NULL;

-- A redelivery of many, in steps: cursor_* is the last delivery that was looked at.
CREATE TABLE recoveries (
    id          text COLLATE "C" PRIMARY KEY,
    webhook_id  text COLLATE "C" NOT NULL REFERENCES webhooks,
    since       timestamptz NOT NULL,
    until       timestamptz NOT NULL,
    statuses    text[] NOT NULL,
    event_types text[] NOT NULL,
    status      text NOT NULL CHECK (status IN ('running', 'completed', 'cancelled')),
    total       integer NOT NULL,
    released    integer NOT NULL DEFAULT 0,
    cursor_at   timestamptz,
    cursor_id   text COLLATE "C",
    dispatch_at timestamptz, -- when its workflow must be told of it (again)
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CHECK ((status = 'running') = (dispatch_at IS NOT NULL)),
    CHECK ((status = 'running') = (finished_at IS NULL))
);
CREATE INDEX recoveries_due ON recoveries (dispatch_at) WHERE dispatch_at IS NOT NULL;
CREATE INDEX recoveries_of_webhook ON recoveries (webhook_id, created_at DESC, id DESC);

-- Attempts by the hour: reason '' is a success, latency is a step of a
-- logarithmic scale. The rows of this hour are updated all the time, which is
-- cheap as long as there is room beside them; each number is kept in parts, so
-- that attempts that end at one moment rarely wait for one another's commit.
CREATE TABLE health_counts (
    webhook_id text COLLATE "C" NOT NULL,
    hour       timestamptz NOT NULL,
    reason     text NOT NULL,
    latency    smallint NOT NULL,
    part       smallint NOT NULL,
    n          integer NOT NULL,
    PRIMARY KEY (webhook_id, hour, reason, latency, part)
) WITH (fillfactor = 50);
CREATE INDEX health_counts_by_hour ON health_counts (hour);

-- The last check of the ledger, whichever process made it, and how many
-- differences of each kind it found; NULL = it has not ended.
CREATE TABLE ledger_checks (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    began_at    timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    deliveries  bigint,
    dispatch    bigint,
    attempts    bigint
);

-- Mail to owners: of each webhook at most one waits, which a newer one takes the
-- place of. It is tried again until the mail server takes it or refuses it for good.
CREATE TABLE notices (
    id         text COLLATE "C" PRIMARY KEY,
    webhook_id text COLLATE "C" NOT NULL REFERENCES webhooks,
    kind       text NOT NULL CHECK (kind IN ('deactivated', 'recovered', 'gave_up', 'gone')),
    reason     text,
    tries      integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    due_at     timestamptz, -- NULL: sent, or not to be sent
    sent_at    timestamptz,
    error      text
);
CREATE INDEX notices_due ON notices (due_at) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX notices_waiting ON notices (webhook_id) WHERE due_at IS NOT NULL;
CREATE INDEX notices_of_webhook ON notices (webhook_id, sent_at DESC) WHERE sent_at IS NOT NULL;

-- An operational event belongs to an owner instead of a project.
ALTER TABLE events ADD COLUMN owner_id text COLLATE "C";

-- +goose Down
DROP TABLE notices, ledger_checks, health_counts, recoveries, transitions;
DELETE FROM deliveries WHERE redelivery_of IS NOT NULL; -- version 2 knows one delivery of an event to a webhook
DELETE FROM deliveries d USING events e WHERE e.id = d.event_id AND e.owner_id IS NOT NULL;
DELETE FROM events WHERE owner_id IS NOT NULL;
ALTER TABLE events DROP COLUMN owner_id;
DROP INDEX deliveries_once, deliveries_held, deliveries_queued_again;
ALTER TABLE deliveries
    DROP COLUMN redelivery_of, DROP COLUMN superseded, DROP COLUMN recovery_id, DROP COLUMN siblings,
    ADD CONSTRAINT deliveries_event_id_webhook_id_key UNIQUE (event_id, webhook_id);
ALTER TABLE webhooks
    DROP COLUMN failures_in_row, DROP COLUMN last_failure_at, DROP COLUMN last_failure_reason, DROP COLUMN successes_before, DROP COLUMN trial_at,
    DROP COLUMN drain, DROP COLUMN drain_until, DROP COLUMN outages, DROP COLUMN recover_at, DROP COLUMN recover_until, DROP COLUMN next_probe_at,
    DROP COLUMN probes, DROP COLUMN gave_up_at;
