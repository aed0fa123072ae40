"""Empty a database that holds nothing but the demo company."""

import psycopg
from django.db import connections

from catalog.models import Host
from foundry.lib import env
from foundry.lib.errors import Conflict
from foundry.people.demo import DOMAIN
from foundry.people.models import User
from tenants.demo.company import TEAMS
from tenants.teams.models import Team

# Everything of ours in the schemas, but not the schemas: their default rights belong to the three roles.
EMPTY = """
DO $$
DECLARE thing record;
BEGIN
    DROP SCHEMA IF EXISTS gateway CASCADE;
    FOR thing IN SELECT oid::regclass AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    LOOP EXECUTE format('DROP TABLE IF EXISTS %s CASCADE', thing.name); END LOOP;
    FOR thing IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    LOOP EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', thing.name); END LOOP;
    FOR thing IN SELECT oid::regtype AS name FROM pg_type
        WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
    LOOP EXECUTE format('DROP TYPE IF EXISTS %s CASCADE', thing.name); END LOOP;
END $$
"""


def require_only_demo() -> None:
    """Conflict that names what is not the demo's."""
    people = User.objects.exclude(email__endswith=f"@{DOMAIN}").values_list("email", flat=True)
    teams = Team.objects.exclude(slug__in=[crew.slug for crew in TEAMS]).values_list("slug", flat=True)
    hosts = Host.objects.filter(is_demo=False, is_sandbox=False).exclude(connector="reference")
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
