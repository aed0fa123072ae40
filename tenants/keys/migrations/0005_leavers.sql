-- A person's own key opens nothing a moment after they left its team or were switched off, by whatever path. The locks make
-- a key that is made meanwhile wait for the removal, or the removal for the key.
CREATE FUNCTION keys_guard_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.person_id IS DISTINCT FROM OLD.person_id OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at) THEN
            RAISE EXCEPTION 'a key keeps whose it is, and an own key that ended stays ended' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    PERFORM FROM people_user WHERE id = NEW.person_id AND is_active FOR SHARE;  -- first the person, as leaving does
    IF FOUND THEN PERFORM FROM teams_membership m JOIN teams_application a ON a.team_id = m.team_id
        WHERE a.id = NEW.application_id AND m.user_id = NEW.person_id FOR SHARE OF m; END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'an own key is of somebody in the team' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keys_own_key_guard BEFORE INSERT ON keys_apikey FOR EACH ROW
    WHEN (NEW.person_id IS NOT NULL) EXECUTE FUNCTION keys_guard_person();
CREATE TRIGGER keys_own_key_kept BEFORE UPDATE ON keys_apikey FOR EACH ROW
    WHEN (OLD.person_id IS NOT NULL OR NEW.person_id IS NOT NULL) EXECUTE FUNCTION keys_guard_person();

CREATE FUNCTION keys_left() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE keys_apikey k SET revoked_at = now(), revoked_why = 'Its person left the team.' FROM teams_application a
        WHERE a.id = k.application_id AND a.team_id = OLD.team_id AND k.person_id = OLD.user_id AND k.revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER keys_membership_left AFTER DELETE OR UPDATE OF user_id, team_id ON teams_membership
    FOR EACH ROW EXECUTE FUNCTION keys_left();

CREATE FUNCTION keys_switched_off() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE keys_apikey SET revoked_at = now(), revoked_why = 'Its person was switched off.' WHERE person_id = NEW.id AND revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER keys_person_switched_off AFTER UPDATE OF is_active ON people_user
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION keys_switched_off();
