-- The gateway's whole contract with the database: views to read, functions to take and to ship. Dropped
-- before and made again after each `migrate`, so a migration never meets it; `tests/tenants/keys/test_contract.py`
-- compares columns and types with the dataclasses in `passport.py`.
CREATE SCHEMA gateway;

-- One number that grows with every change behind the views. It starts at the clock, so that a schema made
-- anew is never older than what a gateway remembers.
CREATE TABLE gateway.state (only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one), version bigint NOT NULL);
INSERT INTO gateway.state (version) VALUES (extract(epoch FROM clock_timestamp()) * 1000000);

CREATE FUNCTION gateway.version() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = gateway, pg_temp AS $$
    SELECT version FROM gateway.state
$$;

-- Bumps once per transaction, as late as possible: whoever sees the new version sees the rows, too.
CREATE FUNCTION gateway.bump() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = gateway, pg_temp AS $$
DECLARE mine text := pg_current_xact_id()::text; grown bigint;
BEGIN
    IF coalesce(current_setting('gateway.bumped_by', true), '') = mine THEN RETURN NULL; END IF;
    PERFORM set_config('gateway.bumped_by', mine, true);
    UPDATE gateway.state SET version = greatest(version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
        RETURNING version INTO grown;
    PERFORM pg_notify('gateway', grown::text);
    RETURN NULL;
END $$;

DO $$
DECLARE watched text;
BEGIN
    FOREACH watched IN ARRAY ARRAY[
        'keys_apikey', 'keys_apikey_grants', 'access_grant', 'access_limit', 'access_grantapplication',
        'access_acknowledgement', 'catalog_offer', 'catalog_host', 'catalog_price', 'teams_team', 'teams_application'
    ] LOOP
        EXECUTE format(
            'CREATE CONSTRAINT TRIGGER gateway_bump AFTER INSERT OR UPDATE OR DELETE ON public.%I
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gateway.bump()', watched);
    END LOOP;
END $$;

-- A key and the grants that it carries: the ones it names, else every one that names its application.
CREATE VIEW gateway.key AS
SELECT k.digest, k.id AS key_id, t.id AS team_id, t.slug::text AS team, a.id AS application_id, a.slug::text AS application,
    k.expires_at, k.revoked_at, t.closed_at,
    coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'grant_id', n.grant_id, 'starts_at', lower(n.during), 'ends_at', upper(n.during)) ORDER BY n.grant_id)
        FROM public.access_grantapplication n
        WHERE n.application_id = k.application_id AND (
            NOT EXISTS (SELECT FROM public.keys_apikey_grants s WHERE s.apikey_id = k.id)
            OR EXISTS (SELECT FROM public.keys_apikey_grants s WHERE s.apikey_id = k.id AND s.grant_id = n.grant_id))
    ), '[]') AS grants
FROM public.keys_apikey k
JOIN public.teams_application a ON a.id = k.application_id
JOIN public.teams_team t ON t.id = a.team_id;

-- A grant and everything that a call under it needs. Prices are integers of 1e-12 USD per million tokens, as text.
CREATE VIEW gateway.route AS
SELECT g.id AS grant_id, g.starts_at, g.ends_at, g.suspended_at, g.suspended_why::text AS suspended_why, g.revoked_at,
    o.terms_id IS NULL OR EXISTS (
        SELECT FROM public.access_acknowledgement k WHERE k.team_id = g.team_id AND k.terms_id = o.terms_id
    ) AS terms_acknowledged,
    CASE WHEN o.terms_before_id IS NULL OR EXISTS (
        SELECT FROM public.access_acknowledgement k WHERE k.team_id = g.team_id AND k.terms_id = o.terms_before_id
    ) THEN o.terms_from END AS terms_due_at,
    o.id AS offer_id, p.slug::text AS publisher, m.slug::text AS model, h.slug::text AS host,
    o.host_model_id::text AS host_model_id, o.lifecycle::text AS lifecycle, o.retires_at,
    (SELECT sp.slug || '/' || sm.slug FROM public.catalog_offer s JOIN public.catalog_model sm ON sm.id = s.model_id
        JOIN public.catalog_publisher sp ON sp.id = sm.publisher_id WHERE s.id = o.successor_id) AS successor,
    o.context_tokens::bigint AS context_tokens, o.max_output_tokens::bigint AS max_output_tokens,
    h.id AS host_id, h.calling_base_url::text AS calling_base_url, h.calling_auth::text AS calling_auth,
    h.calling_path_template::text AS calling_path_template, h.calling_credential,
    h.trusted_networks::text[] AS trusted_networks, h.is_sandbox OR h.is_demo AS is_sandbox,
    h.connector <> 'reference' AND h.disabled_at IS NULL AND h.calling_base_url <> '' AS is_callable,
    coalesce((
        SELECT jsonb_agg(jsonb_build_object('kind', l.kind, 'maximum', l.maximum, 'starts_at', l.starts_at, 'ends_at', l.ends_at)
            ORDER BY l.kind, l.starts_at)
        FROM public.access_limit l WHERE l.grant_id = g.id AND (l.ends_at IS NULL OR l.ends_at > now() - interval '1 hour')
    ), '[]') AS limits,
    coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'price_id', c.id, 'basis', c.basis, 'precedence', c.precedence, 'starts_at', c.starts_at, 'ends_at', c.ends_at,
            'input', trunc(c.input_per_million * 1000000000000)::text,
            'output', trunc(c.output_per_million * 1000000000000)::text,
            'cached', trunc(c.cached_input_per_million * 1000000000000)::text) ORDER BY c.precedence, c.starts_at)
        FROM public.catalog_price c WHERE c.offer_id = o.id AND (c.ends_at IS NULL OR c.ends_at > now() - interval '1 hour')
    ), '[]') AS prices
FROM public.access_grant g
JOIN public.catalog_offer o ON o.id = g.offer_id
JOIN public.catalog_model m ON m.id = o.model_id
JOIN public.catalog_publisher p ON p.id = m.publisher_id
JOIN public.catalog_host h ON h.id = o.host_id;

-- Is there such a model at all, named `publisher/model` or `host:publisher/model`?
CREATE FUNCTION gateway.offered(named text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM catalog_model m JOIN catalog_publisher p ON p.id = m.publisher_id
        JOIN catalog_offer o ON o.model_id = m.id JOIN catalog_host h ON h.id = o.host_id
        WHERE m.slug = split_part(regexp_replace(named, '^[^:/]+:', ''), '/', 2) AND NOT o.hidden
          AND named IN (p.slug || '/' || m.slug, h.slug || ':' || p.slug || '/' || m.slug)
    )
$$;

-- What these grants have used of the windows that contain `at`.
CREATE FUNCTION gateway.spent(grants bigint[], at timestamptz) RETURNS TABLE (
    grant_id bigint, period text, tokens_spent bigint, tokens_held bigint, usd_nanos_spent bigint, usd_nanos_held bigint
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT w.grant_id, w.period, w.tokens_spent, w.tokens_held, w.usd_nanos_spent, w.usd_nanos_held
    FROM quotas_window w WHERE w.grant_id = ANY (grants) AND w.starts_at = date_trunc(w.period, at, 'UTC')
$$;

-- Take the worst case of each call from its grant's day and month, or say what does not fit. Calls are judged
-- one after the other under the locks of their windows, so that parallel takes never pass a limit together.
--   asked: {version, spool, calls: [{id, grant, at, tokens_in, tokens_out or null, most_out, choices, price_in,
--           price_out, tokens_per_day, tokens_per_month, usd_per_day, usd_per_month}]}
-- Without tokens_out a call gets as much as fits, up to most_out. `stale`: the caller's passport is older than
-- the rows behind it.
CREATE FUNCTION gateway.take(asked jsonb) RETURNS TABLE (
    call_id text, verdict text, kind text, used bigint, held bigint, maximum bigint, needed bigint,
    tokens_out bigint, tokens bigint, usd_nanos bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    call record; day quotas_window; month quotas_window; open_grant bigint; open_day timestamptz;
    fits numeric; need numeric; cost numeric; out_tokens numeric;
BEGIN
    IF (SELECT s.version FROM gateway.state s) <> (asked ->> 'version')::bigint THEN
        RETURN QUERY SELECT c ->> 'id', 'stale'::text, NULL::text, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
            NULL::bigint, NULL::bigint, NULL::bigint FROM jsonb_array_elements(asked -> 'calls') AS c;
        RETURN;
    END IF;
    FOR call IN
        SELECT c.*, date_trunc('day', c.at, 'UTC') AS day_start, date_trunc('month', c.at, 'UTC') AS month_start
        FROM jsonb_to_recordset(asked -> 'calls') AS c(
            id text, "grant" bigint, at timestamptz, tokens_in bigint, tokens_out bigint, most_out bigint, choices bigint,
            price_in numeric, price_out numeric, tokens_per_day bigint, tokens_per_month bigint, usd_per_day bigint,
            usd_per_month bigint)
        ORDER BY c."grant", date_trunc('day', c.at, 'UTC')
    LOOP
        IF (call."grant", call.day_start) IS DISTINCT FROM (open_grant, open_day) THEN
            PERFORM gateway.hold(day, month);
            open_grant := call."grant"; open_day := call.day_start;
            day := gateway.lock_window(open_grant, 'day', call.day_start);
            month := gateway.lock_window(open_grant, 'month', call.month_start);
        END IF;
        call_id := call.id; verdict := 'ok'; kind := NULL; used := NULL; held := NULL; maximum := NULL; needed := NULL;
        out_tokens := call.tokens_out;
        IF out_tokens IS NULL THEN
            fits := least(
                call.most_out::numeric * call.choices,
                call.tokens_per_day - day.tokens_spent - day.tokens_held - call.tokens_in,
                call.tokens_per_month - month.tokens_spent - month.tokens_held - call.tokens_in,
                CASE WHEN call.price_out > 0 THEN
                    floor(((call.usd_per_day - day.usd_nanos_spent - day.usd_nanos_held)::numeric * 1e9 - call.tokens_in * call.price_in) / call.price_out) END,
                CASE WHEN call.price_out > 0 THEN
                    floor(((call.usd_per_month - month.usd_nanos_spent - month.usd_nanos_held)::numeric * 1e9 - call.tokens_in * call.price_in) / call.price_out) END);
            out_tokens := greatest(1, floor(fits / call.choices)) * call.choices;
        END IF;
        need := call.tokens_in + out_tokens;
        cost := ceil((call.tokens_in * coalesce(call.price_in, 0) + out_tokens * coalesce(call.price_out, 0)) / 1e9);
        SELECT l.kind, l.used, l.held, l.maximum, l.needed INTO kind, used, held, maximum, needed FROM (VALUES
            ('tokens_per_day', day.tokens_spent, day.tokens_held, call.tokens_per_day, need),
            ('tokens_per_month', month.tokens_spent, month.tokens_held, call.tokens_per_month, need),
            ('usd_per_day', day.usd_nanos_spent, day.usd_nanos_held, call.usd_per_day, cost),
            ('usd_per_month', month.usd_nanos_spent, month.usd_nanos_held, call.usd_per_month, cost)
        ) AS l(kind, used, held, maximum, needed)
        WHERE l.used + l.held + l.needed > l.maximum ORDER BY l.used + l.needed > l.maximum DESC, l.kind LIKE '%month' DESC LIMIT 1;
        IF FOUND THEN
            verdict := 'limit'; tokens_out := NULL; tokens := NULL; usd_nanos := NULL;
        ELSE
            tokens_out := out_tokens / call.choices; tokens := need; usd_nanos := cost;
            day.tokens_held := day.tokens_held + need; day.usd_nanos_held := day.usd_nanos_held + cost;
            month.tokens_held := month.tokens_held + need; month.usd_nanos_held := month.usd_nanos_held + cost;
            INSERT INTO quotas_hold (call_id, grant_id, at, tokens, usd_nanos, spool)
                VALUES (call.id, call."grant", call.at, need, cost, asked ->> 'spool');
        END IF;
        RETURN NEXT;
    END LOOP;
    PERFORM gateway.hold(day, month);
END $$;

-- The window's row, locked; made where it is missing.
CREATE FUNCTION gateway.lock_window(of bigint, named text, starts timestamptz) RETURNS public.quotas_window LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE found_row quotas_window;
BEGIN
    SELECT * INTO found_row FROM quotas_window WHERE grant_id = of AND period = named AND starts_at = starts FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO quotas_window (grant_id, period, starts_at, tokens_spent, tokens_held, usd_nanos_spent, usd_nanos_held)
            VALUES (of, named, starts, 0, 0, 0, 0) ON CONFLICT DO NOTHING;
        SELECT * INTO found_row FROM quotas_window WHERE grant_id = of AND period = named AND starts_at = starts FOR UPDATE;
    END IF;
    RETURN found_row;
END $$;

CREATE FUNCTION gateway.hold(day public.quotas_window, month public.quotas_window) RETURNS void LANGUAGE sql
SET search_path = public, pg_temp AS $$
    UPDATE quotas_window w SET tokens_held = n.tokens_held, usd_nanos_held = n.usd_nanos_held
    FROM (VALUES (day.id, day.tokens_held, day.usd_nanos_held), (month.id, month.tokens_held, month.usd_nanos_held)) AS n(id, tokens_held, usd_nanos_held)
    WHERE w.id = n.id AND (w.tokens_held, w.usd_nanos_held) IS DISTINCT FROM (n.tokens_held, n.usd_nanos_held)
$$;

-- What every grant used since a minute began, for counters that lost it: what runs is held, what ended is booked.
CREATE FUNCTION gateway.recount(since timestamptz) RETURNS TABLE (grant_id bigint, calls bigint, tokens bigint, running text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.grant_id, count(*) FILTER (WHERE u.at >= since), coalesce(sum(u.tokens) FILTER (WHERE u.at >= since), 0)::bigint,
        coalesce(array_agg(u.runs) FILTER (WHERE u.runs IS NOT NULL), '{}')
    FROM (
        SELECT h.grant_id, h.at, h.tokens, h.call_id::text AS runs FROM quotas_hold h
        UNION ALL
        SELECT e.grant_id, e.started_at, e.tokens_in + e.tokens_out, NULL FROM usage_event e
        WHERE e.started_at >= since AND e.source = 'gateway' AND e.outcome <> 'refused' AND e.grant_id IS NOT NULL
    ) AS u GROUP BY u.grant_id
$$;

-- Give back what calls hold that never became one: refused after all, or never sent.
CREATE FUNCTION gateway.settle(calls text[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT usage_release(calls)
$$;

-- Book finished calls. With `closing`, the spool of that name has been read to its end: whatever its process
-- still holds goes back in the same transaction.
CREATE FUNCTION gateway.ship(told jsonb, closing text DEFAULT NULL, OUT accepted bigint, OUT duplicate bigint, OUT conflicting text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SELECT t.accepted, t.duplicate, t.conflicting INTO accepted, duplicate, conflicting
        FROM usage_take_in(ARRAY(SELECT r FROM jsonb_populate_recordset(NULL::usage_incoming, told) AS r)) AS t;
    IF closing IS NOT NULL THEN
        PERFORM usage_release(ARRAY(SELECT call_id FROM quotas_hold WHERE spool = closing));
        DELETE FROM usage_shipper WHERE spool = closing;
    END IF;
END $$;

-- A process says that it lives, and how far its spool is behind.
CREATE FUNCTION gateway.beat(named text, behind integer, oldest double precision) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    INSERT INTO usage_shipper AS s (spool, started_at, seen_at, waiting, oldest_s) VALUES (named, now(), now(), behind, oldest)
    ON CONFLICT (spool) DO UPDATE SET seen_at = now(), waiting = excluded.waiting, oldest_s = excluded.oldest_s
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA gateway FROM PUBLIC;
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'foundry_gateway') THEN
        GRANT USAGE ON SCHEMA gateway TO foundry_gateway;
        GRANT SELECT ON gateway.key, gateway.route TO foundry_gateway;
        GRANT EXECUTE ON FUNCTION gateway.version(), gateway.offered(text), gateway.spent(bigint[], timestamptz),
            gateway.take(jsonb), gateway.recount(timestamptz), gateway.settle(text[]), gateway.ship(jsonb, text), gateway.beat(text, integer, double precision)
            TO foundry_gateway;
    END IF;
END $$;
