-- Policies as data: the shipped version, and what the database itself refuses about them. A policy decides only
-- what its own rules approve, only what was asked, and nothing of those who had a hand in it.

INSERT INTO access_policy (number, rules, note, editor_ids, switched_on_at) VALUES (1, '[
    {"name": "Small trial: public data, not production, two weeks, up to $50 a month", "automatic": true, "ends": true,
     "match": {"data_classes": ["public"], "environments": ["staging", "development"], "asks": ["first"],
               "cost_at_most": 50000000000, "days_at_most": 14}, "steps": [], "longest_days": null},
    {"name": "Every request is decided by the platform team", "automatic": false, "ends": false,
     "match": {}, "steps": [["admin"]], "longest_days": null},
    {"name": "Confidential or restricted data", "automatic": false, "ends": false,
     "match": {"data_classes": ["confidential", "restricted"]}, "steps": [["security"]], "longest_days": null},
    {"name": "It may cost 5,000 USD or more a month", "automatic": false, "ends": false,
     "match": {"cost_at_least": 5000000000000}, "steps": [["finance"]], "longest_days": null}
]', 'As shipped.', '{}', '2026-01-01 00:00:00+00');

-- A version that is switched on never changes; drafts remember everybody who had a hand in them.
CREATE FUNCTION access_guard_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.number IS NOT NULL THEN PERFORM access_refuse('a policy that was in force is kept'); END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF OLD.number IS NOT NULL THEN PERFORM access_refuse('a policy that is switched on never changes; make a draft'); END IF;
        IF NOT NEW.editor_ids @> OLD.editor_ids THEN PERFORM access_refuse('a policy remembers who edited it'); END IF;
    END IF;
    IF NEW.number IS NOT NULL THEN
        IF NEW.number <> coalesce((SELECT max(number) FROM access_policy), 0) + 1
        THEN PERFORM access_refuse('the next policy has the next number'); END IF;
        IF NEW.switched_on_by_id IS NULL OR NOT NEW.switched_on_by_id = ANY (NEW.editor_ids)
        THEN PERFORM access_refuse('whoever switches a policy on has a hand in it'); END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_policy_guard BEFORE INSERT OR UPDATE OR DELETE ON access_policy
    FOR EACH ROW EXECUTE FUNCTION access_guard_policy();
CREATE TRIGGER access_policy_not_emptied BEFORE TRUNCATE ON access_policy
    FOR EACH STATEMENT EXECUTE FUNCTION access_refuse_change();

-- A request names the policy in force, and keeps it.
CREATE FUNCTION access_guard_request_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.policy_id IS DISTINCT FROM OLD.policy_id THEN PERFORM access_refuse('a request keeps its policy'); END IF;
        RETURN NEW;
    END IF;
    IF NEW.policy_id IS DISTINCT FROM (SELECT id FROM access_policy WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1)
    THEN PERFORM access_refuse('a request is asked under the policy in force'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_request_policy_guard BEFORE INSERT OR UPDATE ON access_request
    FOR EACH ROW EXECUTE FUNCTION access_guard_request_policy();

-- Does a rule's `match` hold for these facts? The same answer as `policy.matches`.
CREATE FUNCTION access_rule_matches(m jsonb, f jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT NOT EXISTS (
        SELECT FROM (VALUES ('offers', 'offer'), ('publishers', 'publisher'), ('hosts', 'host'), ('lifecycles', 'lifecycle'),
            ('data_classes', 'data_class'), ('environments', 'environment'), ('teams', 'team'), ('cost_centres', 'cost_centre'),
            ('asks', 'asks')) AS about (list, fact)
        WHERE jsonb_array_length(coalesce(m -> list, '[]')) > 0 AND NOT (m -> list) ? (f ->> fact)
    ) AND NOT EXISTS (
        SELECT FROM (VALUES ('cost_at_least', 'cost_nanos', 1), ('cost_at_most', 'cost_nanos', -1),
            ('days_at_least', 'days', 1), ('days_at_most', 'days', -1)) AS bound (name, fact, sign)
        WHERE m ? name AND NOT coalesce(sign * (f ->> fact)::numeric >= sign * (m ->> name)::numeric, false)
    ) AND (coalesce(m -> 'limits_at_least', '{}') = '{}' OR EXISTS (
        SELECT FROM jsonb_each_text(m -> 'limits_at_least') AS w WHERE (f #>> ARRAY['limits', w.key])::numeric >= w.value::numeric
    )) AND NOT EXISTS (
        SELECT FROM jsonb_each_text(coalesce(m -> 'limits_at_most', '{}')) AS w
        WHERE NOT coalesce((f #>> ARRAY['limits', w.key])::numeric <= w.value::numeric, false)
    )
$$;

-- Would these rules approve by themselves? An automatic rule matches and no matching rule before it asks for a
-- decision or ends the list. The same answer as `policy.plan`.
CREATE FUNCTION access_rules_approve(rules jsonb, f jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    WITH matching AS (
        SELECT rule, place FROM jsonb_array_elements(rules) WITH ORDINALITY AS r (rule, place)
        WHERE access_rule_matches(rule -> 'match', f)
    )
    SELECT EXISTS (
        SELECT FROM matching AS a WHERE (a.rule ->> 'automatic')::boolean AND NOT EXISTS (
            SELECT FROM matching AS b WHERE b.place < a.place AND NOT (b.rule ->> 'automatic')::boolean
                AND ((b.rule ->> 'ends')::boolean OR jsonb_array_length(b.rule -> 'steps') > 0)
        )
    )
$$;

-- What a month may cost in nano-dollars: the budget where one is asked, else the tokens at their price; half up.
-- The same answer as `estimate.committed_nanos`.
CREATE FUNCTION access_committed_nanos(limits jsonb, offered bigint, moment timestamptz) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
DECLARE budget numeric; tokens numeric; read numeric; price catalog_price; total numeric;
BEGIN
    budget := least((limits ->> 'usd_per_month')::numeric, (limits ->> 'usd_per_day')::numeric * 30);
    IF budget IS NOT NULL THEN RETURN budget; END IF;
    tokens := least((limits ->> 'tokens_per_month')::numeric, (limits ->> 'tokens_per_day')::numeric * 30);
    SELECT * INTO price FROM catalog_price WHERE offer_id = offered AND starts_at <= moment
        AND (ends_at IS NULL OR ends_at > moment) ORDER BY precedence LIMIT 1;
    IF tokens IS NULL OR price.id IS NULL THEN RETURN NULL; END IF;
    read := div(tokens * 3, 4);
    total := (read * price.input_per_million + (tokens - read) * price.output_per_million) * 1000000000000;
    RETURN div(2 * total + 1000000000, 2000000000);
END $$;

CREATE FUNCTION access_facts(asked access_request, moment timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'offer', h.slug || ':' || p.slug || '/' || m.slug, 'publisher', p.slug, 'host', h.slug, 'lifecycle', o.lifecycle,
        'data_class', asked.data_class, 'environment', a.environment, 'team', t.slug, 'cost_centre', c.code,
        'asks', CASE WHEN asked.grant_id IS NOT NULL THEN 'change'
                     WHEN EXISTS (SELECT FROM access_grantapplication n WHERE n.application_id = a.id AND n.offer_id = o.id)
                     THEN 'again' ELSE 'first' END,
        'limits', asked.asked, 'cost_nanos', access_committed_nanos(asked.asked, o.id, moment),
        'days', asked.ends_on - (asked.created_at AT TIME ZONE 'UTC')::date)
    FROM catalog_offer o JOIN catalog_model m ON m.id = o.model_id JOIN catalog_publisher p ON p.id = m.publisher_id
    JOIN catalog_host h ON h.id = o.host_id, teams_application a JOIN teams_team t ON t.id = a.team_id
    JOIN teams_costcentre c ON c.id = t.cost_centre_id
    WHERE o.id = asked.offer_id AND a.id = asked.application_id
$$;

CREATE FUNCTION access_guard_policy_decision(decided access_decision, asked access_request) RETURNS void LANGUAGE plpgsql AS $$
DECLARE policy access_policy;
BEGIN
    SELECT * INTO policy FROM access_policy WHERE id = decided.policy_id;
    IF policy.id IS DISTINCT FROM asked.policy_id THEN PERFORM access_refuse('a policy decides only what was asked under it'); END IF;
    IF asked.requester_id = ANY (policy.editor_ids)
    THEN PERFORM access_refuse('nobody decides on their own request, not by a policy they edited either'); END IF;
    IF (SELECT array_agg(role::text) FROM access_step WHERE request_id = asked.id) IS DISTINCT FROM ARRAY['policy']
    THEN PERFORM access_refuse('a policy decides only the one step that is its own'); END IF;
    IF decided.outcome <> 'approved' OR decided.granted IS DISTINCT FROM asked.asked
        OR decided.ends_at > (asked.ends_on + 1)::timestamp AT TIME ZONE 'UTC'
    THEN PERFORM access_refuse('a policy grants what was asked, no more'); END IF;
    IF NOT access_rules_approve(policy.rules, access_facts(asked, decided.at))
    THEN PERFORM access_refuse('no rule of the policy approves this by itself'); END IF;
END $$;

-- Whether somebody holds a role that decides a step: a site role, the team's ownership, or the offer's.
CREATE FUNCTION access_holds(person bigint, step access_step, asked access_request) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM people_siterole WHERE user_id = person AND role = ANY (step.role || step.or_roles))
        OR 'team_owner' = ANY (step.role || step.or_roles) AND EXISTS (
            SELECT FROM teams_membership WHERE user_id = person AND team_id = asked.team_id AND role = 'owner')
        OR 'offer_owner' = ANY (step.role || step.or_roles) AND EXISTS (
            SELECT FROM access_offerowner WHERE user_id = person AND offer_id = asked.offer_id)
$$;

CREATE OR REPLACE FUNCTION access_guard_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE asked access_request; step access_step;
BEGIN
    SELECT * INTO asked FROM access_request WHERE id = NEW.request_id FOR UPDATE;
    SELECT * INTO step FROM access_step WHERE id = NEW.step_id;
    IF step.request_id IS DISTINCT FROM NEW.request_id THEN PERFORM access_refuse('the step belongs to another request'); END IF;
    IF asked.requester_id IS NOT DISTINCT FROM NEW.by_id THEN PERFORM access_refuse('nobody decides on their own request'); END IF;
    IF asked.state IS DISTINCT FROM 'open' THEN PERFORM access_refuse('the request is closed'); END IF;
    IF NEW.by_id IS NULL THEN PERFORM access_guard_policy_decision(NEW, asked);
    ELSIF NOT access_holds(NEW.by_id, step, asked) THEN PERFORM access_refuse('the step is for another role'); END IF;
    IF EXISTS (
        SELECT FROM access_step s LEFT JOIN access_decision d ON d.step_id = s.id
        WHERE s.request_id = NEW.request_id AND s.position < step.position AND d.outcome IS DISTINCT FROM 'approved'
    ) THEN PERFORM access_refuse('an earlier step is not approved'); END IF;
    RETURN NEW;
END $$;

-- As before, but a policy's decision has no person.
CREATE OR REPLACE FUNCTION access_decision_fits(decided bigint, granted access_grant) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM access_decision d
        JOIN access_step s ON s.id = d.step_id
        JOIN access_request r ON r.id = d.request_id
        WHERE d.id = decided AND d.outcome = 'approved' AND r.state = 'approved' AND d.by_id IS DISTINCT FROM r.requester_id
          AND s.position = (SELECT max(position) FROM access_step WHERE request_id = r.id)
          AND r.team_id = granted.team_id AND r.offer_id = granted.offer_id
          AND (r.id = granted.request_id OR r.grant_id = granted.id)
          AND granted.data_class = r.data_class AND granted.ends_at <= d.ends_at
    )
$$;

-- A step keeps everything that says who decides it.
CREATE OR REPLACE FUNCTION access_guard_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.request_id, NEW.position, NEW.role, NEW.or_roles, NEW.rule)
        IS DISTINCT FROM (OLD.request_id, OLD.position, OLD.role, OLD.or_roles, OLD.rule)
    THEN PERFORM access_refuse('a step keeps its request, place and role'); END IF;
    IF TG_OP = 'INSERT' AND (SELECT state FROM access_request WHERE id = NEW.request_id) <> 'open'
    THEN PERFORM access_refuse('a closed request takes no more steps'); END IF;
    RETURN NEW;
END $$;

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'foundry_app') THEN
        REVOKE TRUNCATE ON access_policy FROM foundry_app;
    END IF;
END $$;
