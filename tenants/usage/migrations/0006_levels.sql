-- What is charged to levels beside grants. Booking and the making of a level exclude each other, so that a level's
-- windows begin with exactly what is booked, and everything that comes later is added.
CREATE FUNCTION quotas_begins(period text, at timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT date_trunc(period, at, 'UTC')
$$;

-- What is booked of a level since that moment: whole hours, and the events of the hour that it cuts.
CREATE FUNCTION levels_booked(l levels_level, since timestamptz, OUT tokens bigint, OUT usd_nanos bigint) LANGUAGE sql STABLE AS $$
    WITH counted AS (
        SELECT team_id, application_id, key_id, grant_id, tokens_in + tokens_out AS tokens, cost_nanos
        FROM usage_hour WHERE hour >= since
        UNION ALL
        SELECT team_id, application_id, key_id, grant_id, tokens_in + tokens_out, cost_nanos FROM usage_event
        WHERE started_at >= since AND started_at < date_trunc('hour', since + interval '1 hour' - interval '1 microsecond')
    )
    SELECT coalesce(sum(c.tokens), 0)::bigint, coalesce(sum(c.cost_nanos), 0)::bigint FROM counted c
    WHERE l.scope = 'organisation' OR l.team_id = c.team_id OR l.scope = 'key' AND l.key_id = c.key_id
        OR l.grant_id = c.grant_id AND (l.application_id = c.application_id OR l.key_id = c.key_id)
$$;

CREATE FUNCTION levels_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('levels', 0));
    INSERT INTO quotas_window (holder_id, period, starts_at, tokens_spent, usd_nanos_spent, tokens_held, usd_nanos_held)
    SELECT -NEW.id, p.period, quotas_begins(p.period, now()), b.tokens, b.usd_nanos, 0, 0
    FROM (VALUES ('day'), ('month')) AS p(period) CROSS JOIN LATERAL levels_booked(NEW, quotas_begins(p.period, now())) AS b;
    RETURN NULL;
END $$;
CREATE TRIGGER levels_begin AFTER INSERT ON levels_level FOR EACH ROW EXECUTE FUNCTION levels_begin();
