-- Nobody is asked about a grant before the days of the rules, or given less time to answer than they say; an owner keeps it
-- once per decision; only what was neither kept nor called goes back by itself. Rows are answered once and never removed.

CREATE FUNCTION access_guard_idle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE granted access_grant; laid access_liferules;
BEGIN
    SELECT * INTO granted FROM access_grant WHERE id = NEW.grant_id FOR UPDATE;
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO laid FROM access_liferules ORDER BY id DESC LIMIT 1;
        IF NEW.rules_id <> laid.id OR laid.idle_after_days = 0 OR NEW.since > NEW.noticed_at - laid.idle_after_days * interval '1 day'
            OR NEW.due_at < NEW.noticed_at + laid.idle_answer_days * interval '1 day'
        THEN PERFORM access_refuse('a grant is idle by the rules in force, and its owner has the time that they say'); END IF;
        IF NEW.decision_id <> granted.decision_id OR NEW.kept_at IS NOT NULL OR NEW.used_at IS NOT NULL
        THEN PERFORM access_refuse('a notice begins without an answer'); END IF;
        RETURN NEW;
    END IF;
    IF OLD.kept_at IS NOT NULL OR OLD.used_at IS NOT NULL
        OR (NEW.grant_id, NEW.decision_id, NEW.rules_id, NEW.since, NEW.noticed_at, NEW.due_at)
        IS DISTINCT FROM (OLD.grant_id, OLD.decision_id, OLD.rules_id, OLD.since, OLD.noticed_at, OLD.due_at)
    THEN PERFORM access_refuse('a notice is answered once, never rewritten'); END IF;
    IF NEW.kept_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM teams_membership WHERE user_id = NEW.kept_by_id AND team_id = granted.team_id AND role = 'owner')
    THEN PERFORM access_refuse('an owner of the team keeps it'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_idle_guard BEFORE INSERT OR UPDATE ON access_idle FOR EACH ROW EXECUTE FUNCTION access_guard_idle();

CREATE FUNCTION access_guard_return() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE granted access_grant; told access_idle;
BEGIN
    SELECT * INTO granted FROM access_grant WHERE id = NEW.grant_id FOR UPDATE;
    IF granted.revoked_at IS DISTINCT FROM NEW.at THEN PERFORM access_refuse('what is given back ends at that moment'); END IF;
    IF NEW.kind = 'idle' THEN
        SELECT * INTO told FROM access_idle WHERE id = NEW.idle_id;
        IF told.grant_id <> NEW.grant_id OR told.kept_at IS NOT NULL OR told.used_at IS NOT NULL OR told.due_at > NEW.at
            OR EXISTS (SELECT FROM usage_hour WHERE grant_id = NEW.grant_id AND calls > 0 AND hour > told.noticed_at)
        THEN PERFORM access_refuse('only what was told, and neither kept nor called, goes back by itself'); END IF;
    ELSIF NOT EXISTS (SELECT FROM teams_membership WHERE user_id = NEW.by_id AND team_id = granted.team_id AND role = 'owner')
        AND NOT EXISTS (SELECT FROM people_siterole WHERE user_id = NEW.by_id AND role = 'admin')
    THEN PERFORM access_refuse('an owner of the team or an admin gives back'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_return_guard BEFORE INSERT ON access_return FOR EACH ROW EXECUTE FUNCTION access_guard_return();
CREATE TRIGGER access_return_unchanged BEFORE UPDATE ON access_return FOR EACH ROW EXECUTE FUNCTION access_refuse_change();

DO $$
DECLARE kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['access_idle', 'access_return'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION access_refuse_change()', kept || '_kept', kept);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION access_refuse_change()', kept || '_not_emptied', kept);
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'foundry_app') THEN
        REVOKE DELETE, TRUNCATE ON access_idle FROM foundry_app;
        REVOKE UPDATE, DELETE, TRUNCATE ON access_return FROM foundry_app;
    END IF;
END $$;
