"""What a team says of an offer beside asking for it: terms accepted, a wish for later."""

from datetime import datetime

from django.db import IntegrityError, transaction

from catalog.models import Offer, Terms
from foundry.audit.actions import record
from foundry.lib.errors import Conflict
from foundry.people.models import User
from tenants.access import rules
from tenants.access.models import Acknowledgement, Wish
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


@transaction.atomic
def wish(team: Team, offer: Offer, *, why: str, actor: User, at: datetime) -> Wish:
    """A team would use an offer that no call reaches yet. Raises Invalid, Forbidden, Conflict."""
    if not team_rules.is_member(team, actor):
        rules.refuse_unless(False, f"a member of {team.name}")
    team_rules.require_active(team)
    why = rules.clean_text(why, "reason", rules.PURPOSE_LENGTH)
    try:
        with transaction.atomic():
            wished = Wish.objects.create(team=team, offer=offer, by=actor, why=why, at=at)
    except IntegrityError as there:
        raise Conflict(
            "wish.exists",
            f"{team.name} wishes for {offer} already.",
            remedy="It is counted; nothing is left to do.",
        ) from there
    record(
        "offer.wish",
        wished,
        actor=actor,
        at=at,
        after={"team": team.slug, "offer": offer.call_name, "why": why},
    )
    return wished
