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
        'access_acknowledgement', 'catalog_offer', 'catalog_host', 'catalog_price', 'catalog_pause', 'teams_team',
        'teams_application'
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
    h.id AS host_id, h.connector::text AS connector, h.calling_base_url::text AS calling_base_url, h.calling_auth::text AS calling_auth,
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
            'input', round(c.input_per_million * 1000000000000)::text,
            'output', round(c.output_per_million * 1000000000000)::text,
            'cached', round(c.cached_input_per_million * 1000000000000)::text) ORDER BY c.precedence, c.starts_at)
        FROM public.catalog_price c WHERE c.offer_id = o.id AND (c.ends_at IS NULL OR c.ends_at > now() - interval '1 hour')
    ), '[]') AS prices,
    coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'of', CASE WHEN q.host_id IS NULL THEN 'offer' ELSE 'host' END, 'reason', q.reason, 'starts_at', q.starts_at,
            'ends_at', coalesce(q.lifted_at, q.ends_at)) ORDER BY q.id)
        FROM public.catalog_pause q
        WHERE (q.offer_id = o.id OR q.host_id = h.id) AND coalesce(q.lifted_at, q.ends_at) > now() - interval '1 hour'
    ), '[]') AS pauses
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

-- The minute of the database's clock, since 1970: whoever leases, leases in this one.
CREATE FUNCTION gateway.minute() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT floor(extract(epoch FROM clock_timestamp()) / 60)::bigint
$$;

-- How many calls of a grant run, or may run, in processes other than `mine` that gave a sign of life lately.
CREATE FUNCTION gateway.slots(of bigint, mine text) RETURNS bigint LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce(sum(s.slots_leased - s.slots_returned), 0)::bigint FROM quotas_share s
    WHERE s.grant_id = of AND s.spool <> mine
      AND EXISTS (SELECT FROM usage_shipper p WHERE p.spool = s.spool AND p.seen_at > now() - interval '15 s')
$$;

-- Does another living process have free parts of this grant?
CREATE FUNCTION gateway.others_have(of bigint, mine text) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM quotas_share s JOIN usage_shipper p USING (spool)
        WHERE s.grant_id = of AND s.spool <> mine AND s.loose AND p.seen_at > now() - interval '6 s')
$$;

-- What these grants have used of each kind of limit in the windows that contain `at`, and what calls hold.
CREATE FUNCTION gateway.used(grants bigint[], at timestamptz) RETURNS TABLE (grant_id bigint, kind text, used bigint, held bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT w.grant_id, k.kind, k.used, k.held FROM quotas_window w CROSS JOIN LATERAL (VALUES
        ('tokens_per_' || w.period, w.tokens_spent, w.tokens_held), ('usd_per_' || w.period, w.usd_nanos_spent, w.usd_nanos_held)
    ) AS k(kind, used, held)
    WHERE w.grant_id = ANY (grants) AND w.starts_at = date_trunc(w.period, at, 'UTC')
    UNION ALL
    SELECT r.grant_id, k.kind, k.used, 0 FROM quotas_rate r CROSS JOIN LATERAL (VALUES ('rpm', r.calls), ('tpm', r.tokens)) AS k(kind, used)
    WHERE r.grant_id = ANY (grants) AND r.minute = gateway.minute()
    UNION ALL
    SELECT g, 'concurrency', gateway.slots(g, ''), 0 FROM unnest(grants) AS g
$$;

-- Ask every other process for what it does not use of these grants; true when none has anything.
CREATE FUNCTION gateway.recall(mine text, grants bigint[]) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE each_grant bigint; others boolean := false;
BEGIN
    FOREACH each_grant IN ARRAY grants LOOP
        IF gateway.others_have(each_grant, mine) THEN
            others := true;
            PERFORM pg_notify('gateway', 'recall ' || each_grant);
        END IF;
    END LOOP;
    RETURN NOT others;
END $$;

-- Hand out slices of grants' limits, all parts of one or none. Asks are judged one after the other under the locks of
-- their rows, so that parallel processes never pass a limit together.
--   asked: {version or null, spool, asks: [{ask, grant, day or null, minute, returned, over, loose, maxima, least, ideal,
--           most, recalled, last}]}
-- returned, least, ideal and most are [calls, tokens of the minute, running calls, tokens, nano-dollars]: what was given
-- back so far, what must fit, what should, and what would be welcome beyond. maxima are in the order of the kinds of limit.
-- Verdicts: ok; limit: the least does not fit; recall: others have free parts and were told, ask again; stale: the
-- caller's passport is older than the rows behind it. `leased` are totals, so that a lost answer is made good by the next.
CREATE FUNCTION gateway.lease(asked jsonb) RETURNS TABLE (
    ask integer, verdict text, kind text, used bigint, held bigint, maximum bigint, minute bigint, left_ms integer,
    rate_calls bigint, rate_tokens bigint, leased bigint[], loose boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    mine text := asked ->> 'spool';
    a record; rate quotas_rate; share quotas_share; of_day quotas_lease; none quotas_lease; day quotas_window; month quotas_window;
    budgeted boolean; short boolean; fails boolean; running bigint; free bigint[]; give bigint[];
BEGIN
    IF (SELECT s.version FROM gateway.state s) <> (asked ->> 'version')::bigint THEN
        RETURN QUERY SELECT (c ->> 'ask')::integer, 'stale'::text, NULL::text, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0,
            0::bigint, 0::bigint, '{}'::bigint[], false FROM jsonb_array_elements(asked -> 'asks') AS c;
        RETURN;
    END IF;
    FOR a IN
        SELECT c.* FROM jsonb_to_recordset(asked -> 'asks') AS c(
            ask integer, "grant" bigint, day timestamptz, minute bigint, returned bigint[], over bigint, loose boolean,
            maxima bigint[], least bigint[], ideal bigint[], most bigint[], recalled boolean, last boolean)
        ORDER BY c."grant", c.day, c.ask
    LOOP
        -- the minute
        INSERT INTO quotas_rate (grant_id, minute, calls, tokens) VALUES (a."grant", 0, 0, 0) ON CONFLICT DO NOTHING;
        SELECT * INTO rate FROM quotas_rate r WHERE r.grant_id = a."grant" FOR UPDATE;
        INSERT INTO quotas_share (spool, grant_id, minute, calls_leased, calls_returned, tokens_leased, tokens_returned,
            tokens_over, slots_leased, slots_returned, loose) VALUES (mine, a."grant", 0, 0, 0, 0, 0, 0, 0, 0, false) ON CONFLICT DO NOTHING;
        SELECT * INTO share FROM quotas_share s WHERE s.spool = mine AND s.grant_id = a."grant";
        IF share.minute = a.minute THEN
            IF rate.minute = share.minute THEN
                rate.calls := rate.calls - greatest(0, a.returned[1] - share.calls_returned);
                rate.tokens := rate.tokens - greatest(0, a.returned[2] - share.tokens_returned);
            END IF;
            share.calls_returned := greatest(share.calls_returned, a.returned[1]);
            share.tokens_returned := greatest(share.tokens_returned, a.returned[2]);
        END IF;
        rate.tokens := rate.tokens + greatest(0, a.over - share.tokens_over);
        share.tokens_over := greatest(share.tokens_over, a.over);
        share.slots_returned := greatest(share.slots_returned, a.returned[3]);
        minute := greatest(rate.minute, gateway.minute());
        IF rate.minute < minute THEN  -- what went beyond a minute is debt on the next ones
            rate.tokens := CASE WHEN a.maxima[2] IS NULL THEN 0 ELSE greatest(0, rate.tokens - a.maxima[2]::numeric * (minute - rate.minute)) END;
            rate.calls := 0; rate.minute := minute;
        END IF;
        IF share.minute < minute THEN
            share.minute := minute; share.calls_leased := 0; share.calls_returned := 0; share.tokens_leased := 0; share.tokens_returned := 0;
        END IF;
        running := share.slots_leased - share.slots_returned + CASE WHEN a.maxima[3] IS NULL THEN 0 ELSE gateway.slots(a."grant", mine) END;
        -- the day and its month
        of_day := none; day := NULL; month := NULL;
        budgeted := a.day IS NOT NULL AND (num_nonnulls(VARIADIC a.maxima[4:7]) > 0 OR a.returned[4] > 0 OR a.returned[5] > 0);
        IF budgeted THEN
            day := gateway.lock_window(a."grant", 'day', a.day);
            month := gateway.lock_window(a."grant", 'month', date_trunc('month', a.day, 'UTC'));
            INSERT INTO quotas_lease (spool, grant_id, day, tokens_leased, tokens_returned, tokens_shipped, usd_nanos_leased,
                usd_nanos_returned, usd_nanos_shipped) VALUES (mine, a."grant", a.day, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING;
            SELECT * INTO of_day FROM quotas_lease l WHERE l.spool = mine AND l.grant_id = a."grant" AND l.day = a.day FOR UPDATE;
            give := ARRAY[
                greatest(0, least(a.returned[4], of_day.tokens_leased - of_day.tokens_shipped) - of_day.tokens_returned),
                greatest(0, least(a.returned[5], of_day.usd_nanos_leased - of_day.usd_nanos_shipped) - of_day.usd_nanos_returned)];
            day.tokens_held := day.tokens_held - give[1]; month.tokens_held := month.tokens_held - give[1];
            day.usd_nanos_held := day.usd_nanos_held - give[2]; month.usd_nanos_held := month.usd_nanos_held - give[2];
            of_day.tokens_returned := of_day.tokens_returned + give[1]; of_day.usd_nanos_returned := of_day.usd_nanos_returned + give[2];
        END IF;
        -- what is left, and what of it is handed out
        free := ARRAY[
            a.maxima[1] - rate.calls, a.maxima[2] - rate.tokens, a.maxima[3] - running,
            least(a.maxima[4] - day.tokens_spent - day.tokens_held, a.maxima[5] - month.tokens_spent - month.tokens_held),
            least(a.maxima[6] - day.usd_nanos_spent - day.usd_nanos_held, a.maxima[7] - month.usd_nanos_spent - month.usd_nanos_held)];
        SELECT coalesce(bool_or(f.ideal > greatest(f.free, 0)) FILTER (WHERE f.free IS NOT NULL), false),
            coalesce(bool_or(f.least > greatest(f.free, 0)) FILTER (WHERE f.free IS NOT NULL), false),
            array_agg(CASE WHEN f.free IS NULL THEN 0 ELSE least(f.ideal, greatest(f.free, 0)) END ORDER BY f.n)
            INTO short, fails, give
            FROM unnest(free, a.least, a.ideal) WITH ORDINALITY AS f(free, least, ideal, n);
        verdict := 'ok'; kind := NULL; used := NULL; held := NULL; maximum := NULL; loose := a.loose;
        IF short AND NOT a.last AND gateway.others_have(a."grant", mine) THEN
            verdict := 'recall'; give := '{0,0,0,0,0}';
            IF NOT a.recalled THEN PERFORM pg_notify('gateway', 'recall ' || a."grant"); END IF;
        ELSIF fails THEN
            verdict := 'limit'; give := '{0,0,0,0,0}';
            SELECT l.kind, l.used, l.held, l.maximum INTO kind, used, held, maximum FROM (VALUES
                ('rpm', rate.calls, 0, a.maxima[1], a.least[1]),
                ('tpm', rate.tokens, 0, a.maxima[2], a.least[2]),
                ('concurrency', running, 0, a.maxima[3], a.least[3]),
                ('tokens_per_day', day.tokens_spent, day.tokens_held, a.maxima[4], a.least[4]),
                ('tokens_per_month', month.tokens_spent, month.tokens_held, a.maxima[5], a.least[4]),
                ('usd_per_day', day.usd_nanos_spent, day.usd_nanos_held, a.maxima[6], a.least[5]),
                ('usd_per_month', month.usd_nanos_spent, month.usd_nanos_held, a.maxima[7], a.least[5])
            ) AS l(kind, used, held, maximum, least)
            WHERE l.used + l.held + l.least > l.maximum AND l.least > 0
            ORDER BY l.kind NOT LIKE '%\_per\_%' DESC, l.used + l.least > l.maximum DESC, l.kind LIKE '%month' DESC, l.kind LIMIT 1;
        ELSIF NOT short THEN
            SELECT array_agg(CASE WHEN f.free IS NULL THEN 0 ELSE greatest(f.ideal, least(f.most, f.free / 8)) END ORDER BY f.n)
                INTO give FROM unnest(free, a.ideal, a.most) WITH ORDINALITY AS f(free, ideal, most, n);
            loose := a.loose OR EXISTS (SELECT FROM unnest(give, a.ideal) AS f(give, ideal) WHERE f.give > f.ideal);
        END IF;
        rate.calls := rate.calls + give[1]; rate.tokens := rate.tokens + give[2];
        share.calls_leased := share.calls_leased + give[1]; share.tokens_leased := share.tokens_leased + give[2];
        share.slots_leased := share.slots_leased + give[3];
        UPDATE quotas_rate r SET minute = rate.minute, calls = rate.calls, tokens = rate.tokens WHERE r.id = rate.id
            AND (r.minute, r.calls, r.tokens) IS DISTINCT FROM (rate.minute, rate.calls, rate.tokens);
        UPDATE quotas_share s SET minute = share.minute, calls_leased = share.calls_leased, calls_returned = share.calls_returned,
            tokens_leased = share.tokens_leased, tokens_returned = share.tokens_returned, tokens_over = share.tokens_over,
            slots_leased = share.slots_leased, slots_returned = share.slots_returned, loose = lease.loose WHERE s.id = share.id;
        IF budgeted THEN
            day.tokens_held := day.tokens_held + give[4]; month.tokens_held := month.tokens_held + give[4];
            day.usd_nanos_held := day.usd_nanos_held + give[5]; month.usd_nanos_held := month.usd_nanos_held + give[5];
            of_day.tokens_leased := of_day.tokens_leased + give[4]; of_day.usd_nanos_leased := of_day.usd_nanos_leased + give[5];
            PERFORM gateway.hold(day, month);
            UPDATE quotas_lease l SET tokens_leased = of_day.tokens_leased, tokens_returned = of_day.tokens_returned,
                usd_nanos_leased = of_day.usd_nanos_leased, usd_nanos_returned = of_day.usd_nanos_returned WHERE l.id = of_day.id;
        END IF;
        ask := a.ask; rate_calls := rate.calls; rate_tokens := rate.tokens;
        left_ms := greatest(0, 1000 * (60 * (minute + 1) - extract(epoch FROM clock_timestamp())))::integer;
        leased := ARRAY[share.calls_leased, share.tokens_leased, share.slots_leased, coalesce(of_day.tokens_leased, 0), coalesce(of_day.usd_nanos_leased, 0)];
        RETURN NEXT;
    END LOOP;
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

-- What was set aside of a day and its month is set aside no more.
CREATE FUNCTION gateway.free(of bigint, of_day timestamptz, tokens bigint, usd_nanos bigint) RETURNS void LANGUAGE sql
SET search_path = public, pg_temp AS $$
    WITH locked AS MATERIALIZED (
        SELECT w.id FROM quotas_window w WHERE w.grant_id = of AND w.starts_at = date_trunc(w.period, of_day, 'UTC')
        ORDER BY w.period FOR UPDATE
    )
    UPDATE quotas_window w SET tokens_held = w.tokens_held - tokens, usd_nanos_held = w.usd_nanos_held - usd_nanos
    FROM locked WHERE w.id = locked.id AND (tokens, usd_nanos) <> (0, 0)
$$;

-- Book finished calls. `used`: per grant and day, how much of its slice the process has used up so far, these calls
-- included: [{grant, day, tokens, usd_nanos}]. With `closing`, the spool of that name has been read to its end: whatever
-- its process still leases goes back in the same transaction.
CREATE FUNCTION gateway.ship(told jsonb, mine text, used jsonb DEFAULT '[]', closing text DEFAULT NULL,
    OUT accepted bigint, OUT duplicate bigint, OUT conflicting text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE u record;
BEGIN
    SELECT t.accepted, t.duplicate, t.conflicting INTO accepted, duplicate, conflicting
        FROM usage_take_in(ARRAY(SELECT r FROM jsonb_populate_recordset(NULL::usage_incoming, told) AS r)) AS t;
    FOR u IN
        SELECT l.id, l.grant_id, l.day, c.tokens, c.usd_nanos,
            greatest(0, least(c.tokens, l.tokens_leased - l.tokens_returned) - l.tokens_shipped) AS tokens_more,
            greatest(0, least(c.usd_nanos, l.usd_nanos_leased - l.usd_nanos_returned) - l.usd_nanos_shipped) AS usd_nanos_more
        FROM jsonb_to_recordset(used) AS c("grant" bigint, day timestamptz, tokens bigint, usd_nanos bigint)
        JOIN quotas_lease l ON l.spool = mine AND l.grant_id = c."grant" AND l.day = c.day ORDER BY l.grant_id, l.day
    LOOP
        PERFORM gateway.free(u.grant_id, u.day, u.tokens_more, u.usd_nanos_more);
        UPDATE quotas_lease l SET tokens_shipped = l.tokens_shipped + u.tokens_more, usd_nanos_shipped = l.usd_nanos_shipped + u.usd_nanos_more
            WHERE l.id = u.id;
    END LOOP;
    IF closing IS NOT NULL THEN
        PERFORM gateway.free(g.grant_id, g.day, g.tokens, g.usd_nanos) FROM (
            SELECT l.grant_id, l.day, l.tokens_leased - l.tokens_returned - l.tokens_shipped AS tokens,
                l.usd_nanos_leased - l.usd_nanos_returned - l.usd_nanos_shipped AS usd_nanos
            FROM quotas_lease l WHERE l.spool = closing ORDER BY l.grant_id, l.day) AS g;
        DELETE FROM quotas_lease l WHERE l.spool = closing;
        DELETE FROM quotas_share s WHERE s.spool = closing;
        DELETE FROM usage_shipper p WHERE p.spool = closing;
    END IF;
END $$;

-- A process says that it lives, and how far its spool is behind.
CREATE FUNCTION gateway.beat(named text, behind integer, oldest double precision) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    INSERT INTO usage_shipper AS s (spool, started_at, seen_at, waiting, oldest_s) VALUES (named, now(), now(), behind, oldest)
    ON CONFLICT (spool) DO UPDATE SET seen_at = now(), waiting = excluded.waiting, oldest_s = excluded.oldest_s;
    DELETE FROM quotas_lease WHERE spool = named AND day < now() - interval '3 days'
        AND tokens_leased = tokens_returned + tokens_shipped AND usd_nanos_leased = usd_nanos_returned + usd_nanos_shipped;
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA gateway FROM PUBLIC;
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'foundry_gateway') THEN
        GRANT USAGE ON SCHEMA gateway TO foundry_gateway;
        GRANT SELECT ON gateway.key, gateway.route TO foundry_gateway;
        GRANT EXECUTE ON FUNCTION gateway.version(), gateway.offered(text), gateway.used(bigint[], timestamptz),
            gateway.recall(text, bigint[]), gateway.lease(jsonb), gateway.ship(jsonb, text, jsonb, text),
            gateway.beat(text, integer, double precision)
            TO foundry_gateway;
    END IF;
END $$;
