-- What grants were and what blocked them, rebuilt from decisions and from the audit; then guarded: rows are closed once,
-- never rewritten or deleted, and a grant is always what its current span says.

INSERT INTO access_span (grant_id, decision_id, data_class, terms_id, ends_at, since, until)
SELECT g.id, d.id, r.data_class, g.terms_id, CASE WHEN d.id = g.decision_id THEN g.ends_at ELSE d.ends_at END, d.at,
    lead(d.at) OVER (PARTITION BY g.id ORDER BY d.at, d.id)
FROM access_grant g
JOIN access_request r ON r.state = 'approved' AND (r.id = g.request_id OR (
    r.grant_id = g.id AND NOT EXISTS (SELECT FROM access_grant o WHERE o.request_id = r.id)))
JOIN access_step s ON s.request_id = r.id AND s.position = (SELECT max(position) FROM access_step WHERE request_id = r.id)
JOIN access_decision d ON d.step_id = s.id;

INSERT INTO access_block (team_id, grant_id, kind, why, since, by_id, until, ended_by_id)
SELECT g.team_id, g.id, 'grant', g.suspended_why, g.suspended_at,
    (SELECT e.actor_id FROM audit_entry e WHERE e.verb = 'grant.suspend' AND e.object_id = g.id::text ORDER BY e.seq DESC LIMIT 1),
    NULL, NULL
FROM access_grant g WHERE g.suspended_at IS NOT NULL
UNION ALL
SELECT g.team_id, g.id, 'grant', b.was ->> 'reason', (b.was ->> 'suspended_at')::timestamptz,
    (SELECT e.actor_id FROM audit_entry e WHERE e.verb = 'grant.suspend' AND e.object_id = l.object_id AND e.seq < l.seq ORDER BY e.seq DESC LIMIT 1),
    l.occurred_at, l.actor_id
FROM audit_entry l JOIN access_grant g ON g.id::text = l.object_id
CROSS JOIN LATERAL (SELECT convert_from(l.body, 'UTF8')::jsonb -> 'before' AS was) AS b
WHERE l.verb = 'grant.resume' AND b.was ? 'suspended_at';

SET CONSTRAINTS ALL IMMEDIATE;

CREATE FUNCTION access_guard_span() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.until IS NOT NULL THEN PERFORM access_refuse('a span starts open; history is not made up'); END IF;
        RETURN NEW;
    END IF;
    IF OLD.until IS NOT NULL OR (NEW.grant_id, NEW.decision_id, NEW.data_class, NEW.terms_id, NEW.ends_at, NEW.since)
        IS DISTINCT FROM (OLD.grant_id, OLD.decision_id, OLD.data_class, OLD.terms_id, OLD.ends_at, OLD.since)
    THEN PERFORM access_refuse('a span is closed and followed by another, never edited'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_span_guard BEFORE INSERT OR UPDATE ON access_span FOR EACH ROW EXECUTE FUNCTION access_guard_span();

-- At commit: one open span, equal to the grant, beside the one before it without a gap.
CREATE FUNCTION access_check_span() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE gid bigint;
BEGIN
    gid := CASE TG_TABLE_NAME WHEN 'access_grant' THEN (to_jsonb(NEW) ->> 'id')::bigint ELSE (to_jsonb(NEW) ->> 'grant_id')::bigint END;
    IF NOT EXISTS (
        SELECT FROM access_span s JOIN access_grant g ON g.id = s.grant_id WHERE g.id = gid AND s.until IS NULL
          AND (s.decision_id, s.data_class, s.ends_at) = (g.decision_id, g.data_class, g.ends_at) AND s.terms_id IS NOT DISTINCT FROM g.terms_id
          AND s.since = coalesce((SELECT max(until) FROM access_span WHERE grant_id = gid), g.starts_at)
    ) THEN PERFORM access_refuse('a grant is what its current span says'); END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER access_grant_span AFTER INSERT OR UPDATE OF decision_id, data_class, terms_id, ends_at ON access_grant
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION access_check_span();
CREATE CONSTRAINT TRIGGER access_span_grant AFTER INSERT OR UPDATE ON access_span
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION access_check_span();

CREATE FUNCTION access_guard_block() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.until IS NOT NULL THEN PERFORM access_refuse('a block starts open; history is not made up'); END IF;
        IF NEW.grant_id IS NOT NULL AND NOT EXISTS (SELECT FROM access_grant WHERE id = NEW.grant_id AND team_id = NEW.team_id)
        THEN PERFORM access_refuse('the blocked grant is of another team'); END IF;
        RETURN NEW;
    END IF;
    IF OLD.until IS NOT NULL OR NEW.until IS NULL OR NEW.ended_by_id IS NULL
        OR (NEW.team_id, NEW.grant_id, NEW.kind, NEW.why, NEW.since, NEW.by_id)
        IS DISTINCT FROM (OLD.team_id, OLD.grant_id, OLD.kind, OLD.why, OLD.since, OLD.by_id)
    THEN PERFORM access_refuse('a block is lifted once, by somebody, and never edited'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_block_guard BEFORE INSERT OR UPDATE ON access_block FOR EACH ROW EXECUTE FUNCTION access_guard_block();

DO $$
DECLARE kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['access_span', 'access_block'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION access_refuse_change()', kept || '_kept', kept);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION access_refuse_change()', kept || '_not_emptied', kept);
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'foundry_app') THEN
        REVOKE DELETE, TRUNCATE ON access_span, access_block FROM foundry_app;
    END IF;
END $$;

-- As before, with blocks as rows: also those of the whole team.
CREATE OR REPLACE FUNCTION access_guard_raise() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE granted access_grant; laid access_raiserules;
BEGIN
    SELECT * INTO granted FROM access_grant WHERE id = NEW.grant_id FOR UPDATE;
    IF NEW.ended_at IS NOT NULL OR NEW.reviewed_at IS NOT NULL
    THEN PERFORM access_refuse('a raise starts running and not reviewed; history is not made up'); END IF;
    IF granted.revoked_at IS NOT NULL OR EXISTS (
        SELECT FROM access_block b WHERE b.team_id = granted.team_id AND (b.grant_id = granted.id OR b.grant_id IS NULL) AND b.until IS NULL
    ) OR NEW.at < granted.starts_at OR NEW.ends_at > granted.ends_at
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
