-- A grant goes on past its end only by a renewal that was asked for before and is undecided, and no longer than the rules
-- of that day say. Its row is written with the request and never changed; the request's own end ends it.

INSERT INTO access_liferules (grace_days, set_at) VALUES (14, '2026-01-01 00:00:00+00');

CREATE FUNCTION access_guard_grace() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE granted access_grant; asked access_request; laid access_liferules;
BEGIN
    SELECT * INTO granted FROM access_grant WHERE id = NEW.grant_id FOR UPDATE;
    SELECT * INTO asked FROM access_request WHERE id = NEW.request_id;
    SELECT * INTO laid FROM access_liferules ORDER BY id DESC LIMIT 1;
    IF asked.grant_id IS DISTINCT FROM NEW.grant_id OR asked.state <> 'open' OR asked.created_at >= granted.ends_at
        OR (asked.ends_on + 1)::timestamp AT TIME ZONE 'UTC' <= granted.ends_at
    THEN PERFORM access_refuse('only an open request for more time, sent before the end, keeps a grant going'); END IF;
    IF granted.revoked_at IS NOT NULL OR NEW.rules_id <> laid.id OR NEW.starts_at <> granted.ends_at
        OR NEW.ends_at > NEW.starts_at + laid.grace_days * interval '1 day'
    THEN PERFORM access_refuse('a grant goes on from its end for the days of the rules in force'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_grace_guard BEFORE INSERT ON access_grace FOR EACH ROW EXECUTE FUNCTION access_guard_grace();

-- When a request was closed never changes: a grace ends by it.
CREATE FUNCTION access_guard_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM access_refuse('when a request was closed stays');
    RETURN NULL;
END $$;
CREATE TRIGGER access_request_closed BEFORE UPDATE ON access_request FOR EACH ROW
    WHEN (OLD.closed_at IS NOT NULL AND NEW.closed_at IS DISTINCT FROM OLD.closed_at) EXECUTE FUNCTION access_guard_closed();

-- As before; a grant's applications are named as long as it goes on.
CREATE OR REPLACE FUNCTION access_guard_named() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE granted access_grant; goes_on timestamptz;
BEGIN
    SELECT * INTO granted FROM access_grant WHERE id = NEW.grant_id;
    SELECT max(least(c.ends_at, r.closed_at)) INTO goes_on FROM access_grace c JOIN access_request r ON r.id = c.request_id
        WHERE c.grant_id = NEW.grant_id;
    IF TG_OP = 'UPDATE' AND (NEW.grant_id, NEW.application_id) IS DISTINCT FROM (OLD.grant_id, OLD.application_id)
    THEN PERFORM access_refuse('a named application stays with its grant'); END IF;
    IF NEW.offer_id <> granted.offer_id OR NOT (
        NEW.during <@ tstzrange(granted.starts_at,
            greatest(granted.starts_at, least(greatest(granted.ends_at, goes_on), granted.revoked_at)))
    )
    THEN PERFORM access_refuse('an application is named within its grant'); END IF;
    IF NOT EXISTS (
        SELECT FROM access_request r WHERE r.application_id = NEW.application_id AND r.team_id = granted.team_id
          AND r.state = 'approved' AND (r.id = granted.request_id OR r.grant_id = granted.id)
    ) THEN PERFORM access_refuse('nobody decided this application for this grant'); END IF;
    RETURN NEW;
END $$;

DO $$
DECLARE kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['access_grace', 'access_liferules'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION access_refuse_change()', kept || '_kept', kept);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION access_refuse_change()', kept || '_not_emptied', kept);
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'foundry_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON access_grace, access_liferules FROM foundry_app;
    END IF;
END $$;
