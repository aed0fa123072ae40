"""Empty a database that holds nothing but the demo company."""

import psycopg
from django.db import connections
from django.db.models import Q

from catalog.models import Host
from catalog.seed import ANNOUNCED
from foundry.lib import env
from foundry.lib.errors import Conflict
from foundry.people.demo import DOMAIN
from foundry.people.models import User
from tenants.demo.company import TEAMS
from tenants.teams.models import Team

# Everything of ours in the schemas, but not the schemas: their default rights belong to the three roles.
EMPTY = """
DO $$
DECLARE here oid := 'public'::regnamespace; tables text[]; routines text[]; types text[]; thing text;
BEGIN
    DROP SCHEMA IF EXISTS gateway CASCADE;
    SELECT array_agg(oid::regclass::text) INTO tables FROM pg_class
        WHERE relnamespace = here AND relkind IN ('r', 'p') AND NOT relispartition;
    FOREACH thing IN ARRAY coalesce(tables, '{}') LOOP EXECUTE 'DROP TABLE IF EXISTS ' || thing || ' CASCADE'; END LOOP;
    SELECT array_agg(oid::regprocedure::text) INTO routines FROM pg_proc WHERE pronamespace = here;
    FOREACH thing IN ARRAY coalesce(routines, '{}') LOOP EXECUTE 'DROP ROUTINE IF EXISTS ' || thing || ' CASCADE'; END LOOP;
    SELECT array_agg(t.oid::regtype::text) INTO types FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
        WHERE t.typnamespace = here AND (t.typtype IN ('e', 'd') OR c.relkind = 'c');
    FOREACH thing IN ARRAY coalesce(types, '{}') LOOP EXECUTE 'DROP TYPE IF EXISTS ' || thing || ' CASCADE'; END LOOP;
END $$
"""


def require_only_demo() -> None:
    """Conflict that names what is not the demo's."""
    people = User.objects.exclude(email__endswith=f"@{DOMAIN}").values_list("email", flat=True)
    teams = Team.objects.exclude(slug__in=[crew.slug for crew in TEAMS]).values_list("slug", flat=True)
    hosts = Host.objects.filter(is_demo=False, is_sandbox=False).exclude(
        Q(connector="reference") | Q(slug=ANNOUNCED)
    )
    found = {
        "people": list(people[:5]),
        "teams": list(teams[:5]),
        "hosts": list(hosts.values_list("slug", flat=True)[:5]),
    }
    if told := "; ".join(f"{what}: {', '.join(names)}" for what, names in found.items() if names):
        raise Conflict(
            "demo.not_alone",
            f"This database holds more than the demo ({told}), so nothing was cleared.",
            remedy="Use another database for the demo.",
        )


def empty() -> None:
    """Drop every table and function as the owner; `migrate` makes them anew."""
    connections.close_all()
    with psycopg.connect(env.text("DATABASE_OWNER_URL"), autocommit=True) as owner:
        owner.execute(EMPTY)
