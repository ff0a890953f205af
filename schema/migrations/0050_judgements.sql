-- Filters that cost more than a publisher is made to wait are asked after the
-- answer. What is yet to be asked of an event is kept here until it is done. Older
-- code goes on working while this runs and after it: it neither writes nor misses
-- these rows, but what newer code has deferred waits until a newer worker runs.

-- +goose Up
-- What is yet to be judged of an event for a webhook: rules, and the part of each
-- (0 = the rule is no combination), as they were when the event was accepted.
CREATE TABLE judgements (
    event_id text COLLATE "C" NOT NULL REFERENCES events,
    webhook_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    rules bigint[] NOT NULL,
    parts int[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- When a worker may take it: at once, or when the lease of the last one is over.
    due_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, webhook_id)
);
CREATE INDEX judgements_of_owner ON judgements (owner_id, due_at, event_id, webhook_id);
CREATE INDEX judgements_of_webhook ON judgements (webhook_id);
CREATE INDEX judgements_due ON judgements (due_at);

-- Rules that were taken from a webhook while events may still be judged by them.
CREATE TABLE retired_rules (
    id bigint PRIMARY KEY,
    webhook_id text COLLATE "C" NOT NULL,
    events text[] NOT NULL,
    not_events text[] NOT NULL,
    projects text[] NOT NULL,
    companies text[] NOT NULL,
    filter text,
    combination bytea,
    retired_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX retired_rules_by_age ON retired_rules (retired_at);

ALTER TABLE ledger_checks ADD COLUMN judging bigint;

-- +goose Down
ALTER TABLE ledger_checks DROP COLUMN judging;
DROP TABLE retired_rules;
DROP TABLE judgements;
