-- The one door into the ledger, whole. In one transaction: who is booked for the first time, its event, its hour, and what
-- it spends of its grant's budgets and of every level's that counts it. A replay changes nothing; the same call told with
-- another content is reported and changes nothing either. Nothing here looks at more of the ledger than at the calls
-- that are told.
--
-- Kinds of token are one array in the order of `envelope.KINDS`, null where all are 0; a sum takes the longer one's length.
-- The budgets' calendar is asked once for each quarter of an hour: every zone's clocks differ from UTC by whole quarters.
CREATE OR REPLACE FUNCTION usage_take_in(incoming usage_incoming[], OUT accepted bigint, OUT duplicate bigint, OUT conflicting text[])
LANGUAGE plpgsql SET enable_nestloop = off AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('levels', 0));
    WITH told AS MATERIALIZED (
        SELECT t.*, row_number() OVER (PARTITION BY source, call_id ORDER BY t.ordinality) AS nth
        FROM unnest(incoming) WITH ORDINALITY AS t
    ), fresh AS (
        INSERT INTO usage_key (source, call_id, body_hash, started_at)
        SELECT source, call_id, body_hash, started_at FROM told WHERE nth = 1 ORDER BY source, call_id
        ON CONFLICT DO NOTHING RETURNING source, call_id
    ), taken AS MATERIALIZED (
        SELECT told.* FROM told JOIN fresh USING (source, call_id) WHERE nth = 1
    ), events AS (
        INSERT INTO usage_event (
            source, call_id, started_at, team_id, outcome, application_id, key_id, grant_id, offer_id, model, code,
            status, streamed, latency_ms, first_byte_ms, tokens_in, tokens_out, tokens_cached, tokens_reasoning,
            cost_nanos, basis, price_id, overshoot_tokens, kinds, told_nanos, held_tokens, held_nanos, tag, tries)
        SELECT source, call_id, started_at, team_id, outcome, application_id, key_id, grant_id, offer_id, model, code,
            status, streamed, latency_ms, first_byte_ms, tokens_in, tokens_out, tokens_cached, tokens_reasoning,
            cost_nanos, basis, price_id, overshoot_tokens, kinds, told_nanos, held_tokens, held_nanos, coalesce(tag, ''), coalesce(tries, '')
        FROM taken
    ), hours AS (
        INSERT INTO usage_hour AS h (
            hour, team_id, application_id, key_id, grant_id, offer_id, model, outcome, code, basis, tag, calls,
            tokens_in, tokens_out, tokens_cached, tokens_reasoning, cost_nanos, unknown_cost_calls, kinds,
            told_calls, told_nanos, told_cost_nanos, latency)
        SELECT date_trunc('hour', started_at, 'UTC'), team_id, application_id, key_id, grant_id, offer_id, model,
            outcome, code, basis, coalesce(tag, ''), count(*), sum(tokens_in), sum(tokens_out), sum(tokens_cached),
            sum(tokens_reasoning), coalesce(sum(cost_nanos), 0), count(*) FILTER (WHERE cost_nanos IS NULL),
            usage_sum(kinds), count(told_nanos) FILTER (WHERE cost_nanos IS NOT NULL),
            coalesce(sum(told_nanos) FILTER (WHERE cost_nanos IS NOT NULL), 0),
            coalesce(sum(cost_nanos) FILTER (WHERE told_nanos IS NOT NULL), 0),
            ARRAY[
                count(*) FILTER (WHERE latency_ms <= 50),
                count(*) FILTER (WHERE latency_ms > 50 AND latency_ms <= 100),
                count(*) FILTER (WHERE latency_ms > 100 AND latency_ms <= 150),
                count(*) FILTER (WHERE latency_ms > 150 AND latency_ms <= 200),
                count(*) FILTER (WHERE latency_ms > 200 AND latency_ms <= 300),
                count(*) FILTER (WHERE latency_ms > 300 AND latency_ms <= 400),
                count(*) FILTER (WHERE latency_ms > 400 AND latency_ms <= 600),
                count(*) FILTER (WHERE latency_ms > 600 AND latency_ms <= 800),
                count(*) FILTER (WHERE latency_ms > 800 AND latency_ms <= 1000),
                count(*) FILTER (WHERE latency_ms > 1000 AND latency_ms <= 1500),
                count(*) FILTER (WHERE latency_ms > 1500 AND latency_ms <= 2000),
                count(*) FILTER (WHERE latency_ms > 2000 AND latency_ms <= 3000),
                count(*) FILTER (WHERE latency_ms > 3000 AND latency_ms <= 4000),
                count(*) FILTER (WHERE latency_ms > 4000 AND latency_ms <= 6000),
                count(*) FILTER (WHERE latency_ms > 6000 AND latency_ms <= 8000),
                count(*) FILTER (WHERE latency_ms > 8000 AND latency_ms <= 10000),
                count(*) FILTER (WHERE latency_ms > 10000 AND latency_ms <= 15000),
                count(*) FILTER (WHERE latency_ms > 15000 AND latency_ms <= 20000),
                count(*) FILTER (WHERE latency_ms > 20000 AND latency_ms <= 30000),
                count(*) FILTER (WHERE latency_ms > 30000 AND latency_ms <= 60000),
                count(*) FILTER (WHERE latency_ms > 60000 AND latency_ms <= 120000),
                count(*) FILTER (WHERE latency_ms > 120000)
            ]
        FROM taken
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        ON CONFLICT (hour, team_id, application_id, key_id, grant_id, offer_id, model, outcome, code, basis, tag) DO UPDATE SET
            calls = h.calls + excluded.calls,
            tokens_in = h.tokens_in + excluded.tokens_in,
            tokens_out = h.tokens_out + excluded.tokens_out,
            tokens_cached = h.tokens_cached + excluded.tokens_cached,
            tokens_reasoning = h.tokens_reasoning + excluded.tokens_reasoning,
            cost_nanos = h.cost_nanos + excluded.cost_nanos,
            unknown_cost_calls = h.unknown_cost_calls + excluded.unknown_cost_calls,
            kinds = coalesce(usage_add(h.kinds, excluded.kinds), h.kinds, excluded.kinds),
            told_calls = h.told_calls + excluded.told_calls,
            told_nanos = h.told_nanos + excluded.told_nanos,
            told_cost_nanos = h.told_cost_nanos + excluded.told_cost_nanos,
            latency = usage_add(h.latency, excluded.latency)
    ), used AS (
        INSERT INTO keys_keyuse AS u (key_id, last_used_at)
        SELECT key_id, max(started_at) FROM taken WHERE key_id IS NOT NULL GROUP BY 1 ORDER BY 1
        ON CONFLICT (key_id) DO UPDATE SET last_used_at = greatest(u.last_used_at, excluded.last_used_at)
    ), quarters AS MATERIALIZED (
        SELECT grant_id, team_id, application_id, key_id, date_bin('15 minutes', started_at, '2000-01-01 00:00Z') AS quarter,
            sum(tokens_in + tokens_out) AS tokens, coalesce(sum(cost_nanos), 0) AS nanos
        FROM taken GROUP BY 1, 2, 3, 4, 5
    ), begun AS MATERIALIZED (
        SELECT quarter, period, quotas_begins(period, quarter) AS starts_at
        FROM (SELECT DISTINCT quarter FROM quarters) AS q CROSS JOIN (VALUES ('day'), ('month')) AS p(period)
    ), spending AS MATERIALIZED (
        SELECT grant_id, team_id, application_id, key_id, period, starts_at, sum(tokens) AS tokens, sum(nanos) AS nanos
        FROM quarters JOIN begun USING (quarter) GROUP BY 1, 2, 3, 4, 5, 6
    ), spent AS (
        INSERT INTO quotas_window AS w (holder_id, period, starts_at, tokens_spent, usd_nanos_spent, tokens_held, usd_nanos_held)
        SELECT holder_id, period, starts_at, sum(tokens), sum(nanos), 0, 0 FROM (
            SELECT grant_id AS holder_id, period, starts_at, tokens, nanos FROM spending WHERE grant_id IS NOT NULL
            UNION ALL
            SELECT -l.id, period, starts_at, tokens, nanos FROM spending CROSS JOIN levels_level l WHERE l.scope = 'organisation'
            UNION ALL
            SELECT -l.id, period, starts_at, tokens, nanos FROM spending s JOIN levels_level l ON l.team_id = s.team_id
            UNION ALL
            SELECT -l.id, period, starts_at, tokens, nanos FROM spending s
            JOIN levels_level l ON l.key_id = s.key_id AND (l.scope = 'key' OR l.grant_id = s.grant_id)
            UNION ALL
            SELECT -l.id, period, starts_at, tokens, nanos FROM spending s
            JOIN levels_level l ON l.application_id = s.application_id AND l.grant_id = s.grant_id
        ) AS each GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (holder_id, period, starts_at) DO UPDATE SET
            tokens_spent = w.tokens_spent + excluded.tokens_spent,
            usd_nanos_spent = w.usd_nanos_spent + excluded.usd_nanos_spent
    )
    SELECT count(*), cardinality(incoming) - count(*) INTO accepted, duplicate FROM fresh;
    conflicting := CASE WHEN duplicate > 0 THEN usage_conflicting(incoming) ELSE '{}' END;
END $$;

-- Which of these calls are known with another content, each looked up by its identity.
CREATE OR REPLACE FUNCTION usage_conflicting(told usage_incoming[]) RETURNS text[] LANGUAGE plpgsql STABLE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    RETURN coalesce((
        SELECT array_agg(DISTINCT t.call_id) FROM unnest(told) AS t JOIN usage_key k USING (source, call_id)
        WHERE t.body_hash <> k.body_hash), '{}');
END $$;
