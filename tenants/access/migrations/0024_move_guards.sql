-- Moves: a team's owner moves part of one limit between two live grants of the team that draw on the same capacity.
-- A move is never changed, and the two limits that carry it out add up to what they were.

CREATE FUNCTION access_guard_move() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE one access_grant; other access_grant;
BEGIN
    PERFORM FROM access_grant WHERE id IN (NEW.giver_id, NEW.taker_id) ORDER BY id FOR UPDATE;
    SELECT * INTO one FROM access_grant WHERE id = NEW.giver_id;
    SELECT * INTO other FROM access_grant WHERE id = NEW.taker_id;
    IF one.team_id <> other.team_id THEN PERFORM access_refuse('a team moves between its own grants'); END IF;
    IF one.offer_id <> other.offer_id AND NOT EXISTS (
        SELECT FROM catalog_offer a JOIN catalog_offer b ON a.pool_id = b.pool_id WHERE a.id = one.offer_id AND b.id = other.offer_id)
    THEN PERFORM access_refuse('a move stays within one offer or one pool'); END IF;
    IF NOT EXISTS (SELECT FROM teams_membership WHERE user_id = NEW.by_id AND team_id = one.team_id AND role = 'owner')
    THEN PERFORM access_refuse('an owner of the team moves'); END IF;
    IF EXISTS (SELECT FROM access_grant g WHERE g.id IN (one.id, other.id)
            AND (g.revoked_at IS NOT NULL OR NEW.at < g.starts_at OR NEW.at >= g.ends_at))
        OR EXISTS (SELECT FROM access_block WHERE team_id = one.team_id AND until IS NULL
            AND (grant_id IS NULL OR grant_id IN (one.id, other.id)))
    THEN PERFORM access_refuse('a move is between live grants'); END IF;
    IF EXISTS (SELECT FROM access_request WHERE grant_id IN (one.id, other.id) AND state = 'open')
    THEN PERFORM access_refuse('a change of the grant is undecided'); END IF;
    IF EXISTS (SELECT FROM access_limit WHERE grant_id IN (one.id, other.id) AND kind = NEW.kind
        AND raised_id IS NOT NULL AND ends_at > NEW.at)
    THEN PERFORM access_refuse('the limit is raised'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_move_guard BEFORE INSERT ON access_move FOR EACH ROW EXECUTE FUNCTION access_guard_move();
CREATE TRIGGER access_move_unchanged BEFORE UPDATE OR DELETE ON access_move FOR EACH ROW EXECUTE FUNCTION access_refuse_change();
CREATE TRIGGER access_move_not_emptied BEFORE TRUNCATE ON access_move FOR EACH STATEMENT EXECUTE FUNCTION access_refuse_change();

-- At commit a move has its two limits: one of each grant (the row's guard and its uniqueness say which).
CREATE FUNCTION access_check_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF 2 <> (SELECT count(*) FROM access_limit WHERE moved_id = NEW.id)
    THEN PERFORM access_refuse('a move is carried out in both grants'); END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER access_move_limits AFTER INSERT ON access_move
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION access_check_move();

-- Limits as before; a row that carries out a move begins with it, under the decision that the grant is under.
CREATE OR REPLACE FUNCTION access_guard_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.moved_id IS NOT NULL AND (NEW.raised_id IS NOT NULL OR NOT EXISTS (
            SELECT FROM access_move m JOIN access_grant g ON g.id = NEW.grant_id WHERE m.id = NEW.moved_id
                AND g.id IN (m.giver_id, m.taker_id) AND g.decision_id = NEW.decision_id AND m.kind = NEW.kind AND m.at = NEW.starts_at
        )) THEN PERFORM access_refuse('nobody moved this limit so'); END IF;
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
    IF (NEW.grant_id, NEW.kind, NEW.maximum, NEW.starts_at, NEW.decision_id, NEW.raised_id, NEW.moved_id)
        IS DISTINCT FROM (OLD.grant_id, OLD.kind, OLD.maximum, OLD.starts_at, OLD.decision_id, OLD.raised_id, OLD.moved_id)
        OR (OLD.ends_at IS NOT NULL AND (OLD.raised_id IS NULL OR NEW.ends_at IS NULL OR NEW.ends_at > OLD.ends_at))
    THEN PERFORM access_refuse('a limit is closed and followed by another, never edited'); END IF;
    RETURN NEW;
END $$;

-- At commit the open limits are what the decision granted, plus and minus what was moved under it.
CREATE OR REPLACE FUNCTION access_check_limits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE gid bigint; decided bigint; decided_at timestamptz; wanted jsonb; held jsonb;
BEGIN
    gid := CASE TG_TABLE_NAME WHEN 'access_grant' THEN (to_jsonb(NEW) ->> 'id')::bigint ELSE (to_jsonb(NEW) ->> 'grant_id')::bigint END;
    SELECT g.decision_id, d.granted, d.at INTO decided, wanted, decided_at
        FROM access_grant g JOIN access_decision d ON d.id = g.decision_id WHERE g.id = gid;
    IF EXISTS (SELECT FROM access_limit WHERE grant_id = gid AND decision_id = decided AND moved_id IS NOT NULL) THEN
        SELECT jsonb_object_agg(w.key, w.value::numeric + coalesce((
            SELECT sum(CASE WHEN m.taker_id = gid THEN m.amount ELSE -m.amount END)
            FROM access_limit l JOIN access_move m ON m.id = l.moved_id
            WHERE l.grant_id = gid AND l.decision_id = decided AND l.kind = w.key), 0))
            INTO wanted FROM jsonb_each_text(wanted) AS w;
    END IF;
    SELECT coalesce(jsonb_object_agg(kind, maximum), '{}') INTO held
        FROM access_limit WHERE grant_id = gid AND ends_at IS NULL AND decision_id = decided;
    IF held IS DISTINCT FROM wanted OR EXISTS (
        SELECT FROM access_limit l WHERE grant_id = gid AND raised_id IS NULL AND (
            (ends_at IS NULL AND decision_id <> decided) OR (decision_id = decided AND starts_at < decided_at)
            OR (ends_at > decided_at AND NOT EXISTS (
                SELECT FROM access_limit n WHERE n.grant_id = gid AND n.kind = l.kind AND n.decision_id = decided
                    AND n.moved_id IS NOT NULL AND n.starts_at = l.ends_at AND l.decision_id = decided))
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
        REVOKE UPDATE, DELETE, TRUNCATE ON access_move FROM foundry_app;
    END IF;
END $$;
