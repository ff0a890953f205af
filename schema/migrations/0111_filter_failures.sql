-- How often the filters of a rule have failed, so that a webhook shows a filter that
-- fails on every event. Processes add up failures in memory and write them together;
-- see internal/match/failures.go. A changed rule has another id and so begins at 0.
-- Code of the version before goes on working while this runs: it knows nothing of it.

-- +goose Up
CREATE TABLE filter_failures (
    rule_id bigint PRIMARY KEY, -- without a foreign key: who adds locks no rule
    failures bigint NOT NULL CHECK (failures > 0),
    last_at timestamptz NOT NULL,
    last_event_id text COLLATE "C" NOT NULL,
    last_kind text NOT NULL
);
CREATE INDEX filter_failures_by_age ON filter_failures (last_at);

-- +goose Down
DROP TABLE filter_failures;
