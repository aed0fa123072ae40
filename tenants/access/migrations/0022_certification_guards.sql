-- Reviews: begun and answered by who answers for the team, closed once and only when each grant that they ask about is
-- answered; what was said stays.

CREATE FUNCTION access_answers_for(person bigint, of_team bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM teams_membership WHERE user_id = person AND team_id = of_team AND role = 'owner')
        OR EXISTS (SELECT FROM people_siterole WHERE user_id = person AND role = 'admin')
$$;

CREATE FUNCTION access_guard_certification() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.closed_at IS NOT NULL OR NEW.rules_id <> (SELECT id FROM access_liferules ORDER BY id DESC LIMIT 1)
        THEN PERFORM access_refuse('a review begins open, under the rules in force'); END IF;
        IF NEW.opened_by_id IS NOT NULL AND NOT access_answers_for(NEW.opened_by_id, NEW.team_id)
        THEN PERFORM access_refuse('an owner of the team or an admin reviews it'); END IF;
        RETURN NEW;
    END IF;
    IF OLD.closed_at IS NOT NULL OR (NEW.team_id, NEW.rules_id, NEW.opened_at, NEW.opened_by_id, NEW.due_at)
        IS DISTINCT FROM (OLD.team_id, OLD.rules_id, OLD.opened_at, OLD.opened_by_id, OLD.due_at)
    THEN PERFORM access_refuse('a review is closed once, never rewritten'); END IF;
    IF NEW.closed_at IS NOT NULL AND EXISTS (
        SELECT FROM access_grant g WHERE g.team_id = NEW.team_id AND g.starts_at <= NEW.opened_at AND g.revoked_at IS NULL
            AND g.ends_at > NEW.closed_at
            AND NOT EXISTS (SELECT FROM access_certified c WHERE c.certification_id = NEW.id AND c.grant_id = g.id))
    THEN PERFORM access_refuse('a review is done when each grant is answered'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_certification_guard BEFORE INSERT OR UPDATE ON access_certification
    FOR EACH ROW EXECUTE FUNCTION access_guard_certification();

CREATE FUNCTION access_guard_certified() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE review access_certification;
BEGIN
    SELECT * INTO review FROM access_certification WHERE id = NEW.certification_id FOR UPDATE;
    IF review.closed_at IS NOT NULL THEN PERFORM access_refuse('a review that is done takes no answer'); END IF;
    IF NOT access_answers_for(NEW.by_id, review.team_id)
    THEN PERFORM access_refuse('an owner of the team or an admin reviews it'); END IF;
    IF NOT EXISTS (SELECT FROM access_grant WHERE id = NEW.grant_id AND team_id = review.team_id AND starts_at <= review.opened_at)
    THEN PERFORM access_refuse('the review does not ask about this grant'); END IF;
    IF (NEW.answer = 'reduce' AND NOT EXISTS (SELECT FROM access_request WHERE id = NEW.request_id AND grant_id = NEW.grant_id))
        OR (NEW.answer = 'give_back' AND NOT EXISTS (SELECT FROM access_return WHERE grant_id = NEW.grant_id AND by_id = NEW.by_id))
    THEN PERFORM access_refuse('an answer is what was done'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_certified_guard BEFORE INSERT ON access_certified FOR EACH ROW EXECUTE FUNCTION access_guard_certified();
CREATE TRIGGER access_certified_unchanged BEFORE UPDATE ON access_certified FOR EACH ROW EXECUTE FUNCTION access_refuse_change();

DO $$
DECLARE kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['access_certification', 'access_certified'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION access_refuse_change()', kept || '_kept', kept);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION access_refuse_change()', kept || '_not_emptied', kept);
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'foundry_app') THEN
        REVOKE DELETE, TRUNCATE ON access_certification FROM foundry_app;
        REVOKE UPDATE, DELETE, TRUNCATE ON access_certified FROM foundry_app;
    END IF;
END $$;
