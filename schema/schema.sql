-- What the migrations amount to; made by `make schema`.


CREATE FUNCTION public.expunge_audit_log(entries text[], erased text) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM set_config('godwit.audit_log_job', 'erasure', true);
    UPDATE audit_log a SET before = NULL, after = NULL, expunged_at = now(), address = CASE WHEN a.user_id = erased THEN NULL ELSE a.address END
    WHERE a.id = ANY(entries) AND a.expunged_at IS NULL;
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM set_config('godwit.audit_log_job', '', true);
    RETURN changed;
END $$;

CREATE FUNCTION public.forget_audit_log(border timestamp with time zone, most integer) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    removed bigint;
BEGIN
    PERFORM set_config('godwit.audit_log_job', 'retention', true);
    DELETE FROM audit_log WHERE ctid = ANY(ARRAY(
        SELECT a.ctid FROM audit_log a WHERE a.at < border ORDER BY a.at, a.id LIMIT most FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('godwit.audit_log_job', '', true);
    RETURN removed;
END $$;

CREATE FUNCTION public.keep_audit_log() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('godwit.audit_log_job', true) = 'retention' AND OLD.at < now() - interval '30 days' THEN
        RETURN OLD;
    END IF;
    -- Who did what and when stays; values go, and are never written.
    IF TG_OP = 'UPDATE' AND current_setting('godwit.audit_log_job', true) = 'erasure'
        AND NEW.before IS NULL AND NEW.after IS NULL AND (NEW.address IS NULL OR NEW.address = OLD.address) AND NEW.expunged_at IS NOT NULL
        AND (NEW.id, NEW.at, NEW.key_id, NEW.role, NEW.action, NEW.object_id) = (OLD.id, OLD.at, OLD.key_id, OLD.role, OLD.action, OLD.object_id)
        AND (NEW.user_id, NEW.request_id) IS NOT DISTINCT FROM (OLD.user_id, OLD.request_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of % is refused: rows are only ever added to it', TG_OP, TG_TABLE_NAME;
END $$;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: rows are only ever added to it', TG_OP, TG_TABLE_NAME;
END $$;

CREATE TABLE public.api_keys (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    role text NOT NULL,
    user_id text COLLATE pg_catalog."C",
    hash bytea NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    prefix text NOT NULL,
    CONSTRAINT api_keys_check CHECK (((role = 'user'::text) = (user_id IS NOT NULL))),
    CONSTRAINT api_keys_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT api_keys_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'publisher'::text, 'user'::text])))
);

CREATE TABLE public.attempts (
    delivery_id text NOT NULL COLLATE pg_catalog."C",
    number smallint NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    duration_ms integer,
    outcome text,
    reason text,
    error text,
    status_code integer,
    url text,
    request_headers bytea,
    response_headers bytea,
    response_body bytea,
    truncated boolean DEFAULT false NOT NULL,
    expunged_at timestamp with time zone,
    CONSTRAINT attempts_check CHECK (((outcome IS NULL) = (finished_at IS NULL)))
)
WITH (autovacuum_vacuum_scale_factor='0.05');
ALTER TABLE ONLY public.attempts ALTER COLUMN delivery_id SET STATISTICS 0;
ALTER TABLE ONLY public.attempts ALTER COLUMN number SET STATISTICS 0;
ALTER TABLE ONLY public.attempts ALTER COLUMN started_at SET STATISTICS 0;
ALTER TABLE ONLY public.attempts ALTER COLUMN finished_at SET STATISTICS 0;
ALTER TABLE ONLY public.attempts ALTER COLUMN duration_ms SET STATISTICS 0;
ALTER TABLE ONLY public.attempts ALTER COLUMN outcome SET STATISTICS 0;
ALTER TABLE ONLY public.attempts ALTER COLUMN reason SET STATISTICS 0;
ALTER TABLE ONLY public.attempts ALTER COLUMN error SET STATISTICS 0;
ALTER TABLE ONLY public.attempts ALTER COLUMN status_code SET STATISTICS 0;
ALTER TABLE ONLY public.attempts ALTER COLUMN url SET STATISTICS 0;
ALTER TABLE ONLY public.attempts ALTER COLUMN request_headers SET STATISTICS 0;
ALTER TABLE ONLY public.attempts ALTER COLUMN response_headers SET STATISTICS 0;
ALTER TABLE ONLY public.attempts ALTER COLUMN response_body SET STATISTICS 0;
ALTER TABLE ONLY public.attempts ALTER COLUMN truncated SET STATISTICS 0;
ALTER TABLE ONLY public.attempts ALTER COLUMN expunged_at SET STATISTICS 0;

CREATE TABLE public.audit_log (
    id text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    key_id text NOT NULL COLLATE pg_catalog."C",
    role text NOT NULL,
    user_id text COLLATE pg_catalog."C",
    address text,
    request_id text,
    action text NOT NULL COLLATE pg_catalog."C",
    object_id text NOT NULL COLLATE pg_catalog."C",
    before json,
    after json,
    expunged_at timestamp with time zone
);

CREATE TABLE public.combination_parts (
    event_id text NOT NULL COLLATE pg_catalog."C",
    "position" smallint NOT NULL,
    part_event_id text NOT NULL COLLATE pg_catalog."C",
    rule_id bigint NOT NULL
);

CREATE TABLE public.companies (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    limits jsonb
);

CREATE TABLE public.counting (
    one boolean DEFAULT true NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    CONSTRAINT counting_check CHECK ((since <= until)),
    CONSTRAINT counting_one_check CHECK (one)
);

CREATE TABLE public.deliveries (
    id text NOT NULL COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C",
    webhook_id text NOT NULL COLLATE pg_catalog."C",
    event_type text NOT NULL COLLATE pg_catalog."C",
    project_id text NOT NULL COLLATE pg_catalog."C",
    company_id text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL,
    reason text,
    attempts smallint DEFAULT 0 NOT NULL,
    generation integer DEFAULT 1 NOT NULL,
    next_attempt_at timestamp with time zone,
    dispatch_at timestamp with time zone,
    run_id text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    slot_until timestamp with time zone,
    redelivery_of text COLLATE pg_catalog."C",
    superseded boolean DEFAULT false NOT NULL,
    redelivery_id text COLLATE pg_catalog."C",
    siblings integer DEFAULT 1 NOT NULL,
    begun_at timestamp with time zone,
    batch_id text COLLATE pg_catalog."C",
    unused smallint DEFAULT 0 NOT NULL,
    blue_webhook json,
    test boolean,
    cancellation_id text COLLATE pg_catalog."C",
    CONSTRAINT deliveries_reason_check CHECK (
CASE
    WHEN (status = 'held'::text) THEN (COALESCE(reason, ''::text) = 'webhook_disabled'::text)
    ELSE ((status = ANY (ARRAY['failed'::text, 'cancelled'::text])) = (reason IS NOT NULL))
END),
    CONSTRAINT deliveries_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'retrying'::text, 'succeeded'::text, 'failed'::text, 'held'::text, 'cancelled'::text])))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.05');
ALTER TABLE ONLY public.deliveries ALTER COLUMN id SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN event_id SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN webhook_id SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN event_type SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN project_id SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN company_id SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN status SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN reason SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN attempts SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN generation SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN next_attempt_at SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN dispatch_at SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN run_id SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN created_at SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN updated_at SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN finished_at SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN slot_until SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN redelivery_of SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN superseded SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN redelivery_id SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN siblings SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN begun_at SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN batch_id SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN unused SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN blue_webhook SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN test SET STATISTICS 0;
ALTER TABLE ONLY public.deliveries ALTER COLUMN cancellation_id SET STATISTICS 0;

CREATE TABLE public.delivery_counts (
    webhook_id text NOT NULL COLLATE pg_catalog."C",
    hour timestamp with time zone NOT NULL,
    matched bigint NOT NULL,
    redelivered bigint NOT NULL
);

CREATE TABLE public.device_logins (
    poll_hash bytea NOT NULL,
    code text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    address text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    approved boolean,
    user_id text COLLATE pg_catalog."C",
    approved_by text COLLATE pg_catalog."C",
    CONSTRAINT device_logins_check CHECK (((approved IS NULL) = (user_id IS NULL))),
    CONSTRAINT device_logins_poll_hash_check CHECK ((octet_length(poll_hash) = 32))
);

CREATE TABLE public.erasures (
    kind text NOT NULL,
    object_id text NOT NULL COLLATE pg_catalog."C",
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    webhooks text[] DEFAULT '{}'::text[] NOT NULL,
    part smallint DEFAULT 0 NOT NULL,
    cursor_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    cursor_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    round smallint DEFAULT 1 NOT NULL,
    due_at timestamp with time zone DEFAULT now(),
    CONSTRAINT erasures_check CHECK (((kind = 'user'::text) OR (due_at IS NOT NULL))),
    CONSTRAINT erasures_kind_check CHECK ((kind = ANY (ARRAY['event'::text, 'webhook'::text, 'user'::text])))
);

CREATE TABLE public.event_counts (
    project_id text NOT NULL COLLATE pg_catalog."C",
    hour timestamp with time zone NOT NULL,
    n bigint NOT NULL
);

CREATE TABLE public.events (
    id text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    project_id text NOT NULL COLLATE pg_catalog."C",
    company_id text NOT NULL COLLATE pg_catalog."C",
    actor_id text COLLATE pg_catalog."C",
    occurred_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone DEFAULT now() NOT NULL,
    previous bytea,
    current bytea,
    fingerprint bytea NOT NULL,
    project_ids text[],
    owner_id text COLLATE pg_catalog."C",
    private_to text COLLATE pg_catalog."C",
    sequence bigint NOT NULL,
    project_name text,
    company_name text,
    expunged_at timestamp with time zone,
    charged_bytes integer,
    traceparent text
)
WITH (autovacuum_vacuum_scale_factor='0.05');
ALTER TABLE ONLY public.events ALTER COLUMN id SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN type SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN project_id SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN company_id SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN actor_id SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN occurred_at SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN accepted_at SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN previous SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN current SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN fingerprint SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN project_ids SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN owner_id SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN private_to SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN sequence SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN project_name SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN company_name SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN expunged_at SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN charged_bytes SET STATISTICS 0;
ALTER TABLE ONLY public.events ALTER COLUMN traceparent SET STATISTICS 0;

CREATE SEQUENCE public.event_sequence
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.event_sequence OWNED BY public.events.sequence;

CREATE TABLE public.event_types (
    name text NOT NULL COLLATE pg_catalog."C",
    "group" text NOT NULL,
    description text NOT NULL,
    builtin boolean DEFAULT false NOT NULL,
    example_previous bytea,
    example_current bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    schema bytea,
    schema_version bigint DEFAULT 0 NOT NULL,
    archived_at timestamp with time zone,
    title text DEFAULT ''::text NOT NULL,
    translations jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT event_types_check CHECK (((schema IS NULL) OR (schema_version > 0))),
    CONSTRAINT event_types_name_check CHECK ((name ~ '^[A-Za-z0-9_.:-]{1,128}$'::text))
);

CREATE TABLE public.filter_failures (
    rule_id bigint NOT NULL,
    failures bigint NOT NULL,
    last_at timestamp with time zone NOT NULL,
    last_event_id text NOT NULL COLLATE pg_catalog."C",
    last_kind text NOT NULL,
    CONSTRAINT filter_failures_failures_check CHECK ((failures > 0))
);

CREATE TABLE public.goose_db_version (
    id integer NOT NULL,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp without time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.goose_db_version ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.goose_db_version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.health_counts (
    webhook_id text NOT NULL COLLATE pg_catalog."C",
    hour timestamp with time zone NOT NULL,
    reason text NOT NULL,
    latency smallint NOT NULL,
    part smallint NOT NULL,
    n integer NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.health_hours (
    webhook_id text NOT NULL COLLATE pg_catalog."C",
    hour timestamp with time zone NOT NULL,
    attempts bigint NOT NULL,
    succeeded bigint NOT NULL,
    reasons text[] NOT NULL,
    latencies smallint[] NOT NULL,
    counts bigint[] NOT NULL
);

CREATE TABLE public.idempotency_keys (
    credential text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    request bytea NOT NULL,
    answer bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.judgements (
    event_id text NOT NULL COLLATE pg_catalog."C",
    webhook_id text NOT NULL COLLATE pg_catalog."C",
    owner_id text NOT NULL COLLATE pg_catalog."C",
    rules bigint[] NOT NULL,
    parts integer[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.lanes (
    webhook_id text NOT NULL COLLATE pg_catalog."C",
    free_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone
);

CREATE TABLE public.ledger_checks (
    one boolean DEFAULT true NOT NULL,
    began_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    deliveries bigint,
    dispatch bigint,
    attempts bigint,
    owners bigint,
    judging bigint,
    CONSTRAINT ledger_checks_one_check CHECK (one)
);

CREATE TABLE public.listener_requests (
    delivery_id text NOT NULL COLLATE pg_catalog."C",
    attempt integer NOT NULL,
    webhook_id text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL,
    headers bytea NOT NULL,
    body bytea NOT NULL,
    timeout_ms integer NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    stream text COLLATE pg_catalog."C",
    sent_at timestamp with time zone,
    answer bytea
);

ALTER TABLE public.listener_requests ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.listener_requests_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.listeners (
    owner_id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    secret bytea NOT NULL,
    webhook_id text COLLATE pg_catalog."C",
    keep_seconds integer NOT NULL,
    stream text COLLATE pg_catalog."C",
    paused boolean DEFAULT false NOT NULL,
    stream_until timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT listeners_keep_seconds_check CHECK ((keep_seconds >= 0))
);

CREATE TABLE public.members (
    project_id text NOT NULL COLLATE pg_catalog."C",
    user_id text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.notices (
    id text NOT NULL COLLATE pg_catalog."C",
    webhook_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    reason text,
    tries integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone,
    sent_at timestamp with time zone,
    error text,
    CONSTRAINT notices_kind_check CHECK ((kind = ANY (ARRAY['deactivated'::text, 'recovered'::text, 'gave_up'::text, 'gone'::text])))
);

CREATE TABLE public.play_addresses (
    id text NOT NULL COLLATE pg_catalog."C",
    owner_id text COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone DEFAULT now() NOT NULL,
    received bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.play_requests (
    id text NOT NULL COLLATE pg_catalog."C",
    address_id text NOT NULL COLLATE pg_catalog."C",
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    method text NOT NULL,
    status_code integer NOT NULL,
    size integer NOT NULL,
    event_id text COLLATE pg_catalog."C",
    webhook_id text COLLATE pg_catalog."C",
    finding jsonb NOT NULL,
    content bytea NOT NULL
);

CREATE TABLE public.projects (
    id text NOT NULL COLLATE pg_catalog."C",
    company_id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.redeliveries (
    id text NOT NULL COLLATE pg_catalog."C",
    webhook_id text NOT NULL COLLATE pg_catalog."C",
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    statuses text[] NOT NULL,
    event_types text[] NOT NULL,
    status text NOT NULL,
    total integer NOT NULL,
    released integer DEFAULT 0 NOT NULL,
    cursor_at timestamp with time zone,
    cursor_id text COLLATE pg_catalog."C",
    dispatch_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    kind text DEFAULT 'redelivery'::text NOT NULL,
    due_at timestamp with time zone,
    walk smallint DEFAULT 0 NOT NULL,
    found boolean DEFAULT false NOT NULL,
    reasons text[] DEFAULT '{}'::text[] NOT NULL,
    status_codes text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT redeliveries_check CHECK (((status = 'running'::text) = (dispatch_at IS NOT NULL))),
    CONSTRAINT redeliveries_check1 CHECK (((status = 'running'::text) = (finished_at IS NULL))),
    CONSTRAINT redeliveries_kind_check CHECK ((kind = ANY (ARRAY['redelivery'::text, 'cancellation'::text]))),
    CONSTRAINT redeliveries_status_check CHECK ((status = ANY (ARRAY['running'::text, 'completed'::text, 'cancelled'::text])))
);

CREATE TABLE public.retention (
    one boolean DEFAULT true NOT NULL,
    part text DEFAULT ''::text NOT NULL,
    cursor_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    cursor_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    began_at timestamp with time zone,
    finished_at timestamp with time zone,
    last_finished_at timestamp with time zone,
    kept_since timestamp with time zone,
    problem text,
    CONSTRAINT retention_one_check CHECK (one)
);

CREATE TABLE public.retention_removed (
    part text NOT NULL,
    total bigint NOT NULL,
    last_run bigint NOT NULL
);

CREATE TABLE public.retired_rules (
    id bigint NOT NULL,
    webhook_id text NOT NULL COLLATE pg_catalog."C",
    events text[] NOT NULL,
    not_events text[] NOT NULL,
    projects text[] NOT NULL,
    companies text[] NOT NULL,
    filter text,
    combination bytea,
    retired_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.rule_keys (
    scope text NOT NULL COLLATE pg_catalog."C",
    pattern text NOT NULL COLLATE pg_catalog."C",
    rule_id bigint NOT NULL,
    webhook_id text NOT NULL COLLATE pg_catalog."C",
    part smallint DEFAULT 0 NOT NULL,
    conditional boolean DEFAULT false NOT NULL
);

CREATE TABLE public.rule_prefixes (
    pattern text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE public.rules (
    id bigint NOT NULL,
    webhook_id text NOT NULL COLLATE pg_catalog."C",
    "position" integer NOT NULL,
    events text[] NOT NULL,
    projects text[] NOT NULL,
    companies text[] NOT NULL,
    filter text,
    combination bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    not_events text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT rules_check CHECK (((cardinality(events) > 0) = (combination IS NULL))),
    CONSTRAINT rules_check1 CHECK (((filter IS NULL) OR (combination IS NULL)))
);

ALTER TABLE public.rules ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.rules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.sessions (
    id text NOT NULL COLLATE pg_catalog."C",
    user_id text COLLATE pg_catalog."C",
    key_hash bytea,
    link_hash bytea,
    hash bytea,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT sessions_check CHECK (((user_id IS NULL) <> (key_hash IS NULL))),
    CONSTRAINT sessions_check1 CHECK (((link_hash IS NULL) <> (hash IS NULL)))
);

CREATE TABLE public.transitions (
    webhook_id text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    from_status text NOT NULL,
    status text NOT NULL,
    enabled boolean NOT NULL,
    cause text NOT NULL,
    reason text,
    delivery_id text COLLATE pg_catalog."C",
    actor text,
    told boolean NOT NULL,
    note text
);

ALTER TABLE public.transitions ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.transitions_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.user_usage (
    user_id text NOT NULL COLLATE pg_catalog."C",
    webhooks bigint DEFAULT 0 NOT NULL,
    rules bigint DEFAULT 0 NOT NULL,
    counted_at timestamp with time zone,
    stored_bytes bigint DEFAULT 0 NOT NULL,
    tests_left double precision,
    tests_at timestamp with time zone
);

CREATE TABLE public.users (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    email text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    locale text DEFAULT 'en'::text NOT NULL,
    locale_chosen boolean DEFAULT false NOT NULL
);

CREATE TABLE public.webhooks (
    id text NOT NULL COLLATE pg_catalog."C",
    owner_id text COLLATE pg_catalog."C",
    name text NOT NULL,
    url text NOT NULL,
    secret bytea NOT NULL,
    headers bytea NOT NULL,
    payload_format text NOT NULL,
    timeout_seconds integer,
    rate_limit_per_second double precision,
    max_in_flight integer,
    auto_recover boolean NOT NULL,
    metadata bytea NOT NULL,
    enabled boolean NOT NULL,
    status text NOT NULL,
    disabled_reason text,
    exhausted_in_row integer DEFAULT 0 NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    windows_refused bigint DEFAULT 0 NOT NULL,
    failures_in_row integer DEFAULT 0 NOT NULL,
    last_failure_at timestamp with time zone,
    last_failure_reason text,
    successes_before integer DEFAULT 0 NOT NULL,
    trial_at timestamp with time zone,
    drain integer DEFAULT 0 NOT NULL,
    drain_until timestamp with time zone,
    outages integer DEFAULT 0 NOT NULL,
    recover_at timestamp with time zone,
    recover_until timestamp with time zone,
    next_probe_at timestamp with time zone,
    probes integer DEFAULT 0 NOT NULL,
    gave_up_at timestamp with time zone,
    old_secrets bytea DEFAULT '\x'::bytea NOT NULL,
    paused_until timestamp with time zone,
    pace double precision,
    paused_since timestamp with time zone,
    succeeded_at timestamp with time zone,
    client_certificate text DEFAULT ''::text NOT NULL,
    client_key bytea DEFAULT '\x'::bytea NOT NULL,
    ca_certificate text DEFAULT ''::text NOT NULL,
    max_age integer,
    key text COLLATE pg_catalog."C",
    listener text COLLATE pg_catalog."C",
    listener_retries boolean,
    drain_total integer,
    CONSTRAINT webhooks_check CHECK ((enabled = (disabled_reason IS NULL))),
    CONSTRAINT webhooks_check1 CHECK (((owner_id IS NOT NULL) OR (deleted_at IS NOT NULL))),
    CONSTRAINT webhooks_disabled_reason_check CHECK ((disabled_reason = ANY (ARRAY['owner'::text, 'health'::text, 'gone'::text]))),
    CONSTRAINT webhooks_key_check CHECK (((length(key) >= 1) AND (length(key) <= 128))),
    CONSTRAINT webhooks_max_age_check CHECK ((max_age > 0)),
    CONSTRAINT webhooks_max_in_flight_check CHECK ((max_in_flight > 0)),
    CONSTRAINT webhooks_pace_check CHECK ((pace > (0)::double precision)),
    CONSTRAINT webhooks_rate_limit_per_second_check CHECK ((rate_limit_per_second > (0)::double precision)),
    CONSTRAINT webhooks_status_check CHECK ((status = ANY (ARRAY['HEALTHY'::text, 'DEGRADED'::text, 'UNHEALTHY'::text]))),
    CONSTRAINT webhooks_timeout_seconds_check CHECK (((timeout_seconds >= 1) AND (timeout_seconds <= 30)))
);

CREATE TABLE public.window_events (
    rule_id bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    event_id text NOT NULL COLLATE pg_catalog."C",
    parts smallint NOT NULL,
    CONSTRAINT window_events_parts_check CHECK (((parts >= 0) AND (parts <= 31)))
);

ALTER TABLE public.window_events ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.window_events_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.windows (
    rule_id bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    webhook_id text NOT NULL COLLATE pg_catalog."C",
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    dispatch_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    CONSTRAINT windows_end_check CHECK (((dispatch_at < 'infinity'::timestamp with time zone) OR (ends_at IS NOT NULL)))
);

CREATE TABLE public.withdrawals (
    id bigint NOT NULL,
    webhook_id text COLLATE pg_catalog."C",
    project_id text COLLATE pg_catalog."C",
    reason text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    until timestamp with time zone NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    walk smallint DEFAULT 0 NOT NULL,
    after_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    after_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    found boolean DEFAULT false NOT NULL,
    CONSTRAINT withdrawals_check CHECK (((webhook_id IS NOT NULL) OR (project_id IS NOT NULL))),
    CONSTRAINT withdrawals_check1 CHECK (((project_id IS NULL) = (reason IS NULL))),
    CONSTRAINT withdrawals_reason_check CHECK ((reason = ANY (ARRAY['project_deleted'::text, 'membership_lost'::text])))
);

ALTER TABLE public.withdrawals ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.withdrawals_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.events ALTER COLUMN sequence SET DEFAULT nextval('public.event_sequence'::regclass);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_hash_key UNIQUE (hash);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE public.attempts
    ADD CONSTRAINT attempts_number_check CHECK ((number > 0)) NOT VALID;

ALTER TABLE public.attempts
    ADD CONSTRAINT attempts_outcome_check CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text, 'lost'::text, 'put_off'::text]))) NOT VALID;

ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (delivery_id, number);

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.combination_parts
    ADD CONSTRAINT combination_parts_pkey PRIMARY KEY (event_id, "position");

ALTER TABLE public.companies
    ADD CONSTRAINT companies_id_check CHECK ((((length(id) >= 1) AND (length(id) <= 128)) AND (id !~ '[^A-Za-z0-9._:/@|=+~,!$&''()*;-]'::text))) NOT VALID;

ALTER TABLE ONLY public.companies
    ADD CONSTRAINT companies_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.counting
    ADD CONSTRAINT counting_pkey PRIMARY KEY (one);

ALTER TABLE public.deliveries
    ADD CONSTRAINT deliveries_attempts_check CHECK (((unused >= 0) AND (((attempts - unused) >= 0) AND ((attempts - unused) <= 5)))) NOT VALID;

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);

ALTER TABLE public.deliveries
    ADD CONSTRAINT deliveries_stage CHECK (
CASE
    WHEN (status = ANY (ARRAY['pending'::text, 'retrying'::text])) THEN ((finished_at IS NULL) AND (dispatch_at IS NOT NULL) AND ((next_attempt_at IS NULL) OR (status = 'retrying'::text)) AND
    CASE
        WHEN (dispatch_at = 'infinity'::timestamp with time zone) THEN (slot_until IS DISTINCT FROM 'infinity'::timestamp with time zone)
        WHEN (slot_until = 'infinity'::timestamp with time zone) THEN true
        WHEN ((attempts > 0) OR (next_attempt_at IS NOT NULL)) THEN true
        ELSE ((status = 'pending'::text) AND (slot_until IS NULL))
    END)
    WHEN ((NOT (slot_until IS DISTINCT FROM 'infinity'::timestamp with time zone)) OR (next_attempt_at IS NOT NULL)) THEN false
    WHEN (status = 'held'::text) THEN ((finished_at IS NULL) AND (dispatch_at IS NULL))
    ELSE ((finished_at IS NOT NULL) AND ((dispatch_at IS NULL) OR ((dispatch_at < 'infinity'::timestamp with time zone) AND (begun_at IS NOT NULL) AND (run_id IS NULL))))
END) NOT VALID;

ALTER TABLE public.deliveries
    ADD CONSTRAINT deliveries_test CHECK (test) NOT VALID;

ALTER TABLE ONLY public.delivery_counts
    ADD CONSTRAINT delivery_counts_pkey PRIMARY KEY (webhook_id, hour) INCLUDE (matched, redelivered);

ALTER TABLE ONLY public.device_logins
    ADD CONSTRAINT device_logins_code_key UNIQUE (code);

ALTER TABLE ONLY public.device_logins
    ADD CONSTRAINT device_logins_pkey PRIMARY KEY (poll_hash);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (kind, object_id, asked_at);

ALTER TABLE ONLY public.event_counts
    ADD CONSTRAINT event_counts_pkey PRIMARY KEY (project_id, hour) INCLUDE (n);

ALTER TABLE ONLY public.event_types
    ADD CONSTRAINT event_types_pkey PRIMARY KEY (name);

ALTER TABLE public.events
    ADD CONSTRAINT events_check CHECK (((previous IS NOT NULL) OR (current IS NOT NULL) OR (expunged_at IS NOT NULL))) NOT VALID;

ALTER TABLE public.events
    ADD CONSTRAINT events_id_check CHECK ((((length(id) >= 1) AND (length(id) <= 128)) AND (id !~ '[^A-Za-z0-9._:/@|=+~,!$&''()*;-]'::text))) NOT VALID;

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.filter_failures
    ADD CONSTRAINT filter_failures_pkey PRIMARY KEY (rule_id);

ALTER TABLE ONLY public.goose_db_version
    ADD CONSTRAINT goose_db_version_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.health_counts
    ADD CONSTRAINT health_counts_pkey PRIMARY KEY (webhook_id, hour, reason, latency, part);

ALTER TABLE ONLY public.health_hours
    ADD CONSTRAINT health_hours_pkey PRIMARY KEY (webhook_id, hour) INCLUDE (attempts, succeeded);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (credential, key);

ALTER TABLE ONLY public.judgements
    ADD CONSTRAINT judgements_pkey PRIMARY KEY (event_id, webhook_id);

ALTER TABLE ONLY public.lanes
    ADD CONSTRAINT lanes_pkey PRIMARY KEY (webhook_id);

ALTER TABLE ONLY public.ledger_checks
    ADD CONSTRAINT ledger_checks_pkey PRIMARY KEY (one);

ALTER TABLE ONLY public.listener_requests
    ADD CONSTRAINT listener_requests_pkey PRIMARY KEY (delivery_id, attempt);

ALTER TABLE ONLY public.listeners
    ADD CONSTRAINT listeners_pkey PRIMARY KEY (owner_id, name);

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_pkey PRIMARY KEY (project_id, user_id);

ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.play_addresses
    ADD CONSTRAINT play_addresses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.play_requests
    ADD CONSTRAINT play_requests_pkey PRIMARY KEY (id);

ALTER TABLE public.projects
    ADD CONSTRAINT projects_id_check CHECK ((((length(id) >= 1) AND (length(id) <= 128)) AND (id !~ '[^A-Za-z0-9._:/@|=+~,!$&''()*;-]'::text))) NOT VALID;

ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.redeliveries
    ADD CONSTRAINT redeliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.retention
    ADD CONSTRAINT retention_pkey PRIMARY KEY (one);

ALTER TABLE ONLY public.retention_removed
    ADD CONSTRAINT retention_removed_pkey PRIMARY KEY (part);

ALTER TABLE ONLY public.retired_rules
    ADD CONSTRAINT retired_rules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rule_keys
    ADD CONSTRAINT rule_keys_pkey PRIMARY KEY (scope, pattern, rule_id, part) INCLUDE (webhook_id, conditional);

ALTER TABLE public.rule_prefixes
    ADD CONSTRAINT rule_prefixes_pattern_check CHECK (((pattern ~~ '%*'::text) OR (pattern ~~ '*%'::text))) NOT VALID;

ALTER TABLE ONLY public.rule_prefixes
    ADD CONSTRAINT rule_prefixes_pkey PRIMARY KEY (pattern);

ALTER TABLE public.rules
    ADD CONSTRAINT rules_not_events_check CHECK (((cardinality(not_events) = 0) OR (combination IS NULL))) NOT VALID;

ALTER TABLE ONLY public.rules
    ADD CONSTRAINT rules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rules
    ADD CONSTRAINT rules_webhook_id_position_key UNIQUE (webhook_id, "position") DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_hash_key UNIQUE (hash);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_link_hash_key UNIQUE (link_hash);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.transitions
    ADD CONSTRAINT transitions_pkey PRIMARY KEY (webhook_id, seq);

ALTER TABLE ONLY public.user_usage
    ADD CONSTRAINT user_usage_pkey PRIMARY KEY (user_id);

ALTER TABLE public.users
    ADD CONSTRAINT users_id_check CHECK ((((length(id) >= 1) AND (length(id) <= 128)) AND (id !~ '[^A-Za-z0-9._:/@|=+~,!$&''()*;-]'::text))) NOT VALID;

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE public.webhooks
    ADD CONSTRAINT webhooks_listener_check CHECK ((listener ~ '^[a-z0-9-]{1,63}$'::text)) NOT VALID;

ALTER TABLE public.webhooks
    ADD CONSTRAINT webhooks_payload_format_check CHECK ((payload_format = ANY (ARRAY['standard'::text, 'blue'::text, 'cloudevents'::text, 'slack'::text, 'discord'::text, 'teams'::text]))) NOT VALID;

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.window_events
    ADD CONSTRAINT window_events_pkey PRIMARY KEY (rule_id, key, seq);

ALTER TABLE ONLY public.windows
    ADD CONSTRAINT windows_pkey PRIMARY KEY (rule_id, key);

ALTER TABLE ONLY public.withdrawals
    ADD CONSTRAINT withdrawals_pkey PRIMARY KEY (id);

CREATE INDEX api_keys_by_age ON public.api_keys USING btree (created_at, id);

CREATE INDEX api_keys_of_user ON public.api_keys USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX audit_log_newest ON public.audit_log USING btree (at DESC, id DESC);

CREATE INDEX audit_log_of_action ON public.audit_log USING btree (action, at DESC, id DESC);

CREATE INDEX audit_log_of_key ON public.audit_log USING btree (key_id, at DESC, id DESC);

CREATE INDEX audit_log_of_object ON public.audit_log USING btree (object_id, at DESC, id DESC);

CREATE INDEX audit_log_of_user ON public.audit_log USING btree (user_id, at DESC, id DESC) WHERE (user_id IS NOT NULL);

CREATE INDEX cancellations_due ON public.redeliveries USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX combination_parts_of_event ON public.combination_parts USING btree (part_event_id);

CREATE INDEX companies_limited ON public.companies USING btree (id) WHERE (limits IS NOT NULL);

CREATE INDEX companies_newest ON public.companies USING btree (created_at DESC, id DESC);

CREATE INDEX deliveries_again_of_project ON public.deliveries USING btree (project_id, created_at DESC) WHERE (redelivery_of IS NOT NULL);

CREATE INDEX deliveries_again_of_type ON public.deliveries USING btree (event_type, created_at DESC) WHERE (redelivery_of IS NOT NULL);

CREATE INDEX deliveries_amiss ON public.deliveries USING btree (reason, created_at DESC, id DESC) WHERE (reason IS NOT NULL);

CREATE INDEX deliveries_amiss_of_project ON public.deliveries USING btree (project_id, reason, created_at DESC, id DESC) WHERE (reason IS NOT NULL);

CREATE INDEX deliveries_amiss_of_redelivery ON public.deliveries USING btree (redelivery_id, reason) WHERE ((redelivery_id IS NOT NULL) AND (reason IS NOT NULL));

CREATE INDEX deliveries_amiss_of_type ON public.deliveries USING btree (event_type, reason, created_at DESC, id DESC) WHERE (reason IS NOT NULL);

CREATE INDEX deliveries_amiss_of_webhook ON public.deliveries USING btree (webhook_id, reason, created_at DESC, id DESC) INCLUDE (superseded, redelivery_of, test) WHERE (reason IS NOT NULL);

CREATE INDEX deliveries_due ON public.deliveries USING btree (dispatch_at, id) WHERE ((dispatch_at IS NOT NULL) AND (attempts > 0));

CREATE INDEX deliveries_fresh ON public.deliveries USING btree (dispatch_at, id) WHERE ((dispatch_at IS NOT NULL) AND (attempts = 0));

CREATE INDEX deliveries_held ON public.deliveries USING btree (webhook_id, id) WHERE (reason = 'webhook_disabled'::text);

CREATE INDEX deliveries_newest ON public.deliveries USING btree (created_at DESC, id DESC);

CREATE INDEX deliveries_of_redelivery ON public.deliveries USING btree (redelivery_id, dispatch_at) WHERE (redelivery_id IS NOT NULL);

CREATE INDEX deliveries_of_webhook ON public.deliveries USING btree (webhook_id, created_at DESC, id DESC);

CREATE UNIQUE INDEX deliveries_once ON public.deliveries USING btree (event_id, webhook_id, COALESCE(redelivery_of, ''::text));

CREATE INDEX deliveries_queued ON public.deliveries USING btree (webhook_id, id) WHERE (dispatch_at = 'infinity'::timestamp with time zone);

CREATE INDEX deliveries_queued_again ON public.deliveries USING btree (webhook_id, id) WHERE ((dispatch_at = 'infinity'::timestamp with time zone) AND (attempts > 0));

CREATE INDEX deliveries_redelivered ON public.deliveries USING btree (webhook_id, created_at DESC, id DESC) WHERE (superseded AND (redelivery_of IS NULL));

CREATE INDEX deliveries_slots ON public.deliveries USING btree (webhook_id, slot_until) WHERE (slot_until IS NOT NULL);

CREATE INDEX deliveries_tried ON public.deliveries USING btree (created_at DESC, id DESC) WHERE ((dispatch_at IS NOT NULL) AND (attempts > 0));

CREATE INDEX deliveries_tried_of_webhook ON public.deliveries USING btree (webhook_id, created_at DESC, id DESC) WHERE ((dispatch_at IS NOT NULL) AND (attempts > 0));

CREATE INDEX deliveries_unfinished ON public.deliveries USING btree (webhook_id, dispatch_at) WHERE ((dispatch_at IS NOT NULL) OR (reason = 'webhook_disabled'::text));

CREATE INDEX deliveries_untried ON public.deliveries USING btree (created_at DESC, id DESC) WHERE ((dispatch_at IS NOT NULL) AND (attempts = 0));

CREATE INDEX deliveries_untried_of_webhook ON public.deliveries USING btree (webhook_id, created_at DESC, id DESC) INCLUDE (redelivery_of, test) WHERE ((dispatch_at IS NOT NULL) AND (attempts = 0));

CREATE INDEX deliveries_waiting_of_project ON public.deliveries USING btree (project_id) WHERE ((dispatch_at IS NOT NULL) OR (reason = 'webhook_disabled'::text));

CREATE INDEX delivery_counts_by_hour ON public.delivery_counts USING btree (hour);

CREATE INDEX device_logins_by_end ON public.device_logins USING btree (expires_at);

CREATE INDEX device_logins_of_user ON public.device_logins USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX erasures_due ON public.erasures USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX event_counts_by_hour ON public.event_counts USING btree (hour);

CREATE INDEX events_apart ON public.events USING btree (project_id, accepted_at) WHERE ((owner_id IS NOT NULL) OR (private_to IS NOT NULL) OR (project_ids IS NOT NULL));

CREATE INDEX events_newest ON public.events USING btree (accepted_at DESC, id DESC);

CREATE INDEX events_of_owner ON public.events USING btree (owner_id, accepted_at DESC, id DESC) WHERE (owner_id IS NOT NULL);

CREATE INDEX events_of_project ON public.events USING btree (project_id, accepted_at DESC, id DESC);

CREATE INDEX events_of_projects ON public.events USING gin (project_ids) WHERE (project_ids IS NOT NULL);

CREATE INDEX events_of_type ON public.events USING btree (type, accepted_at DESC, id DESC);

CREATE INDEX filter_failures_by_age ON public.filter_failures USING btree (last_at);

CREATE INDEX health_counts_by_age ON public.health_counts USING btree (hour, webhook_id);

CREATE INDEX health_hours_by_hour ON public.health_hours USING btree (hour);

CREATE INDEX idempotency_keys_by_age ON public.idempotency_keys USING btree (created_at);

CREATE INDEX judgements_due ON public.judgements USING btree (due_at);

CREATE INDEX judgements_of_owner ON public.judgements USING btree (owner_id, due_at, event_id, webhook_id);

CREATE INDEX judgements_of_webhook ON public.judgements USING btree (webhook_id);

CREATE INDEX lanes_due ON public.lanes USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX listener_requests_by_end ON public.listener_requests USING btree (expires_at);

CREATE INDEX listener_requests_by_webhook ON public.listener_requests USING btree (webhook_id, "position");

CREATE INDEX listeners_by_end ON public.listeners USING btree (stream_until) WHERE (webhook_id IS NOT NULL);

CREATE UNIQUE INDEX listeners_by_webhook ON public.listeners USING btree (webhook_id) WHERE (webhook_id IS NOT NULL);

CREATE INDEX members_of_user ON public.members USING btree (user_id);

CREATE INDEX notices_due ON public.notices USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX notices_of_webhook ON public.notices USING btree (webhook_id, sent_at DESC) WHERE (sent_at IS NOT NULL);

CREATE UNIQUE INDEX notices_waiting ON public.notices USING btree (webhook_id) WHERE (due_at IS NOT NULL);

CREATE INDEX play_addresses_by_use ON public.play_addresses USING btree (used_at);

CREATE INDEX play_addresses_of_owner ON public.play_addresses USING btree (owner_id);

CREATE INDEX play_requests_by_age ON public.play_requests USING btree (received_at);

CREATE INDEX play_requests_newest ON public.play_requests USING btree (address_id, received_at DESC, id DESC);

CREATE INDEX play_requests_of_event ON public.play_requests USING btree (event_id);

CREATE INDEX projects_newest ON public.projects USING btree (created_at DESC, id DESC);

CREATE INDEX projects_of_company ON public.projects USING btree (company_id, created_at DESC, id DESC);

CREATE INDEX redeliveries_due ON public.redeliveries USING btree (dispatch_at) WHERE (dispatch_at IS NOT NULL);

CREATE INDEX redeliveries_of_webhook ON public.redeliveries USING btree (webhook_id, created_at DESC, id DESC);

CREATE INDEX retired_rules_by_age ON public.retired_rules USING btree (retired_at);

CREATE INDEX rule_keys_of_rule ON public.rule_keys USING btree (rule_id);

CREATE INDEX rules_by_project ON public.rules USING gin (projects);

CREATE INDEX sessions_by_end ON public.sessions USING btree (expires_at);

CREATE INDEX sessions_by_start ON public.sessions USING btree (created_at, id) WHERE (hash IS NOT NULL);

CREATE INDEX sessions_of_key ON public.sessions USING btree (key_hash) WHERE (key_hash IS NOT NULL);

CREATE INDEX sessions_of_user ON public.sessions USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX transitions_by_age ON public.transitions USING btree (at, seq);

CREATE INDEX users_newest ON public.users USING btree (created_at DESC, id DESC);

CREATE INDEX webhooks_by_attention ON public.webhooks USING btree (((
CASE
    WHEN (disabled_reason = ANY (ARRAY['health'::text, 'gone'::text])) THEN '0'::text
    WHEN (enabled AND (status <> 'HEALTHY'::text)) THEN '1'::text
    ELSE '2'::text
END || lower("left"(name, 50)))), id) WHERE (deleted_at IS NULL);

CREATE UNIQUE INDEX webhooks_by_key ON public.webhooks USING btree (owner_id, key) WHERE ((key IS NOT NULL) AND (deleted_at IS NULL));

CREATE INDEX webhooks_by_name ON public.webhooks USING btree (lower("left"(name, 50)), id) WHERE (deleted_at IS NULL);

CREATE INDEX webhooks_deleted ON public.webhooks USING btree (deleted_at, id) WHERE (deleted_at IS NOT NULL);

CREATE INDEX webhooks_draining ON public.webhooks USING btree (id) WHERE (drain > 0);

CREATE INDEX webhooks_live_of_owner ON public.webhooks USING btree (owner_id) WHERE (deleted_at IS NULL);

CREATE INDEX webhooks_newest ON public.webhooks USING btree (created_at DESC, id DESC) WHERE (deleted_at IS NULL);

CREATE INDEX webhooks_of_max_age ON public.webhooks USING btree (id) WHERE ((max_age IS NOT NULL) AND (deleted_at IS NULL));

CREATE INDEX webhooks_of_owner ON public.webhooks USING btree (owner_id, created_at DESC, id DESC);

CREATE INDEX webhooks_recovering ON public.webhooks USING btree (recover_at) WHERE (recover_at IS NOT NULL);

CREATE INDEX window_events_of_event ON public.window_events USING btree (event_id);

CREATE INDEX windows_due ON public.windows USING btree (dispatch_at);

CREATE INDEX windows_due_of_webhook ON public.windows USING btree (webhook_id, dispatch_at);

CREATE INDEX windows_ending ON public.windows USING btree (ends_at) WHERE (dispatch_at = 'infinity'::timestamp with time zone);

CREATE INDEX withdrawals_due ON public.withdrawals USING btree (due_at);

CREATE UNIQUE INDEX withdrawals_of_webhook ON public.withdrawals USING btree (webhook_id) WHERE (project_id IS NULL);

CREATE TRIGGER append_only BEFORE TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only_rows BEFORE DELETE OR UPDATE ON public.audit_log FOR EACH ROW EXECUTE FUNCTION public.keep_audit_log();

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.combination_parts
    ADD CONSTRAINT combination_parts_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.events(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.device_logins
    ADD CONSTRAINT device_logins_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.judgements
    ADD CONSTRAINT judgements_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.events(id);

ALTER TABLE ONLY public.lanes
    ADD CONSTRAINT lanes_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhooks(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.listeners
    ADD CONSTRAINT listeners_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.listeners
    ADD CONSTRAINT listeners_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhooks(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhooks(id);

ALTER TABLE ONLY public.play_addresses
    ADD CONSTRAINT play_addresses_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.play_requests
    ADD CONSTRAINT play_requests_address_id_fkey FOREIGN KEY (address_id) REFERENCES public.play_addresses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.redeliveries
    ADD CONSTRAINT redeliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhooks(id);

ALTER TABLE ONLY public.rule_keys
    ADD CONSTRAINT rule_keys_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES public.rules(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.rules
    ADD CONSTRAINT rules_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhooks(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.transitions
    ADD CONSTRAINT transitions_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhooks(id);

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.window_events
    ADD CONSTRAINT window_events_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.events(id);

ALTER TABLE ONLY public.window_events
    ADD CONSTRAINT window_events_rule_id_key_fkey FOREIGN KEY (rule_id, key) REFERENCES public.windows(rule_id, key) ON DELETE CASCADE;

ALTER TABLE ONLY public.windows
    ADD CONSTRAINT windows_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES public.rules(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.windows
    ADD CONSTRAINT windows_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhooks(id);
