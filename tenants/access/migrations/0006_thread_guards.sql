-- Threads and standing in: notes are kept as they were written, and a decision in somebody's name needs their
-- delegation on that day. Nobody decides on their own request through the one who stands in for them.

CREATE TRIGGER access_note_unchanged BEFORE UPDATE OR DELETE ON access_note
    FOR EACH ROW EXECUTE FUNCTION access_refuse_change();
CREATE TRIGGER access_note_not_emptied BEFORE TRUNCATE ON access_note
    FOR EACH STATEMENT EXECUTE FUNCTION access_refuse_change();

-- A delegation is ended, never rewritten.
CREATE FUNCTION access_guard_delegation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.by_id, NEW.to_id, NEW.starts_at, NEW.ends_at) IS DISTINCT FROM (OLD.by_id, OLD.to_id, OLD.starts_at, OLD.ends_at)
        OR OLD.ended_at IS NOT NULL
    THEN PERFORM access_refuse('a delegation is ended, never rewritten'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_delegation_guard BEFORE UPDATE ON access_delegation
    FOR EACH ROW EXECUTE FUNCTION access_guard_delegation();
CREATE TRIGGER access_delegation_kept BEFORE DELETE ON access_delegation
    FOR EACH ROW EXECUTE FUNCTION access_refuse_change();
CREATE TRIGGER access_delegation_not_emptied BEFORE TRUNCATE ON access_delegation
    FOR EACH STATEMENT EXECUTE FUNCTION access_refuse_change();

CREATE OR REPLACE FUNCTION access_guard_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE asked access_request; step access_step;
BEGIN
    SELECT * INTO asked FROM access_request WHERE id = NEW.request_id FOR UPDATE;
    SELECT * INTO step FROM access_step WHERE id = NEW.step_id;
    IF step.request_id IS DISTINCT FROM NEW.request_id THEN PERFORM access_refuse('the step belongs to another request'); END IF;
    IF asked.requester_id IS NOT DISTINCT FROM NEW.by_id OR asked.requester_id IS NOT DISTINCT FROM NEW.on_behalf_of_id
    THEN PERFORM access_refuse('nobody decides on their own request'); END IF;
    IF asked.state IS DISTINCT FROM 'open' THEN PERFORM access_refuse('the request is closed'); END IF;
    IF NEW.by_id IS NULL THEN PERFORM access_guard_policy_decision(NEW, asked);
    ELSIF NEW.on_behalf_of_id IS NULL THEN
        IF NOT access_holds(NEW.by_id, step, asked) THEN PERFORM access_refuse('the step is for another role'); END IF;
    ELSIF NOT access_holds(NEW.on_behalf_of_id, step, asked) OR NOT EXISTS (
        SELECT FROM access_delegation WHERE by_id = NEW.on_behalf_of_id AND to_id = NEW.by_id
            AND starts_at <= NEW.at AND ends_at > NEW.at AND (ended_at IS NULL OR ended_at > NEW.at)
    ) THEN PERFORM access_refuse('nobody let them decide in that name'); END IF;
    IF EXISTS (
        SELECT FROM access_step s LEFT JOIN access_decision d ON d.step_id = s.id
        WHERE s.request_id = NEW.request_id AND s.position < step.position AND d.outcome IS DISTINCT FROM 'approved'
    ) THEN PERFORM access_refuse('an earlier step is not approved'); END IF;
    RETURN NEW;
END $$;

-- What the team said it needs and which decision it appeals stay as they were asked.
CREATE FUNCTION access_guard_request_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.stated, NEW.appeals_id) IS DISTINCT FROM (OLD.stated, OLD.appeals_id)
    THEN PERFORM access_refuse('what was asked cannot be changed; withdraw the request and ask anew'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_request_more_guard BEFORE UPDATE ON access_request
    FOR EACH ROW EXECUTE FUNCTION access_guard_request_more();

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'foundry_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON access_note FROM foundry_app;
        REVOKE DELETE, TRUNCATE ON access_delegation FROM foundry_app;
    END IF;
END $$;
