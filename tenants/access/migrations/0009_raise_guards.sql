-- Raises: an approver's, never of their own team's grant or their own request; a team owner's, within the rules and
-- reviewed by somebody outside the team. A raise lies over what was granted and ends by itself.

INSERT INTO access_raiserules (days_at_most, keeps_headroom, glass_hours_at_most, glass_percent_at_most, glass_per_month,
    review_within_days, set_at) VALUES (31, true, 8, 200, 2, 2, '2026-01-01 00:00:00+00');

CREATE TRIGGER access_raiserules_unchanged BEFORE UPDATE OR DELETE ON access_raiserules
    FOR EACH ROW EXECUTE FUNCTION access_refuse_change();
CREATE TRIGGER access_raiserules_not_emptied BEFORE TRUNCATE ON access_raiserules
    FOR EACH STATEMENT EXECUTE FUNCTION access_refuse_change();

CREATE FUNCTION access_is_approver(person bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM people_siterole WHERE user_id = person AND role IN ('admin', 'security', 'finance'))
$$;

CREATE FUNCTION access_guard_raise() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE granted access_grant; laid access_raiserules;
BEGIN
    SELECT * INTO granted FROM access_grant WHERE id = NEW.grant_id FOR UPDATE;
    IF NEW.ended_at IS NOT NULL OR NEW.reviewed_at IS NOT NULL
    THEN PERFORM access_refuse('a raise starts running and not reviewed; history is not made up'); END IF;
    IF granted.revoked_at IS NOT NULL OR granted.suspended_at IS NOT NULL OR NEW.at < granted.starts_at OR NEW.ends_at > granted.ends_at
    THEN PERFORM access_refuse('only a live grant is raised, and within its dates'); END IF;
    SELECT * INTO laid FROM access_raiserules ORDER BY id DESC LIMIT 1;
    IF NEW.rules_id <> laid.id THEN PERFORM access_refuse('a raise is made under the rules in force'); END IF;
    IF NEW.limits = '{}' OR EXISTS (
        SELECT FROM jsonb_each_text(NEW.limits) AS w WHERE NOT EXISTS (
            SELECT FROM access_limit l WHERE l.grant_id = NEW.grant_id AND l.kind = w.key AND l.ends_at IS NULL
                AND l.maximum < w.value::numeric
                AND (NEW.kind <> 'break_glass' OR w.value::numeric <= l.maximum::numeric * laid.glass_percent_at_most / 100))
    ) THEN PERFORM access_refuse('a raise is above what was granted, and a team''s own within the rules'); END IF;
    IF NEW.kind = 'raise' THEN
        IF NOT (access_is_approver(NEW.by_id)
            OR EXISTS (SELECT FROM access_offerowner WHERE user_id = NEW.by_id AND offer_id = granted.offer_id))
        THEN PERFORM access_refuse('an approver or the offer''s owner raises a grant'); END IF;
        IF EXISTS (SELECT FROM teams_membership WHERE user_id = NEW.by_id AND team_id = granted.team_id)
            OR EXISTS (SELECT FROM access_request r JOIN access_decision d ON d.request_id = r.id
                WHERE r.requester_id = NEW.by_id AND (r.id = granted.request_id OR d.id = granted.decision_id))
        THEN PERFORM access_refuse('nobody raises what is their own'); END IF;
        IF NEW.ends_at > NEW.at + laid.days_at_most * interval '1 day'
        THEN PERFORM access_refuse('a raise ends within the days of the rules'); END IF;
    ELSE
        IF NOT EXISTS (SELECT FROM teams_membership WHERE user_id = NEW.by_id AND team_id = granted.team_id AND role = 'owner')
        THEN PERFORM access_refuse('an owner of the team breaks the glass'); END IF;
        IF NEW.ends_at > NEW.at + laid.glass_hours_at_most * interval '1 hour'
        THEN PERFORM access_refuse('a broken glass lasts the hours of the rules'); END IF;
        IF laid.glass_per_month <= (SELECT count(*) FROM access_raise WHERE grant_id = NEW.grant_id AND kind = 'break_glass'
            AND date_trunc('month', at, 'UTC') = date_trunc('month', NEW.at, 'UTC'))
        THEN PERFORM access_refuse('the glass was broken as often as the rules allow this month'); END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_raise_guard BEFORE INSERT ON access_raise FOR EACH ROW EXECUTE FUNCTION access_guard_raise();

-- A raise is ended once, and reviewed once by an approver outside the team; all else stays.
CREATE FUNCTION access_guard_raise_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.grant_id, NEW.kind, NEW.limits, NEW.by_id, NEW.at, NEW.ends_at, NEW.reason, NEW.rules_id, NEW.review_due_at)
        IS DISTINCT FROM (OLD.grant_id, OLD.kind, OLD.limits, OLD.by_id, OLD.at, OLD.ends_at, OLD.reason, OLD.rules_id, OLD.review_due_at)
    THEN PERFORM access_refuse('a raise is ended or reviewed, never rewritten'); END IF;
    IF OLD.ended_at IS NOT NULL AND (NEW.ended_at, NEW.ended_by_id) IS DISTINCT FROM (OLD.ended_at, OLD.ended_by_id)
    THEN PERFORM access_refuse('a raise is ended once'); END IF;
    IF (NEW.reviewed_at, NEW.reviewed_by_id, NEW.justified, NEW.finding)
        IS DISTINCT FROM (OLD.reviewed_at, OLD.reviewed_by_id, OLD.justified, OLD.finding) THEN
        IF OLD.reviewed_at IS NOT NULL THEN PERFORM access_refuse('a review is written once'); END IF;
        IF NOT access_is_approver(NEW.reviewed_by_id) OR NEW.reviewed_by_id = NEW.by_id OR EXISTS (
            SELECT FROM teams_membership m JOIN access_grant g ON g.team_id = m.team_id
            WHERE g.id = NEW.grant_id AND m.user_id = NEW.reviewed_by_id)
        THEN PERFORM access_refuse('an approver outside the team reviews a broken glass'); END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_raise_change_guard BEFORE UPDATE ON access_raise FOR EACH ROW EXECUTE FUNCTION access_guard_raise_change();
CREATE TRIGGER access_raise_kept BEFORE DELETE ON access_raise FOR EACH ROW EXECUTE FUNCTION access_refuse_change();
CREATE TRIGGER access_raise_not_emptied BEFORE TRUNCATE ON access_raise FOR EACH STATEMENT EXECUTE FUNCTION access_refuse_change();

-- Limits as before; a row that carries out a raise has the raise's own dates and size, and can only end sooner.
CREATE OR REPLACE FUNCTION access_guard_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.raised_id IS NOT NULL THEN
            IF NOT EXISTS (
                SELECT FROM access_raise r JOIN access_grant g ON g.id = r.grant_id WHERE r.id = NEW.raised_id
                    AND r.grant_id = NEW.grant_id AND g.decision_id = NEW.decision_id AND r.at = NEW.starts_at
                    AND r.ends_at = NEW.ends_at AND (r.limits ->> NEW.kind)::numeric = NEW.maximum AND r.ended_at IS NULL
            ) OR EXISTS (SELECT FROM access_limit WHERE raised_id = NEW.raised_id AND kind = NEW.kind)
            THEN PERFORM access_refuse('nobody raised this limit so'); END IF;
        ELSIF NEW.ends_at IS NOT NULL THEN PERFORM access_refuse('a limit starts open; history is not made up'); END IF;
        RETURN NEW;
    END IF;
    IF (NEW.grant_id, NEW.kind, NEW.maximum, NEW.starts_at, NEW.decision_id, NEW.raised_id)
        IS DISTINCT FROM (OLD.grant_id, OLD.kind, OLD.maximum, OLD.starts_at, OLD.decision_id, OLD.raised_id)
        OR (OLD.ends_at IS NOT NULL AND (OLD.raised_id IS NULL OR NEW.ends_at IS NULL OR NEW.ends_at > OLD.ends_at))
    THEN PERFORM access_refuse('a limit is closed and followed by another, never edited'); END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION access_check_limits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE gid bigint; decided bigint; decided_at timestamptz; wanted jsonb; held jsonb;
BEGIN
    gid := CASE TG_TABLE_NAME WHEN 'access_grant' THEN (to_jsonb(NEW) ->> 'id')::bigint ELSE (to_jsonb(NEW) ->> 'grant_id')::bigint END;
    SELECT g.decision_id, d.granted, d.at INTO decided, wanted, decided_at
        FROM access_grant g JOIN access_decision d ON d.id = g.decision_id WHERE g.id = gid;
    SELECT coalesce(jsonb_object_agg(kind, maximum), '{}') INTO held
        FROM access_limit WHERE grant_id = gid AND ends_at IS NULL AND decision_id = decided;
    IF held IS DISTINCT FROM wanted OR EXISTS (
        SELECT FROM access_limit WHERE grant_id = gid AND raised_id IS NULL AND (
            (ends_at IS NULL AND decision_id <> decided) OR ends_at > decided_at OR (decision_id = decided AND starts_at < decided_at)
        )
    ) THEN PERFORM access_refuse('the limits of a grant are exactly what its decision granted'); END IF;
    IF EXISTS (
        SELECT FROM access_limit r WHERE r.grant_id = gid AND r.raised_id IS NOT NULL AND r.starts_at < decided_at AND r.ends_at > decided_at
            AND NOT EXISTS (SELECT FROM access_limit b WHERE b.grant_id = gid AND b.kind = r.kind AND b.ends_at IS NULL AND b.maximum < r.maximum)
    ) THEN PERFORM access_refuse('a raise is above what is granted now'); END IF;
    RETURN NULL;
END $$;

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'foundry_app') THEN
        REVOKE DELETE, TRUNCATE ON access_raise FROM foundry_app;
        REVOKE UPDATE, DELETE, TRUNCATE ON access_raiserules FROM foundry_app;
    END IF;
END $$;
