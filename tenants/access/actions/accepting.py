"""Terms that a team accepts."""

from datetime import datetime

from django.db import transaction

from catalog.models import Terms
from foundry.audit.actions import record
from foundry.lib.errors import Conflict
from foundry.people.models import User
from tenants.access import rules
from tenants.access.models import Acknowledgement
from tenants.teams import rules as team_rules
from tenants.teams.models import Team


@transaction.atomic
def acknowledge(team: Team, terms: Terms, *, actor: User, at: datetime) -> Acknowledgement:
    """A member accepts a version of terms for the team. Conflict when that is done already."""
    if not team_rules.is_member(team, actor):
        rules.refuse_unless(False, f"a member of {team.name}")
    held, new = Acknowledgement.objects.get_or_create(
        team=team, terms=terms, defaults={"by": actor, "at": at}
    )
    if not new:
        raise Conflict(
            "terms.acknowledged", f"{held.by} acknowledged {terms} already.", remedy="Nothing is left to do."
        )
    record("terms.acknowledge", held, actor=actor, at=at, after={"team": team.slug, "terms": str(terms)})
    return held
