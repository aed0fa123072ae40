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

-- Which version a holder's own rows came with, a grant's or a level's: a process that has confirmed it, or a later one, enforces
-- them. Fires after the bump of its transaction, whose name comes first.
CREATE TABLE gateway.changed (holder_id bigint PRIMARY KEY, version bigint NOT NULL);
CREATE FUNCTION gateway.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = gateway, pg_temp AS $$
BEGIN
    INSERT INTO changed AS c (holder_id, version)
        SELECT CASE TG_TABLE_NAME WHEN 'access_grant' THEN NEW.id WHEN 'levels_levellimit' THEN -(to_jsonb(NEW) ->> 'level_id')::bigint
            ELSE (to_jsonb(NEW) ->> 'grant_id')::bigint END, s.version FROM state s
        ON CONFLICT (holder_id) DO UPDATE SET version = excluded.version;
    RETURN NULL;
END $$;

DO $$
DECLARE watched text;
BEGIN
    FOREACH watched IN ARRAY ARRAY['access_grant', 'access_limit', 'access_grantapplication', 'levels_levellimit'] LOOP
        EXECUTE format(
            'CREATE CONSTRAINT TRIGGER gateway_note AFTER INSERT OR UPDATE ON public.%I
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gateway.note()', watched);
    END LOOP;
    FOREACH watched IN ARRAY ARRAY[
        'keys_apikey', 'keys_apikey_grants', 'keys_callerpause', 'access_grant', 'access_limit', 'access_grantapplication',
        'access_acknowledgement', 'access_block', 'access_grace', 'catalog_offer', 'catalog_host', 'catalog_price', 'catalog_pause', 'teams_team',
        'teams_application', 'levels_level', 'levels_levellimit', 'quotas_calendar'
    ] LOOP
        EXECUTE format(
            'CREATE CONSTRAINT TRIGGER gateway_bump AFTER INSERT OR UPDATE OR DELETE ON public.%I
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gateway.bump()', watched);
    END LOOP;
    CREATE CONSTRAINT TRIGGER gateway_bump AFTER UPDATE ON public.access_request
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN (NEW.grant_id IS NOT NULL AND OLD.closed_at IS DISTINCT FROM NEW.closed_at) EXECUTE FUNCTION gateway.bump();
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
    ), '[]') AS grants,
    coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'of', CASE WHEN q.key_id IS NULL THEN 'team' ELSE 'key' END, 'reason', q.reason, 'starts_at', q.starts_at,
            'ends_at', coalesce(q.lifted_at, q.ends_at)) ORDER BY q.id)
        FROM public.keys_callerpause q
        WHERE (q.key_id = k.id OR q.team_id = t.id) AND coalesce(q.lifted_at, q.ends_at) > now() - interval '1 hour'
    ), '[]') AS pauses, k.networks::text[] AS networks,
    coalesce((
        SELECT jsonb_agg(jsonb_build_object('holder_id', -l.id, 'scope', l.scope, 'grant_id', l.grant_id,
            'name', CASE l.scope WHEN 'organisation' THEN '' WHEN 'team' THEN t.slug WHEN 'key' THEN k.prefix ELSE coalesce(a_of.slug, k.prefix) END,
            'limits', m.limits) ORDER BY l.id)
        FROM public.levels_level l LEFT JOIN public.teams_application a_of ON a_of.id = l.application_id
        CROSS JOIN LATERAL (
            SELECT jsonb_agg(jsonb_build_object('kind', n.kind, 'mode', n.mode, 'maximum', n.maximum, 'starts_at', n.starts_at,
                'ends_at', n.ends_at, 'set_by', u.name, 'set_at', n.set_at) ORDER BY n.kind, n.mode, n.starts_at) AS limits
            FROM public.levels_levellimit n JOIN public.people_user u ON u.id = n.set_by_id
            WHERE n.level_id = l.id AND (n.ends_at IS NULL OR n.ends_at > now() - interval '1 hour')) AS m
        WHERE (l.scope = 'organisation' OR l.team_id = t.id OR l.key_id = k.id OR l.application_id = a.id) AND m.limits IS NOT NULL
    ), '[]') AS levels
FROM public.keys_apikey k
JOIN public.teams_application a ON a.id = k.application_id
JOIN public.teams_team t ON t.id = a.team_id;

-- A grant and everything that a call under it needs. Prices are integers of 1e-12 USD per million tokens, as text.
CREATE VIEW gateway.route AS
SELECT g.id AS grant_id, g.starts_at,
    greatest(g.ends_at, (  -- it goes on while its renewal is undecided
        SELECT max(least(c.ends_at, r.closed_at)) FROM public.access_grace c JOIN public.access_request r ON r.id = c.request_id
        WHERE c.grant_id = g.id)) AS ends_at,
    g.revoked_at,
    coalesce((
        SELECT jsonb_agg(jsonb_build_object('kind', b.kind, 'why', b.why, 'starts_at', b.since, 'ends_at', b.until) ORDER BY b.since, b.id)
        FROM public.access_block b
        WHERE b.team_id = g.team_id AND (b.grant_id = g.id OR b.grant_id IS NULL) AND (b.until IS NULL OR b.until > now() - interval '1 hour')
    ), '[]') AS blocks,
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
    h.calling_path_template::text AS calling_path_template, h.cancels_at_once, h.calling_credential,
    h.trusted_networks::text[] AS trusted_networks, h.is_sandbox OR h.is_demo AS is_sandbox,
    h.connector <> 'reference' AND h.disabled_at IS NULL AND h.calling_base_url <> '' AS is_callable,
    coalesce((
        SELECT jsonb_agg(jsonb_build_object('kind', l.kind, 'maximum', l.maximum, 'starts_at', l.starts_at, 'ends_at', l.ends_at,
            'decision_id', l.decision_id, 'set_by', coalesce(u.name, '')) ORDER BY l.kind, l.starts_at)
        FROM public.access_limit l JOIN public.access_decision e ON e.id = l.decision_id LEFT JOIN public.access_move v ON v.id = l.moved_id
        LEFT JOIN public.people_user u ON u.id = coalesce(v.by_id, e.by_id)
        WHERE l.grant_id = g.id AND (l.ends_at IS NULL OR l.ends_at > now() - interval '1 hour')
    ), '[]') AS limits,
    coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'price_id', c.id, 'basis', c.basis, 'precedence', c.precedence, 'starts_at', c.starts_at, 'ends_at', c.ends_at,
            'input', round(c.input_per_million * 1000000000000)::text,
            'output', round(c.output_per_million * 1000000000000)::text,
            'cached', round(c.cached_input_per_million * 1000000000000)::text,
            'parts', c.parts, 'tiers', c.tiers) ORDER BY c.precedence, c.starts_at)
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

-- Calls that ran when their process died: their hosts may still be at work, so that they count among a holder's running calls for
-- the minute after its last sign of life.
CREATE TABLE gateway.orphaned (holder_id bigint NOT NULL, calls bigint NOT NULL, until timestamptz NOT NULL);

-- A holder is a grant by its id, or a level by its id below zero. How many calls of one run, or may run, in processes other than
-- `mine` that gave a sign of life lately: one that is cut off goes on for its grace.
CREATE FUNCTION gateway.slots(of bigint, mine text) RETURNS bigint LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT (SELECT coalesce(sum(s.slots_leased - s.slots_returned), 0) FROM quotas_share s
        WHERE s.holder_id = of AND s.spool <> mine
          AND EXISTS (SELECT FROM usage_shipper p WHERE p.spool = s.spool AND p.seen_at > now() - interval '60 s'))::bigint
      + (SELECT coalesce(sum(o.calls), 0) FROM gateway.orphaned o WHERE o.holder_id = of AND o.until > now())::bigint
$$;

-- Does another living process have free parts of this holder's limits?
CREATE FUNCTION gateway.others_have(of bigint, mine text) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM quotas_share s JOIN usage_shipper p USING (spool)
        WHERE s.holder_id = of AND s.spool <> mine AND s.loose AND p.seen_at > now() - interval '6 s')
$$;

-- The days of budgets from the one that contains `since` on, and the month that each begins in: no day is in two of them.
CREATE FUNCTION gateway.periods(since timestamptz, days integer) RETURNS TABLE (
    day timestamptz, day_ends timestamptz, month timestamptz, month_ends timestamptz
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    day_ends := since;
    FOR n IN 1 .. days LOOP
        day := CASE n WHEN 1 THEN quotas_begins('day', since) ELSE day_ends END;
        day_ends := quotas_ends('day', day); month := quotas_begins('month', day); month_ends := quotas_ends('month', day);
        RETURN NEXT;
    END LOOP;
END $$;

-- What these holders have used of each kind of limit in the windows that contain `at`, and what calls hold.
CREATE FUNCTION gateway.used(holders bigint[], at timestamptz) RETURNS TABLE (holder_id bigint, kind text, used bigint, held bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT w.holder_id, k.kind, k.used, k.held
    FROM (VALUES ('day', quotas_begins('day', at)), ('month', quotas_begins('month', at))) AS p(period, starts_at)
    JOIN quotas_window w USING (period, starts_at) CROSS JOIN LATERAL (VALUES
        ('tokens_per_' || w.period, w.tokens_spent, w.tokens_held), ('usd_per_' || w.period, w.usd_nanos_spent, w.usd_nanos_held)
    ) AS k(kind, used, held)
    WHERE w.holder_id = ANY (holders)
    UNION ALL
    SELECT r.holder_id, k.kind, k.used, 0 FROM quotas_rate r CROSS JOIN LATERAL (VALUES ('rpm', r.calls), ('tpm', r.tokens)) AS k(kind, used)
    WHERE r.holder_id = ANY (holders) AND r.minute = gateway.minute()
    UNION ALL
    SELECT h, 'concurrency', gateway.slots(h, ''), 0 FROM unnest(holders) AS h
$$;

-- Which applications and keys used most of a holder's minute, hour, day and month: the three first by calls, by tokens and by
-- money, each with what it used, beside the whole of all users. Of a grant, a team, a key or a share; of the organisation nobody is
-- told, because teams do not see one another. Whole hours, and the events of the minute and of an hour that a day's begin cuts.
CREATE FUNCTION gateway.users(holders bigint[], at timestamptz) RETURNS TABLE (
    holder bigint, period text, unit text, application text, key text, used bigint, whole bigint
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH who AS (
        SELECT h.holder, g.id AS grant_id, coalesce(g.team_id, l.team_id, a.team_id) AS team_id, l.application_id, l.key_id
        FROM unnest(holders) AS h(holder)
        LEFT JOIN levels_level l ON l.id = -h.holder
        LEFT JOIN access_grant g ON g.id = CASE WHEN h.holder > 0 THEN h.holder ELSE l.grant_id END
        LEFT JOIN keys_apikey k ON k.id = l.key_id LEFT JOIN teams_application a ON a.id = k.application_id
    ), begun AS MATERIALIZED (
        SELECT b.period, b.since, CASE b.period WHEN 'minute' THEN 'infinity'
            ELSE date_trunc('hour', b.since + interval '1 hour' - interval '1 microsecond', 'UTC') END AS whole_from
        FROM (VALUES ('minute', date_trunc('minute', at)), ('hour', date_trunc('hour', at, 'UTC')),
            ('day', quotas_begins('day', at)), ('month', quotas_begins('month', at))) AS b(period, since)
    ), sums AS (
        SELECT w.holder, b.period, u.application_id, u.key_id, sum(u.calls) AS calls, sum(u.tokens) AS tokens, sum(u.nanos) AS nanos
        FROM who w CROSS JOIN begun b CROSS JOIN LATERAL (
            SELECT application_id, key_id, outcome, calls, tokens_in + tokens_out AS tokens, cost_nanos AS nanos
            FROM usage_hour WHERE grant_id = w.grant_id AND hour >= b.whole_from
            UNION ALL
            SELECT application_id, key_id, outcome, calls, tokens_in + tokens_out, cost_nanos
            FROM usage_hour WHERE w.grant_id IS NULL AND team_id = w.team_id AND hour >= b.whole_from
            UNION ALL
            SELECT application_id, key_id, outcome, 1, tokens_in + tokens_out, coalesce(cost_nanos, 0)
            FROM usage_event WHERE team_id = w.team_id AND (w.grant_id IS NULL OR grant_id = w.grant_id)
                AND started_at >= b.since AND started_at < b.whole_from) AS u
        WHERE u.outcome <> 'refused' AND (w.application_id IS NULL OR u.application_id = w.application_id)
            AND (w.key_id IS NULL OR u.key_id = w.key_id)
        GROUP BY 1, 2, 3, 4
    ), ranked AS (
        SELECT s.*, v.*, sum(v.used) OVER of_all AS whole, row_number() OVER (of_all ORDER BY v.used DESC, s.key_id) AS place
        FROM sums s CROSS JOIN LATERAL (VALUES ('calls', s.calls), ('tokens', s.tokens), ('usd_nanos', s.nanos)) AS v(unit, used)
        WHERE v.used > 0 WINDOW of_all AS (PARTITION BY s.holder, s.period, v.unit)
    )
    SELECT r.holder, r.period, r.unit, a.slug::text, k.prefix::text, r.used::bigint, r.whole::bigint
    FROM ranked r LEFT JOIN teams_application a ON a.id = r.application_id LEFT JOIN keys_apikey k ON k.id = r.key_id
    WHERE r.place <= 3 ORDER BY r.holder, r.period, r.unit, r.place
$$;

-- Ask every other process for what it does not use of these holders' limits; true when none has anything.
CREATE FUNCTION gateway.recall(mine text, holders bigint[]) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE each_holder bigint; others boolean := false;
BEGIN
    FOREACH each_holder IN ARRAY holders LOOP
        IF gateway.others_have(each_holder, mine) THEN
            others := true;
            PERFORM pg_notify('gateway', 'recall ' || each_holder);
        END IF;
    END LOOP;
    RETURN NOT others;
END $$;

-- Hand out slices of holders' limits, all parts of one ask or none. Asks are judged one after the other under the locks of
-- their rows, so that parallel processes never pass a limit together.
--   asked: {version or null, spool, asks: [{ask, place, needs, holder, day or null, minute, returned, over, loose, maxima, soft,
--           shadow, least, ideal, most, recalled, last}]}
-- `place` is an ask's lowest holder. Rows that need nothing only tell; those of one ask that need are of different holders, and stand or fall together.
-- returned, least, ideal and most are [calls, tokens of the minute, running calls, tokens, nano-dollars]: what was given
-- back so far, what must fit, what should, and what would be welcome beyond. maxima are in the order of the kinds of limit,
-- as are soft and shadow ones: these let pass, one call at a time, and it is counted that a hard one had not.
-- Verdicts: ok; limit: the least of `failing` does not fit; recall: others have free parts and were told of what is
-- `recalled`, ask again; stale: the caller's passport is older than the rows behind it. `leased` are totals, so that a lost answer is made
-- good by the next.
CREATE TYPE gateway.looked AS (
    ask integer, holder bigint, loose boolean, least bigint[], ideal bigint[], most bigint[], maxima bigint[], recalled boolean,
    rate public.quotas_rate, share public.quotas_share, of_day public.quotas_lease, day public.quotas_window, month public.quotas_window,
    free bigint[], used bigint[], soft bigint[], shadow bigint[], running bigint, short boolean, fails boolean
);
CREATE FUNCTION gateway.lease(asked jsonb) RETURNS TABLE (
    ask integer, holder bigint, verdict text, failing bigint, kind text, used bigint, held bigint, maximum bigint, minute bigint,
    left_ms integer, rate_calls bigint, rate_tokens bigint, leased bigint[], loose boolean, recalled boolean, passed text[]
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    mine text := asked ->> 'spool';
    a record; rate quotas_rate; share quotas_share; of_day quotas_lease; none quotas_lease; day quotas_window; month quotas_window;
    budgeted boolean; running bigint; free bigint[]; give bigint[]; seen gateway.looked; seens gateway.looked[] := '{}';
BEGIN
    IF (SELECT s.version FROM gateway.state s) <> (asked ->> 'version')::bigint THEN
        RETURN QUERY SELECT (c ->> 'ask')::integer, (c ->> 'holder')::bigint, 'stale'::text, 0::bigint, NULL::text, 0::bigint, 0::bigint,
            0::bigint, 0::bigint, 0, 0::bigint, 0::bigint, '{}'::bigint[], false, false, NULL::text[] FROM jsonb_array_elements(asked -> 'asks') AS c;
        RETURN;
    END IF;
    IF (asked ->> 'levels')::boolean THEN PERFORM gateway.lock_all(asked -> 'asks'); END IF;
    FOR a IN
        SELECT c.*, NOT c.needs OR lead(c.ask) OVER w IS DISTINCT FROM c.ask AS whole
        FROM jsonb_to_recordset(asked -> 'asks') AS c(
            ask integer, place bigint, needs boolean, holder bigint, day timestamptz, minute bigint, returned bigint[], over bigint, loose boolean,
            maxima bigint[], soft bigint[], shadow bigint[], least bigint[], ideal bigint[], most bigint[], recalled boolean,
            last boolean)
        WINDOW w AS (ORDER BY c.place, c.ask, c.needs, c.holder, c.day)
        ORDER BY c.place, c.ask, c.needs, c.holder, c.day
    LOOP
        -- the minute
        INSERT INTO quotas_rate (holder_id, minute, calls, tokens) VALUES (a.holder, 0, 0, 0) ON CONFLICT DO NOTHING;
        SELECT * INTO rate FROM quotas_rate r WHERE r.holder_id = a.holder FOR UPDATE;
        INSERT INTO quotas_share (spool, holder_id, minute, calls_leased, calls_returned, tokens_leased, tokens_returned,
            tokens_over, slots_leased, slots_returned, loose) VALUES (mine, a.holder, 0, 0, 0, 0, 0, 0, 0, 0, false) ON CONFLICT DO NOTHING;
        SELECT * INTO share FROM quotas_share s WHERE s.spool = mine AND s.holder_id = a.holder;
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
        running := share.slots_leased - share.slots_returned + CASE WHEN coalesce(a.maxima[3], a.soft[3], a.shadow[3]) IS NULL THEN 0 ELSE gateway.slots(a.holder, mine) END;
        -- the day and its month
        of_day := none; day := NULL; month := NULL;
        budgeted := a.day IS NOT NULL AND (num_nonnulls(VARIADIC a.maxima[4:7] || a.soft[4:7] || a.shadow[4:7]) > 0
            OR a.returned[4] > 0 OR a.returned[5] > 0);
        IF budgeted THEN
            day := gateway.lock_window(a.holder, 'day', a.day);
            month := gateway.lock_window(a.holder, 'month', quotas_begins('month', a.day));
            INSERT INTO quotas_lease (spool, holder_id, day, tokens_leased, tokens_returned, tokens_shipped, usd_nanos_leased,
                usd_nanos_returned, usd_nanos_shipped) VALUES (mine, a.holder, a.day, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING;
            SELECT * INTO of_day FROM quotas_lease l WHERE l.spool = mine AND l.holder_id = a.holder AND l.day = a.day FOR UPDATE;
            give := ARRAY[
                greatest(0, least(a.returned[4], of_day.tokens_leased - of_day.tokens_shipped) - of_day.tokens_returned),
                greatest(0, least(a.returned[5], of_day.usd_nanos_leased - of_day.usd_nanos_shipped) - of_day.usd_nanos_returned)];
            day.tokens_held := day.tokens_held - give[1]; month.tokens_held := month.tokens_held - give[1];
            day.usd_nanos_held := day.usd_nanos_held - give[2]; month.usd_nanos_held := month.usd_nanos_held - give[2];
            of_day.tokens_returned := of_day.tokens_returned + give[1]; of_day.usd_nanos_returned := of_day.usd_nanos_returned + give[2];
        END IF;
        -- what is left
        seen.used := ARRAY[rate.calls, rate.tokens, running, day.tokens_spent + day.tokens_held, month.tokens_spent + month.tokens_held,
            day.usd_nanos_spent + day.usd_nanos_held, month.usd_nanos_spent + month.usd_nanos_held];
        free := gateway.left(a.maxima, seen.used);
        SELECT coalesce(bool_or(f.ideal > greatest(f.free, 0)) FILTER (WHERE f.free IS NOT NULL), false),
            coalesce(bool_or(f.least > greatest(f.free, 0)) FILTER (WHERE f.free IS NOT NULL), false)
            INTO seen.short, seen.fails FROM unnest(free, a.least, a.ideal) AS f(free, least, ideal);
        seen := ROW(a.ask, a.holder, a.loose, a.least, a.ideal, a.most, a.maxima, a.recalled, rate, share, of_day, day, month, free,
            seen.used, a.soft, a.shadow, running, seen.short, seen.fails);
        seens := seens || seen;
        CONTINUE WHEN NOT a.whole;
        -- one verdict for all of them
        verdict := 'ok'; failing := NULL; kind := NULL; used := NULL; held := NULL; maximum := NULL;
        FOR i IN 1 .. cardinality(seens) LOOP
            seen := seens[i];
            IF seen.short AND NOT a.last AND gateway.others_have(seen.holder, mine) THEN
                verdict := 'recall';
                IF NOT seen.recalled THEN PERFORM pg_notify('gateway', 'recall ' || seen.holder); END IF;
                seens[i].recalled := true;
            ELSIF seen.fails AND verdict = 'ok' THEN
                verdict := 'limit'; failing := seen.holder;
                SELECT l.kind, l.used, l.held, l.maximum INTO kind, used, held, maximum FROM (VALUES
                    ('rpm', (seen.rate).calls, 0, seen.maxima[1], seen.least[1]),
                    ('tpm', (seen.rate).tokens, 0, seen.maxima[2], seen.least[2]),
                    ('concurrency', seen.running, 0, seen.maxima[3], seen.least[3]),
                    ('tokens_per_day', (seen.day).tokens_spent, (seen.day).tokens_held, seen.maxima[4], seen.least[4]),
                    ('tokens_per_month', (seen.month).tokens_spent, (seen.month).tokens_held, seen.maxima[5], seen.least[4]),
                    ('usd_per_day', (seen.day).usd_nanos_spent, (seen.day).usd_nanos_held, seen.maxima[6], seen.least[5]),
                    ('usd_per_month', (seen.month).usd_nanos_spent, (seen.month).usd_nanos_held, seen.maxima[7], seen.least[5])
                ) AS l(kind, used, held, maximum, least)
                WHERE l.used + l.held + l.least > l.maximum AND l.least > 0
                ORDER BY l.kind NOT LIKE '%\_per\_%' DESC, l.used + l.least > l.maximum DESC, l.kind LIKE '%month' DESC, l.kind LIMIT 1;
            END IF;
        END LOOP;
        -- what of it is handed out
        FOREACH seen IN ARRAY seens LOOP
            loose := seen.loose; rate := seen.rate; share := seen.share; of_day := seen.of_day; day := seen.day; month := seen.month;
            IF verdict <> 'ok' THEN
                give := '{0,0,0,0,0}';
            ELSIF seen.short THEN
                SELECT array_agg(CASE WHEN coalesce(f.free, f.soft, f.shadow) IS NULL THEN 0
                        WHEN f.free IS NULL THEN f.ideal ELSE least(f.ideal, greatest(f.free, 0)) END ORDER BY f.n)
                    INTO give FROM unnest(seen.free, seen.ideal, gateway.left(seen.soft, seen.used), gateway.left(seen.shadow, seen.used))
                    WITH ORDINALITY AS f(free, ideal, soft, shadow, n);
            ELSE
                SELECT array_agg(CASE WHEN coalesce(f.free, f.soft, f.shadow) IS NULL THEN 0
                        ELSE greatest(f.ideal, least(f.most, f.free / 8, f.soft / 8, f.shadow / 8)) END ORDER BY f.n)
                    INTO give FROM unnest(seen.free, seen.ideal, seen.most, gateway.left(seen.soft, seen.used), gateway.left(seen.shadow, seen.used))
                    WITH ORDINALITY AS f(free, ideal, most, soft, shadow, n);
                loose := loose OR EXISTS (SELECT FROM unnest(give, seen.ideal) AS f(give, ideal) WHERE f.give > f.ideal);
            END IF;
            rate.calls := rate.calls + give[1]; rate.tokens := rate.tokens + give[2];
            share.calls_leased := share.calls_leased + give[1]; share.tokens_leased := share.tokens_leased + give[2];
            share.slots_leased := share.slots_leased + give[3];
            UPDATE quotas_rate r SET minute = rate.minute, calls = rate.calls, tokens = rate.tokens WHERE r.id = rate.id
                AND (r.minute, r.calls, r.tokens) IS DISTINCT FROM (rate.minute, rate.calls, rate.tokens);
            UPDATE quotas_share s SET minute = share.minute, calls_leased = share.calls_leased, calls_returned = share.calls_returned,
                tokens_leased = share.tokens_leased, tokens_returned = share.tokens_returned, tokens_over = share.tokens_over,
                slots_leased = share.slots_leased, slots_returned = share.slots_returned, loose = lease.loose WHERE s.id = share.id;
            IF day.id IS NOT NULL THEN
                day.tokens_held := day.tokens_held + give[4]; month.tokens_held := month.tokens_held + give[4];
                day.usd_nanos_held := day.usd_nanos_held + give[5]; month.usd_nanos_held := month.usd_nanos_held + give[5];
                of_day.tokens_leased := of_day.tokens_leased + give[4]; of_day.usd_nanos_leased := of_day.usd_nanos_leased + give[5];
                PERFORM gateway.hold(day, month);
                UPDATE quotas_lease l SET tokens_leased = of_day.tokens_leased, tokens_returned = of_day.tokens_returned,
                    usd_nanos_leased = of_day.usd_nanos_leased, usd_nanos_returned = of_day.usd_nanos_returned WHERE l.id = of_day.id;
            END IF;
            passed := NULL;
            IF verdict = 'ok' AND num_nonnulls(VARIADIC seen.soft || seen.shadow) > 0 THEN
                passed := gateway.pass(seen);
            END IF;
            ask := seen.ask; holder := seen.holder; recalled := seen.recalled; minute := rate.minute; rate_calls := rate.calls; rate_tokens := rate.tokens;
            left_ms := greatest(0, 1000 * (60 * (minute + 1) - extract(epoch FROM clock_timestamp())))::integer;
            leased := ARRAY[share.calls_leased, share.tokens_leased, share.slots_leased, coalesce(of_day.tokens_leased, 0), coalesce(of_day.usd_nanos_leased, 0)];
            RETURN NEXT;
        END LOOP;
        seens := '{}';
    END LOOP;
END $$;

-- What is left of each part under limits in the order of their kinds, with so much used and held of each; null where none limits it.
CREATE FUNCTION gateway.left(maxima bigint[], used bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[maxima[1] - used[1], maxima[2] - used[2], maxima[3] - used[3],
        least(maxima[4] - used[4], maxima[5] - used[5]), least(maxima[6] - used[6], maxima[7] - used[7])]
$$;

-- Count a call that goes on beyond soft and shadow limits; the soft ones among them.
CREATE FUNCTION gateway.pass(seen gateway.looked) RETURNS text[] LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE found text[];
BEGIN
    WITH beyond AS (
        SELECT k.kind, m.mode FROM unnest(
            ARRAY['rpm', 'tpm', 'concurrency', 'tokens_per_day', 'tokens_per_month', 'usd_per_day', 'usd_per_month'],
            ARRAY[1, 2, 3, 4, 4, 5, 5], seen.used, seen.soft, seen.shadow) AS k(kind, part, used, soft, shadow)
        CROSS JOIN LATERAL (VALUES ('soft', k.soft), ('shadow', k.shadow)) AS m(mode, maximum)
        WHERE seen.least[k.part] > 0 AND k.used + seen.least[k.part] > m.maximum
    ), counted AS (
        INSERT INTO quotas_passed AS p (holder_id, kind, mode, day, calls)
        SELECT seen.holder, kind, mode, quotas_begins('day', now()), 1 FROM beyond
        ON CONFLICT (holder_id, kind, mode, day) DO UPDATE SET calls = p.calls + 1
    )
    SELECT array_agg(kind) FILTER (WHERE mode = 'soft') INTO found FROM beyond;
    RETURN found;
END $$;

-- Where asks are of several holders, every row that they need is locked first, in the order in which booking locks windows.
CREATE FUNCTION gateway.lock_all(asks jsonb) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE a record;
BEGIN
    INSERT INTO quotas_rate (holder_id, minute, calls, tokens)
        SELECT DISTINCT (c ->> 'holder')::bigint, 0, 0, 0 FROM jsonb_array_elements(asks) AS c ORDER BY 1 ON CONFLICT DO NOTHING;
    PERFORM FROM quotas_rate WHERE holder_id IN (SELECT (c ->> 'holder')::bigint FROM jsonb_array_elements(asks) AS c)
        ORDER BY holder_id FOR UPDATE;
    FOR a IN
        SELECT DISTINCT c.holder, p.period, CASE p.period WHEN 'day' THEN c.day ELSE quotas_begins('month', c.day) END AS starts_at
        FROM jsonb_to_recordset(asks) AS c(holder bigint, day timestamptz, maxima bigint[], soft bigint[], shadow bigint[], returned bigint[])
        CROSS JOIN (VALUES ('day'), ('month')) AS p(period)
        WHERE c.day IS NOT NULL AND (num_nonnulls(VARIADIC c.maxima[4:7] || c.soft[4:7] || c.shadow[4:7]) > 0 OR c.returned[4] > 0 OR c.returned[5] > 0)
        ORDER BY 1, 2, 3
    LOOP
        PERFORM gateway.lock_window(a.holder, a.period, a.starts_at);
    END LOOP;
END $$;

-- The window's row, locked; made where it is missing.
CREATE FUNCTION gateway.lock_window(of bigint, named text, starts timestamptz) RETURNS public.quotas_window LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE found_row quotas_window;
BEGIN
    SELECT * INTO found_row FROM quotas_window WHERE holder_id = of AND period = named AND starts_at = starts FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO quotas_window (holder_id, period, starts_at, tokens_spent, tokens_held, usd_nanos_spent, usd_nanos_held)
            VALUES (of, named, starts, 0, 0, 0, 0) ON CONFLICT DO NOTHING;
        SELECT * INTO found_row FROM quotas_window WHERE holder_id = of AND period = named AND starts_at = starts FOR UPDATE;
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
        SELECT w.id FROM quotas_window w JOIN (VALUES ('day', of_day), ('month', quotas_begins('month', of_day))) AS p(period, starts_at)
            USING (period, starts_at)
        WHERE w.holder_id = of ORDER BY w.period FOR UPDATE OF w
    )
    UPDATE quotas_window w SET tokens_held = w.tokens_held - tokens, usd_nanos_held = w.usd_nanos_held - usd_nanos
    FROM locked WHERE w.id = locked.id AND (tokens, usd_nanos) <> (0, 0)
$$;

-- Book finished calls. `used`: per holder and day, how much of its slice the process has used up so far, these calls
-- included: [{holder, day, tokens, usd_nanos}]. With `closing`, the spool of that name has been read to its end: whatever
-- its process still leases goes back in the same transaction, but for the slots of its `orphans`, the calls that ran when it
-- died: [{grant_id, team_id, application_id, key_id}].
CREATE FUNCTION gateway.ship(told json, mine text, used jsonb DEFAULT '[]', closing text DEFAULT NULL, orphans jsonb DEFAULT '[]',
    OUT accepted bigint, OUT duplicate bigint, OUT conflicting text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE u record;
BEGIN
    SELECT t.accepted, t.duplicate, t.conflicting INTO accepted, duplicate, conflicting
        FROM usage_take_in(ARRAY(SELECT r FROM json_populate_recordset(NULL::usage_incoming, told) AS r)) AS t;
    FOR u IN
        SELECT l.id, l.holder_id, l.day, c.tokens, c.usd_nanos,
            greatest(0, least(c.tokens, l.tokens_leased - l.tokens_returned) - l.tokens_shipped) AS tokens_more,
            greatest(0, least(c.usd_nanos, l.usd_nanos_leased - l.usd_nanos_returned) - l.usd_nanos_shipped) AS usd_nanos_more
        FROM jsonb_to_recordset(used) AS c(holder bigint, day timestamptz, tokens bigint, usd_nanos bigint)
        JOIN quotas_lease l ON l.spool = mine AND l.holder_id = c.holder AND l.day = c.day ORDER BY l.holder_id, l.day
    LOOP
        PERFORM gateway.free(u.holder_id, u.day, u.tokens_more, u.usd_nanos_more);
        UPDATE quotas_lease l SET tokens_shipped = l.tokens_shipped + u.tokens_more, usd_nanos_shipped = l.usd_nanos_shipped + u.usd_nanos_more
            WHERE l.id = u.id;
    END LOOP;
    IF closing IS NOT NULL THEN
        PERFORM gateway.free(g.holder_id, g.day, g.tokens, g.usd_nanos) FROM (
            SELECT l.holder_id, l.day, l.tokens_leased - l.tokens_returned - l.tokens_shipped AS tokens,
                l.usd_nanos_leased - l.usd_nanos_returned - l.usd_nanos_shipped AS usd_nanos
            FROM quotas_lease l WHERE l.spool = closing ORDER BY l.holder_id, l.day) AS g;
        DELETE FROM gateway.orphaned WHERE until < now();
        INSERT INTO gateway.orphaned (holder_id, calls, until)
        SELECT s.holder_id, least(count(*), s.slots_leased - s.slots_returned), p.seen_at + interval '60 s'
        FROM jsonb_to_recordset(orphans) AS o(grant_id bigint, team_id bigint, application_id bigint, key_id bigint)
        JOIN quotas_share s ON s.spool = closing AND s.slots_leased > s.slots_returned JOIN usage_shipper p ON p.spool = closing
        LEFT JOIN levels_level l ON l.id = -s.holder_id
        WHERE s.holder_id = o.grant_id OR l.scope = 'organisation' OR l.team_id = o.team_id OR l.scope = 'key' AND l.key_id = o.key_id
            OR l.grant_id = o.grant_id AND (l.application_id = o.application_id OR l.key_id = o.key_id)
        GROUP BY s.holder_id, s.slots_leased, s.slots_returned, p.seen_at;
        DELETE FROM quotas_lease l WHERE l.spool = closing;
        DELETE FROM quotas_share s WHERE s.spool = closing;
        DELETE FROM usage_shipper p WHERE p.spool = closing;
    END IF;
END $$;

-- The word under which a call with this tag is counted: the tag, or `other` when its team has enough of them today.
CREATE FUNCTION gateway.tag(of bigint, today date, told text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM usage_tag WHERE team_id = of AND day = today AND tag = told;
    IF FOUND THEN RETURN told; END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('usage_tag', of));
    INSERT INTO usage_tag (team_id, day, tag) SELECT of, today, told
        WHERE (SELECT count(*) FROM usage_tag WHERE team_id = of AND day = today) < 100 ON CONFLICT DO NOTHING;
    DELETE FROM usage_tag WHERE team_id = of AND day < today - 1;
    PERFORM FROM usage_tag WHERE team_id = of AND day = today AND tag = told;
    RETURN CASE WHEN FOUND THEN told ELSE 'other' END;
END $$;

-- A process says that it lives, how far its spool is behind, up to which version it has forgotten what it knew, and which
-- hosts it leaves alone.
CREATE FUNCTION gateway.beat(named text, behind integer, oldest double precision, known bigint, alone bigint[] DEFAULT '{}')
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO usage_shipper AS s (spool, started_at, seen_at, waiting, oldest_s, version, resting)
        VALUES (named, now(), now(), behind, oldest, known, alone)
    ON CONFLICT (spool) DO UPDATE SET seen_at = now(), waiting = excluded.waiting, oldest_s = excluded.oldest_s,
        version = excluded.version, resting = excluded.resting;
    DELETE FROM quotas_lease WHERE spool = named AND day < now() - interval '3 days'
        AND tokens_leased = tokens_returned + tokens_shipped AND usd_nanos_leased = usd_nanos_returned + usd_nanos_shipped;
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA gateway FROM PUBLIC;
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'foundry_gateway') THEN
        GRANT USAGE ON SCHEMA gateway TO foundry_gateway;
        GRANT SELECT ON gateway.key, gateway.route TO foundry_gateway;
        GRANT EXECUTE ON FUNCTION gateway.version(), gateway.offered(text), gateway.used(bigint[], timestamptz),
            gateway.users(bigint[], timestamptz), gateway.recall(text, bigint[]), gateway.lease(jsonb), gateway.ship(json, text, jsonb, text, jsonb),
            gateway.beat(text, integer, double precision, bigint, bigint[]), gateway.tag(bigint, date, text), gateway.periods(timestamptz, integer)
            TO foundry_gateway;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'foundry_app') THEN  -- the console explains what a gateway would say
        GRANT USAGE ON SCHEMA gateway TO foundry_app;
        GRANT SELECT ON gateway.key, gateway.route, gateway.changed TO foundry_app;
        GRANT EXECUTE ON FUNCTION gateway.offered(text), gateway.used(bigint[], timestamptz), gateway.users(bigint[], timestamptz),
            gateway.periods(timestamptz, integer) TO foundry_app;
    END IF;
END $$;
