-- Applications that were there before: the team's first owner answers for them.
UPDATE teams_application a SET owner_id = (
    SELECT m.user_id FROM teams_membership m JOIN people_user u ON u.id = m.user_id
    WHERE m.team_id = a.team_id AND m.role = 'owner' AND u.is_active ORDER BY m.since, m.id LIMIT 1);

-- Whoever answers for an application is here and in its team. The locks meet a removal that happens at the same time.
CREATE FUNCTION teams_guard_application_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM people_user WHERE id = NEW.owner_id AND is_active FOR SHARE;  -- first the person, as leaving does
    IF FOUND THEN PERFORM FROM teams_membership WHERE team_id = NEW.team_id AND user_id = NEW.owner_id FOR SHARE; END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'somebody of the team answers for an application' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER teams_application_owner_guard BEFORE INSERT OR UPDATE OF owner_id ON teams_application FOR EACH ROW
    WHEN (NEW.owner_id IS NOT NULL) EXECUTE FUNCTION teams_guard_application_owner();

-- By whatever path somebody leaves: nobody answers for their applications then.
CREATE FUNCTION teams_left() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE teams_application SET owner_id = NULL WHERE owner_id = OLD.user_id AND team_id = OLD.team_id;
    RETURN NULL;
END $$;
CREATE TRIGGER teams_membership_left AFTER DELETE OR UPDATE OF user_id, team_id ON teams_membership
    FOR EACH ROW EXECUTE FUNCTION teams_left();

CREATE FUNCTION teams_switched_off() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE teams_application SET owner_id = NULL WHERE owner_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER teams_person_switched_off AFTER UPDATE OF is_active ON people_user
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION teams_switched_off();
