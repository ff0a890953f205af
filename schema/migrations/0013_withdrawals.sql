-- What a switch, a deletion or a lost membership takes out of the queue is held or
-- cancelled in bounded steps: a withdrawal says what is to be done, and how far it
-- has come. Code of version 12 goes on working beside it: it holds and cancels
-- within the transaction of the switch, and makes no withdrawals.

-- +goose Up
CREATE TABLE withdrawals (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Of a webhook alone, whatever it is that its state asks for; of a project; or
    -- of the data of a project on its way to a webhook.
    webhook_id text COLLATE "C",
    project_id text COLLATE "C",
    reason text CHECK (reason IN ('project_deleted', 'membership_lost')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Until then an ingest may go on that has not seen the change.
    until timestamptz NOT NULL,
    due_at timestamptz NOT NULL DEFAULT now(),
    -- Which way through the deliveries is being walked, and how far.
    walk smallint NOT NULL DEFAULT 0,
    after_at timestamptz NOT NULL DEFAULT '-infinity',
    after_id text NOT NULL DEFAULT '' COLLATE "C",
    -- Whether this round has taken anything out.
    found boolean NOT NULL DEFAULT false,
    CHECK (webhook_id IS NOT NULL OR project_id IS NOT NULL),
    CHECK ((project_id IS NULL) = (reason IS NULL))
);
CREATE INDEX withdrawals_due ON withdrawals (due_at);
CREATE UNIQUE INDEX withdrawals_of_webhook ON withdrawals (webhook_id) WHERE project_id IS NULL;

ALTER TABLE ledger_checks ADD COLUMN owners bigint;

-- +goose Down
-- What is not taken out yet, code of version 12 holds or cancels when its turn comes.
ALTER TABLE ledger_checks DROP COLUMN owners;
DROP TABLE withdrawals;
