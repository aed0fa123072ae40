-- What must never be, refused by the database itself: a decision by the requester, a grant without its
-- decisions, limits that nobody decided, history that changes. Application code checks the same first,
-- to say it kindly; these checks hold for raw SQL too.

CREATE FUNCTION access_refuse(why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', why USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION access_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % refused: history is kept', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

-- Requests: what was asked, by whom, never changes; a closed request stays closed.
CREATE FUNCTION access_guard_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'open' THEN PERFORM access_refuse('a request starts open'); END IF;
        IF NOT EXISTS (SELECT FROM teams_application WHERE id = NEW.application_id AND team_id = NEW.team_id) THEN
            PERFORM access_refuse('the application belongs to another team');
        END IF;
        IF NEW.grant_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM access_grant WHERE id = NEW.grant_id AND team_id = NEW.team_id AND offer_id = NEW.offer_id
        ) THEN PERFORM access_refuse('the grant to change is of another team or offer'); END IF;
        RETURN NEW;
    END IF;
    IF (NEW.team_id, NEW.offer_id, NEW.application_id, NEW.grant_id, NEW.requester_id, NEW.purpose, NEW.data_class,
        NEW.asked, NEW.ends_on, NEW.terms_id, NEW.created_at)
        IS DISTINCT FROM
       (OLD.team_id, OLD.offer_id, OLD.application_id, OLD.grant_id, OLD.requester_id, OLD.purpose, OLD.data_class,
        OLD.asked, OLD.ends_on, OLD.terms_id, OLD.created_at)
    THEN PERFORM access_refuse('what was asked cannot be changed; withdraw the request and ask anew'); END IF;
    IF NEW.state <> OLD.state AND OLD.state <> 'open' THEN PERFORM access_refuse('a closed request stays closed'); END IF;
    IF NEW.state = 'approved' AND OLD.state = 'open' AND (
        NOT EXISTS (SELECT FROM access_step WHERE request_id = NEW.id)
        OR EXISTS (
            SELECT FROM access_step s LEFT JOIN access_decision d ON d.step_id = s.id
            WHERE s.request_id = NEW.id AND d.outcome IS DISTINCT FROM 'approved'
        )
    ) THEN PERFORM access_refuse('a request is approved when each of its steps is'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_request_guard BEFORE INSERT OR UPDATE ON access_request
    FOR EACH ROW EXECUTE FUNCTION access_guard_request();

-- Steps are laid down with the request and stay.
CREATE FUNCTION access_guard_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.request_id, NEW.position, NEW.role) IS DISTINCT FROM (OLD.request_id, OLD.position, OLD.role)
    THEN PERFORM access_refuse('a step keeps its request, place and role'); END IF;
    IF TG_OP = 'INSERT' AND (SELECT state FROM access_request WHERE id = NEW.request_id) <> 'open'
    THEN PERFORM access_refuse('a closed request takes no more steps'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_step_guard BEFORE INSERT OR UPDATE ON access_step
    FOR EACH ROW EXECUTE FUNCTION access_guard_step();

-- Decisions: not by the requester, in order, on an open request, once.
CREATE FUNCTION access_guard_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE asked access_request; step access_step;
BEGIN
    SELECT * INTO asked FROM access_request WHERE id = NEW.request_id FOR UPDATE;
    SELECT * INTO step FROM access_step WHERE id = NEW.step_id;
    IF step.request_id IS DISTINCT FROM NEW.request_id THEN PERFORM access_refuse('the step belongs to another request'); END IF;
    IF asked.requester_id IS NOT DISTINCT FROM NEW.by_id THEN PERFORM access_refuse('nobody decides on their own request'); END IF;
    IF asked.state IS DISTINCT FROM 'open' THEN PERFORM access_refuse('the request is closed'); END IF;
    IF NOT EXISTS (SELECT FROM people_siterole WHERE user_id = NEW.by_id AND role = step.role)
    THEN PERFORM access_refuse('the step is for another role'); END IF;
    IF EXISTS (
        SELECT FROM access_step s LEFT JOIN access_decision d ON d.step_id = s.id
        WHERE s.request_id = NEW.request_id AND s.position < step.position AND d.outcome IS DISTINCT FROM 'approved'
    ) THEN PERFORM access_refuse('an earlier step is not approved'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_decision_guard BEFORE INSERT ON access_decision
    FOR EACH ROW EXECUTE FUNCTION access_guard_decision();

-- Does this decision allow this grant? The last approval of an approved request that opened or changes it.
CREATE FUNCTION access_decision_fits(decided bigint, granted access_grant) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM access_decision d
        JOIN access_step s ON s.id = d.step_id
        JOIN access_request r ON r.id = d.request_id
        WHERE d.id = decided AND d.outcome = 'approved' AND r.state = 'approved' AND d.by_id <> r.requester_id
          AND s.position = (SELECT max(position) FROM access_step WHERE request_id = r.id)
          AND r.team_id = granted.team_id AND r.offer_id = granted.offer_id
          AND (r.id = granted.request_id OR r.grant_id = granted.id)
          AND granted.data_class = r.data_class AND granted.ends_at <= d.ends_at
    )
$$;

CREATE FUNCTION access_guard_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT access_decision_fits(NEW.decision_id, NEW)
        THEN PERFORM access_refuse('no grant without the decisions that allow it'); END IF;
        IF NEW.starts_at < (SELECT at FROM access_decision WHERE id = NEW.decision_id)
        THEN PERFORM access_refuse('no grant starts before its decision'); END IF;
        RETURN NEW;
    END IF;
    IF (NEW.team_id, NEW.offer_id, NEW.request_id, NEW.starts_at) IS DISTINCT FROM (OLD.team_id, OLD.offer_id, OLD.request_id, OLD.starts_at)
    THEN PERFORM access_refuse('a grant keeps its team, offer, request and start'); END IF;
    IF OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at
    THEN PERFORM access_refuse('a revoked grant stays revoked; ask for a new one'); END IF;
    IF (NEW.decision_id, NEW.data_class) IS DISTINCT FROM (OLD.decision_id, OLD.data_class) OR NEW.ends_at > OLD.ends_at THEN
        IF NEW.decision_id = OLD.decision_id OR NOT access_decision_fits(NEW.decision_id, NEW)
        THEN PERFORM access_refuse('a grant is widened or prolonged only by a new decision'); END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_grant_guard BEFORE INSERT OR UPDATE ON access_grant
    FOR EACH ROW EXECUTE FUNCTION access_guard_grant();

CREATE FUNCTION access_guard_named() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE granted access_grant;
BEGIN
    SELECT * INTO granted FROM access_grant WHERE id = NEW.grant_id;
    IF TG_OP = 'UPDATE' AND (NEW.grant_id, NEW.application_id) IS DISTINCT FROM (OLD.grant_id, OLD.application_id)
    THEN PERFORM access_refuse('a named application stays with its grant'); END IF;
    IF NEW.offer_id <> granted.offer_id OR NOT (
        NEW.during <@ tstzrange(granted.starts_at, greatest(granted.starts_at, least(granted.ends_at, granted.revoked_at)))
    )
    THEN PERFORM access_refuse('an application is named within its grant'); END IF;
    IF NOT EXISTS (
        SELECT FROM access_request r WHERE r.application_id = NEW.application_id AND r.team_id = granted.team_id
          AND r.state = 'approved' AND (r.id = granted.request_id OR r.grant_id = granted.id)
    ) THEN PERFORM access_refuse('nobody decided this application for this grant'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_named_guard BEFORE INSERT OR UPDATE ON access_grantapplication
    FOR EACH ROW EXECUTE FUNCTION access_guard_named();

-- Limits: rows are only closed, never edited; at commit the open rows are what the current decision granted.
CREATE FUNCTION access_guard_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.ends_at IS NOT NULL THEN PERFORM access_refuse('a limit starts open; history is not made up'); END IF;
        RETURN NEW;
    END IF;
    IF (NEW.grant_id, NEW.kind, NEW.maximum, NEW.starts_at, NEW.decision_id)
        IS DISTINCT FROM (OLD.grant_id, OLD.kind, OLD.maximum, OLD.starts_at, OLD.decision_id) OR OLD.ends_at IS NOT NULL
    THEN PERFORM access_refuse('a limit is closed and followed by another, never edited'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_limit_guard BEFORE INSERT OR UPDATE ON access_limit
    FOR EACH ROW EXECUTE FUNCTION access_guard_limit();

CREATE FUNCTION access_check_limits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE gid bigint; decided bigint; decided_at timestamptz; wanted jsonb; held jsonb;
BEGIN
    gid := CASE TG_TABLE_NAME WHEN 'access_grant' THEN (to_jsonb(NEW) ->> 'id')::bigint ELSE (to_jsonb(NEW) ->> 'grant_id')::bigint END;
    SELECT g.decision_id, d.granted, d.at INTO decided, wanted, decided_at
        FROM access_grant g JOIN access_decision d ON d.id = g.decision_id WHERE g.id = gid;
    SELECT coalesce(jsonb_object_agg(kind, maximum), '{}') INTO held
        FROM access_limit WHERE grant_id = gid AND ends_at IS NULL AND decision_id = decided;
    IF held IS DISTINCT FROM wanted OR EXISTS (
        SELECT FROM access_limit WHERE grant_id = gid AND (
            (ends_at IS NULL AND decision_id <> decided) OR ends_at > decided_at OR (decision_id = decided AND starts_at < decided_at)
        )
    ) THEN PERFORM access_refuse('the limits of a grant are exactly what its decision granted'); END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER access_grant_limits AFTER INSERT OR UPDATE OF decision_id ON access_grant
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION access_check_limits();
CREATE CONSTRAINT TRIGGER access_limit_limits AFTER INSERT OR UPDATE ON access_limit
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION access_check_limits();

DO $$
DECLARE kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['access_request', 'access_step', 'access_decision', 'access_grant', 'access_grantapplication', 'access_limit'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION access_refuse_change()', kept || '_kept', kept);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION access_refuse_change()', kept || '_not_emptied', kept);
    END LOOP;
END $$;
CREATE TRIGGER access_decision_unchanged BEFORE UPDATE ON access_decision
    FOR EACH ROW EXECUTE FUNCTION access_refuse_change();

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'foundry_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON access_decision FROM foundry_app;
        REVOKE DELETE, TRUNCATE ON access_request, access_step, access_grant, access_grantapplication, access_limit FROM foundry_app;
    END IF;
END $$;
