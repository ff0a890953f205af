-- The spine: the directory that mirrors the host application, the catalogue,
-- webhooks with their rules, events, deliveries (which are the outbox) and
-- attempts. First migration, so no older code runs beside it.
-- Ids compare as bytes (COLLATE "C"): own ids then sort by time, and lists
-- don't depend on the cluster's locale.

-- +goose Up
CREATE TABLE companies (
    id         text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9._:-]{1,128}$'),
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX companies_newest ON companies (created_at DESC, id DESC);

CREATE TABLE projects (
    id         text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9._:-]{1,128}$'),
    company_id text COLLATE "C" NOT NULL REFERENCES companies ON DELETE CASCADE,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX projects_newest ON projects (created_at DESC, id DESC);
CREATE INDEX projects_of_company ON projects (company_id, created_at DESC, id DESC);

CREATE TABLE users (
    id         text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9._:-]{1,128}$'),
    name       text NOT NULL,
    email      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX users_newest ON users (created_at DESC, id DESC);

CREATE TABLE members (
    project_id text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    user_id    text COLLATE "C" NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, user_id)
);
CREATE INDEX members_of_user ON members (user_id);

CREATE TABLE event_types (
    name             text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9_.:-]{1,128}$'),
    "group"          text NOT NULL,
    description      text NOT NULL,
    builtin          boolean NOT NULL DEFAULT false,
    example_previous bytea,
    example_current  bytea,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);

-- A deleted webhook stays as a row, without its secrets and rules, because its
-- deliveries still tell what became of each matched event.
CREATE TABLE webhooks (
    id                    text COLLATE "C" PRIMARY KEY,
    owner_id              text COLLATE "C" REFERENCES users ON DELETE SET NULL,
    name                  text NOT NULL,
    url                   text NOT NULL,
    secret                bytea NOT NULL, -- sealed
    headers               bytea NOT NULL, -- sealed JSON object
    payload_format        text NOT NULL CHECK (payload_format IN ('standard', 'blue', 'cloudevents')),
    timeout_seconds       integer CHECK (timeout_seconds BETWEEN 1 AND 30),
    rate_limit_per_second integer CHECK (rate_limit_per_second > 0),
    max_in_flight         integer CHECK (max_in_flight > 0),
    auto_recover          boolean NOT NULL,
    metadata              bytea NOT NULL,
    enabled               boolean NOT NULL,
    status                text NOT NULL CHECK (status IN ('HEALTHY', 'DEGRADED', 'UNHEALTHY')),
    disabled_reason       text CHECK (disabled_reason IN ('owner', 'health', 'gone')),
    exhausted_in_row      integer NOT NULL DEFAULT 0, -- deliveries that used all attempts since the last success
    version               bigint NOT NULL DEFAULT 1,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    deleted_at            timestamptz,
    CHECK (enabled = (disabled_reason IS NULL)),
    CHECK (owner_id IS NOT NULL OR deleted_at IS NOT NULL)
);
CREATE INDEX webhooks_newest ON webhooks (created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX webhooks_of_owner ON webhooks (owner_id, created_at DESC, id DESC);

-- A rule as its author wrote it.
CREATE TABLE rules (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id text COLLATE "C" NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    position   integer NOT NULL,
    events     text[] NOT NULL CHECK (cardinality(events) > 0),
    projects   text[] NOT NULL,
    companies  text[] NOT NULL,
    UNIQUE (webhook_id, position)
);
CREATE INDEX rules_by_project ON rules USING gin (projects);

-- A rule as the look-up needs it: one row per scope x pattern. A scope is
-- 'project:<id>', 'company:<id>' or 'member:<owner>' (every project that the
-- owner is a member of). Cost of a look-up grows with what matches alone.
CREATE TABLE rule_keys (
    scope      text COLLATE "C" NOT NULL,
    pattern    text COLLATE "C" NOT NULL,
    rule_id    bigint NOT NULL REFERENCES rules ON DELETE CASCADE,
    webhook_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (scope, pattern, rule_id) INCLUDE (webhook_id)
);
CREATE INDEX rule_keys_of_rule ON rule_keys (rule_id);

-- The patterns in use that stand for several types, so that a look-up need not
-- try every prefix of a type's name. A pattern that is no longer used stays: it
-- costs a look-up nothing but one miss.
CREATE TABLE rule_prefixes (
    pattern text COLLATE "C" PRIMARY KEY CHECK (pattern LIKE '%*')
);

-- project_id and company_id are no foreign keys: an event outlives its project.
CREATE TABLE events (
    id          text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9._:-]{1,128}$'),
    type        text COLLATE "C" NOT NULL,
    project_id  text COLLATE "C" NOT NULL,
    company_id  text COLLATE "C" NOT NULL,
    actor_id    text COLLATE "C",
    occurred_at timestamptz NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    previous    bytea,
    current     bytea,
    fingerprint bytea NOT NULL, -- SHA-256 of what the producer sent
    CHECK (previous IS NOT NULL OR current IS NOT NULL)
);
CREATE INDEX events_newest ON events (accepted_at DESC, id DESC);
CREATE INDEX events_of_project ON events (project_id, accepted_at DESC, id DESC);

-- The outbox and the ledger. dispatch_at is when a worker must look at the row
-- (again): set while the delivery is unfinished, always later than what its
-- workflow should need, so that a delivery whose workflow is gone is offered anew.
CREATE TABLE deliveries (
    id              text COLLATE "C" PRIMARY KEY,
    event_id        text COLLATE "C" NOT NULL REFERENCES events,
    webhook_id      text COLLATE "C" NOT NULL REFERENCES webhooks,
    event_type      text COLLATE "C" NOT NULL,
    project_id      text COLLATE "C" NOT NULL,
    company_id      text COLLATE "C" NOT NULL,
    status          text NOT NULL CHECK (status IN ('pending', 'retrying', 'succeeded', 'failed', 'held', 'cancelled')),
    reason          text,
    attempts        smallint NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND 5),
    generation      integer NOT NULL DEFAULT 1, -- workflows that carried it
    next_attempt_at timestamptz,
    dispatch_at     timestamptz,
    run_id          text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz,
    UNIQUE (event_id, webhook_id),
    CHECK ((status IN ('pending', 'retrying')) = (dispatch_at IS NOT NULL)),
    CHECK ((status IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CHECK ((status IN ('failed', 'held', 'cancelled')) = (reason IS NOT NULL)),
    CHECK (next_attempt_at IS NULL OR status = 'retrying')
);
CREATE INDEX deliveries_due ON deliveries (dispatch_at, id) WHERE dispatch_at IS NOT NULL;
CREATE INDEX deliveries_newest ON deliveries (created_at DESC, id DESC);
CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id, created_at DESC, id DESC);
CREATE INDEX deliveries_unfinished ON deliveries (webhook_id, status) WHERE status IN ('pending', 'retrying', 'held');
CREATE INDEX deliveries_waiting_of_project ON deliveries (project_id) WHERE status IN ('pending', 'retrying', 'held');

-- outcome is NULL while the attempt is under way; a row that stays so belongs
-- to a worker that was lost.
CREATE TABLE attempts (
    delivery_id      text COLLATE "C" NOT NULL REFERENCES deliveries ON DELETE CASCADE,
    number           smallint NOT NULL CHECK (number BETWEEN 1 AND 5),
    started_at       timestamptz NOT NULL DEFAULT now(),
    finished_at      timestamptz,
    duration_ms      integer,
    outcome          text CHECK (outcome IN ('success', 'failure', 'lost')),
    reason           text,
    error            text,
    status_code      integer,
    url              text,
    request_headers  bytea, -- JSON
    response_headers bytea, -- JSON
    response_body    bytea,
    truncated        boolean NOT NULL DEFAULT false,
    PRIMARY KEY (delivery_id, number),
    CHECK ((outcome IS NULL) = (finished_at IS NULL))
);

CREATE TABLE api_keys (
    id           text COLLATE "C" PRIMARY KEY,
    name         text NOT NULL,
    role         text NOT NULL CHECK (role IN ('admin', 'publisher', 'user')),
    user_id      text COLLATE "C" REFERENCES users ON DELETE CASCADE,
    hash         bytea NOT NULL UNIQUE, -- SHA-256 of the key
    expires_at   timestamptz,
    last_used_at timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CHECK ((role = 'user') = (user_id IS NOT NULL))
);

-- +goose Down
DROP TABLE api_keys, attempts, deliveries, events, rule_prefixes, rule_keys, rules, webhooks,
    event_types, members, users, projects, companies;
