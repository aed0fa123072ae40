-- When budgets' days and months begin. A row says from when on another zone or another first day counts; before the
-- first one it is UTC and the first. Rows begin in the future and are never changed, so that a moment that has passed
-- is in the same day and month for ever.

-- The first instant at which clocks of the zone show that time or, where they jump over it, a later one.
CREATE FUNCTION quotas_first(wall timestamp, zone text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(min(c.at) FILTER (WHERE c.at AT TIME ZONE zone = wall), wall AT TIME ZONE zone)
    FROM (VALUES (0), (30), (60), (120)) AS m(minutes)
    CROSS JOIN LATERAL (SELECT (wall AT TIME ZONE zone) - make_interval(mins => m.minutes) AS at) AS c
$$;

CREATE OR REPLACE FUNCTION quotas_begins(period text, at timestamptz) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE rule quotas_calendar; wall timestamp; shift interval; begins timestamptz; before timestamptz;
BEGIN
    SELECT * INTO rule FROM quotas_calendar c WHERE c.from_at <= at AND c.withdrawn_at IS NULL ORDER BY c.from_at DESC LIMIT 1;
    IF NOT FOUND THEN RETURN date_trunc(period, at, 'UTC'); END IF;
    wall := at AT TIME ZONE rule.zone;
    -- greatest: a law may move the midnight with which the rule was planned to begin
    IF period = 'day' THEN RETURN greatest(rule.from_at, quotas_first(date_trunc('day', wall), rule.zone)); END IF;
    shift := make_interval(days => rule.first_day - 1);
    begins := quotas_first(date_trunc('month', wall - shift) + shift, rule.zone);
    IF begins > rule.from_at THEN RETURN begins; END IF;
    -- the month that had begun when the rule came goes on until the rule's next one, unless it was as good as over
    before := quotas_begins('month', rule.from_at - interval '1 microsecond');
    RETURN CASE WHEN begins = rule.from_at AND rule.from_at - before >= interval '26 days' THEN begins ELSE before END;
END $$;

CREATE FUNCTION quotas_ends(period text, at timestamptz) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE rule quotas_calendar; wall timestamp; shift interval; ends timestamptz; change timestamptz;
BEGIN
    SELECT * INTO rule FROM quotas_calendar c WHERE c.from_at <= at AND c.withdrawn_at IS NULL ORDER BY c.from_at DESC LIMIT 1;
    SELECT min(c.from_at) INTO change FROM quotas_calendar c WHERE c.from_at > at AND c.withdrawn_at IS NULL;
    wall := at AT TIME ZONE coalesce(rule.zone, 'UTC');
    IF period = 'day' THEN
        RETURN least(change, quotas_first(date_trunc('day', wall) + interval '1 day', coalesce(rule.zone, 'UTC')));
    END IF;
    shift := make_interval(days => coalesce(rule.first_day, 1) - 1);
    ends := quotas_first(date_trunc('month', wall - shift) + interval '1 month' + shift, coalesce(rule.zone, 'UTC'));
    IF ends < change OR change IS NULL THEN RETURN ends; END IF;
    IF quotas_begins('month', change) = change THEN RETURN change; END IF;
    RETURN quotas_ends('month', change);
END $$;

CREATE FUNCTION quotas_calendar_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'quotas_calendar: a row is never deleted' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('quotas_calendar', 0));
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - 'withdrawn_at' - 'withdrawn_by_id' IS DISTINCT FROM to_jsonb(OLD) - 'withdrawn_at' - 'withdrawn_by_id'
            OR OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL THEN
            RAISE EXCEPTION 'quotas_calendar: a row is only ever withdrawn, once' USING ERRCODE = 'check_violation';
        END IF;
        IF OLD.from_at < clock_timestamp() + interval '1 hour' THEN
            RAISE EXCEPTION 'quotas_calendar: what begins within an hour stays' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.withdrawn_at IS NOT NULL OR NEW.from_at < clock_timestamp() + interval '1 hour' THEN
        RAISE EXCEPTION 'quotas_calendar: it begins at least an hour ahead' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM quotas_calendar c WHERE c.withdrawn_at IS NULL AND c.from_at > clock_timestamp()) THEN
        RAISE EXCEPTION 'quotas_calendar: another change is planned' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = NEW.zone) THEN
        RAISE EXCEPTION 'quotas_calendar: no such zone' USING ERRCODE = 'check_violation';
    END IF;
    IF quotas_first(date_trunc('day', NEW.from_at AT TIME ZONE NEW.zone), NEW.zone) <> NEW.from_at
        OR extract(epoch FROM NEW.from_at)::numeric % 900 <> 0 THEN
        RAISE EXCEPTION 'quotas_calendar: it begins with a day of its zone' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER quotas_calendar_guard BEFORE INSERT OR UPDATE OR DELETE ON quotas_calendar
    FOR EACH ROW EXECUTE FUNCTION quotas_calendar_guard();
CREATE TRIGGER quotas_calendar_not_emptied BEFORE TRUNCATE ON quotas_calendar
    FOR EACH STATEMENT EXECUTE FUNCTION access_refuse_change();
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'foundry_app') THEN
        REVOKE DELETE, TRUNCATE ON quotas_calendar FROM foundry_app;
    END IF;
END $$;
