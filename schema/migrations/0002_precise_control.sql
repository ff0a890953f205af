-- Precise control: filters and combination rules, JSON Schemas and archiving of
-- event types, and the places by which a webhook's limits are kept.
-- Code of version 1 can't read the new rules; stop it before this runs.

-- +goose Up
-- schema_version changes with each change of schema; 0 means that there never
-- was one. An ingest says which version it has checked an event against.
ALTER TABLE event_types
    ADD COLUMN schema         bytea,
    ADD COLUMN schema_version bigint NOT NULL DEFAULT 0,
    ADD COLUMN archived_at    timestamptz,
    ADD CHECK (schema IS NULL OR schema_version > 0);

-- A rule never changes: an edit replaces it, and one that the edit leaves as it
-- was keeps its id and with it its open windows. combination is the JSON of a
-- combination rule, which has no events and no filter of its own.
ALTER TABLE rules
    ADD COLUMN filter      text,
    ADD COLUMN combination bytea,
    ADD COLUMN created_at  timestamptz NOT NULL DEFAULT now(),
    DROP CONSTRAINT rules_events_check,
    ADD CHECK ((cardinality(events) > 0) = (combination IS NULL)),
    ADD CHECK (filter IS NULL OR combination IS NULL),
    DROP CONSTRAINT rules_webhook_id_position_key,
    ADD CONSTRAINT rules_webhook_id_position_key UNIQUE (webhook_id, position) DEFERRABLE INITIALLY DEFERRED;

-- part is 0 for a plain rule; in a combination 1.. numbers the parts of all_of
-- and -1.. those of none_of. conditional: the key alone does not decide, because
-- there is a filter or the rule is a combination.
ALTER TABLE rule_keys
    ADD COLUMN part        smallint NOT NULL DEFAULT 0,
    ADD COLUMN conditional boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT rule_keys_pkey,
    ADD PRIMARY KEY (scope, pattern, rule_id, part) INCLUDE (webhook_id, conditional);

-- A window is open while some parts of a combination have happened for a key
-- and the others still may. dispatch_at is when its workflow must be told of
-- it (again); as in deliveries it is always set.
CREATE TABLE windows (
    rule_id     bigint NOT NULL REFERENCES rules ON DELETE CASCADE,
    key         text COLLATE "C" NOT NULL, -- hash of the value that the parts share
    webhook_id  text COLLATE "C" NOT NULL REFERENCES webhooks,
    opened_at   timestamptz NOT NULL DEFAULT now(),
    dispatch_at timestamptz NOT NULL,
    PRIMARY KEY (rule_id, key)
);
CREATE INDEX windows_due ON windows (dispatch_at);
CREATE INDEX windows_of_webhook ON windows (webhook_id);

-- What happened inside of a window: an event, and the parts of all_of that it
-- may fill as a bit set (1 = the first); 0 means one of none_of.
CREATE TABLE window_events (
    rule_id  bigint NOT NULL,
    key      text COLLATE "C" NOT NULL,
    seq      bigint GENERATED ALWAYS AS IDENTITY,
    event_id text COLLATE "C" NOT NULL REFERENCES events,
    parts    smallint NOT NULL CHECK (parts BETWEEN 0 AND 31),
    PRIMARY KEY (rule_id, key, seq),
    FOREIGN KEY (rule_id, key) REFERENCES windows ON DELETE CASCADE
);
CREATE INDEX window_events_of_event ON window_events (event_id);

-- project_ids is set in an event that a combination made: every project whose
-- data it carries.
ALTER TABLE events ADD COLUMN project_ids text[];
CREATE INDEX events_of_projects ON events USING gin (project_ids) WHERE project_ids IS NOT NULL;

-- Which events a combination is made of. rule_id may name a rule that is gone.
CREATE TABLE combination_parts (
    event_id      text COLLATE "C" NOT NULL REFERENCES events ON DELETE CASCADE,
    position      smallint NOT NULL,
    part_event_id text COLLATE "C" NOT NULL,
    rule_id       bigint NOT NULL,
    PRIMARY KEY (event_id, position)
);
CREATE INDEX combination_parts_of_event ON combination_parts (part_event_id);

-- How often a webhook's limit of open windows kept one from being opened.
ALTER TABLE webhooks ADD COLUMN windows_refused bigint NOT NULL DEFAULT 0;

-- A delivery to a webhook with limits waits with dispatch_at = infinity until it
-- is given one of its webhook's places. slot_until is infinity while the place
-- waits for its attempt; the attempt makes it a lease, which ends with the
-- attempt, or by itself when the worker was lost. It is kept when the delivery is
-- held or cancelled meanwhile, since the request is still under way. What has a
-- place that waits is offered to the workers, or the place would be lost.
ALTER TABLE deliveries
    ADD COLUMN slot_until timestamptz,
    ADD CHECK (slot_until < 'infinity' OR coalesce(dispatch_at, 'infinity') < 'infinity');
CREATE INDEX deliveries_queued ON deliveries (webhook_id, id) WHERE dispatch_at = 'infinity';
CREATE INDEX deliveries_slots ON deliveries (webhook_id, slot_until) WHERE slot_until IS NOT NULL;

-- When a webhook with a rate limit may start its next request.
CREATE TABLE lanes (
    webhook_id text COLLATE "C" PRIMARY KEY REFERENCES webhooks ON DELETE CASCADE,
    free_at    timestamptz NOT NULL
);

-- +goose Down
DROP TABLE lanes, combination_parts, window_events, windows;
UPDATE deliveries SET dispatch_at = now() WHERE dispatch_at = 'infinity'; -- version 1 knows no queue
ALTER TABLE deliveries DROP COLUMN slot_until;
ALTER TABLE webhooks DROP COLUMN windows_refused;
ALTER TABLE events DROP COLUMN project_ids;
DELETE FROM rules WHERE combination IS NOT NULL OR filter IS NOT NULL; -- without it a filter's rule would match too much
ALTER TABLE rule_keys DROP COLUMN part, DROP COLUMN conditional, ADD PRIMARY KEY (scope, pattern, rule_id) INCLUDE (webhook_id);
ALTER TABLE rules
    DROP COLUMN filter, DROP COLUMN combination, DROP COLUMN created_at,
    ADD CHECK (cardinality(events) > 0),
    DROP CONSTRAINT rules_webhook_id_position_key,
    ADD CONSTRAINT rules_webhook_id_position_key UNIQUE (webhook_id, position);
ALTER TABLE event_types DROP COLUMN schema, DROP COLUMN schema_version, DROP COLUMN archived_at;
