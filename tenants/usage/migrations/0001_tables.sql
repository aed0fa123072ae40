-- The two tables of the ledger that Django cannot make: partitioned, and without foreign keys, because
-- history outlives what it names. A table that is partitioned by time cannot hold the uniqueness of a
-- call's identity, so that has a table of its own.
CREATE TABLE usage_key (
    source text NOT NULL,
    call_id text NOT NULL,
    body_hash bytea NOT NULL,
    started_at timestamptz NOT NULL,
    PRIMARY KEY (source, call_id)
) PARTITION BY HASH (source, call_id);
CREATE TABLE usage_key_0 PARTITION OF usage_key FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE usage_key_1 PARTITION OF usage_key FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE usage_key_2 PARTITION OF usage_key FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE usage_key_3 PARTITION OF usage_key FOR VALUES WITH (MODULUS 4, REMAINDER 3);

CREATE SEQUENCE usage_event_id_seq AS bigint CACHE 64;
CREATE TABLE usage_event (
    id bigint NOT NULL DEFAULT nextval('usage_event_id_seq'),
    source text NOT NULL,
    call_id text NOT NULL,
    started_at timestamptz NOT NULL,
    team_id bigint NOT NULL,
    application_id bigint,
    key_id bigint,
    grant_id bigint,
    offer_id bigint,
    model text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('ok', 'upstream_error', 'cancelled', 'refused', 'unknown')),
    code text NOT NULL,
    status smallint,
    streamed boolean NOT NULL,
    latency_ms integer CHECK (latency_ms >= 0),
    first_byte_ms integer CHECK (first_byte_ms >= 0),
    tokens_in bigint NOT NULL CHECK (tokens_in >= 0),
    tokens_out bigint NOT NULL CHECK (tokens_out >= 0),
    tokens_cached bigint NOT NULL CHECK (tokens_cached BETWEEN 0 AND tokens_in),
    tokens_reasoning bigint NOT NULL CHECK (tokens_reasoning BETWEEN 0 AND tokens_out),
    cost_nanos bigint CHECK (cost_nanos >= 0),
    basis text NOT NULL CHECK (basis IN ('admin', 'negotiated', 'host', 'reference', 'estimated', 'unknown', 'none')),
    price_id bigint,
    overshoot_tokens bigint NOT NULL DEFAULT 0 CHECK (overshoot_tokens >= 0),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (started_at, id)
) PARTITION BY RANGE (started_at);
ALTER SEQUENCE usage_event_id_seq OWNED BY usage_event.id;
CREATE INDEX usage_event_by_team ON usage_event (team_id, started_at DESC);
CREATE INDEX usage_event_by_key ON usage_event (key_id, started_at DESC);
CREATE TABLE usage_event_rest PARTITION OF usage_event DEFAULT;

-- One partition per month. Made by the owner, asked for by a daily task; what has none goes to the rest.
CREATE FUNCTION usage_make_partition(month date) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE first date := date_trunc('month', month)::date; name text := 'usage_event_' || to_char(month, 'YYYYMM');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN RETURN false; END IF;
    IF EXISTS (SELECT FROM usage_event_rest WHERE started_at >= first AT TIME ZONE 'UTC'
               AND started_at < (first + interval '1 month') AT TIME ZONE 'UTC') THEN RETURN false; END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF usage_event FOR VALUES FROM (%L) TO (%L)', name,
        first AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC');
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION usage_make_partition(date) FROM PUBLIC;
SELECT usage_make_partition((date_trunc('month', now()) + make_interval(months => n))::date)
    FROM generate_series(-3, 2) AS n;

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'foundry_app') THEN
        GRANT EXECUTE ON FUNCTION usage_make_partition(date) TO foundry_app;
        REVOKE UPDATE, DELETE, TRUNCATE ON usage_key, usage_event FROM foundry_app;
    END IF;
END $$;
