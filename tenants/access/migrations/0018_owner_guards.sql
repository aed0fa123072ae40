-- A team that nobody owns renews nothing.
CREATE FUNCTION access_guard_renewal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.ends_on > (SELECT (ends_at AT TIME ZONE 'UTC' - interval '1 microsecond')::date FROM access_grant WHERE id = NEW.grant_id)
        AND NOT EXISTS (
            SELECT FROM teams_membership m JOIN people_user u ON u.id = m.user_id
            WHERE m.team_id = NEW.team_id AND m.role = 'owner' AND u.is_active)
    THEN PERFORM access_refuse('a team without an owner cannot renew'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_request_renewal_guard BEFORE INSERT ON access_request FOR EACH ROW
    WHEN (NEW.grant_id IS NOT NULL) EXECUTE FUNCTION access_guard_renewal();
