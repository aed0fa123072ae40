"""One click to the successor: the same size, for the same applications, asked for through the ordinary door."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from catalog.models import Offer
from foundry.lib.errors import Forbidden, Refused
from foundry.people.models import User
from tenants.access import actions, rules
from tenants.access.models import Grant, Limit, Request
from tenants.access.periods import last_day
from tenants.advice.models import Campaign
from tenants.teams.models import Application

DAYS = 90


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one application: a request, or why there is none."""

    application: Application
    request: Request | None
    why_not: str = ""


def ask_for_successor(
    campaign: Campaign,
    grant: Grant,
    successor: Offer,
    *,
    terms_version: int | None,
    actor: User,
    at: datetime,
) -> list[Asked]:
    """Ask for each application of the grant that does not hold the successor yet.

    Each is an action of its own and decides itself where policy allows; one that is refused says why and
    keeps no other from going on. Raises Forbidden for those who may not ask for the team.
    """
    limits = {row.kind: row.maximum for row in Limit.objects.granted_at(at).filter(grant=grant)}
    answers = []
    for named in grant.named.select_related("application__team"):
        application = named.application
        if rules.grant_held(grant.team, successor, application, at):
            answers.append(Asked(application, None, f"{application.name} holds it already."))
            continue
        try:
            asked = actions.submit(
                team=grant.team,
                offer=successor,
                application=application,
                purpose=f"Move from {campaign.offer} before it retires on {campaign.retires_at:%Y-%m-%d}; the same size.",
                data_class=grant.data_class,
                limits=limits,
                ends_on=until(grant, at),
                terms_version=terms_version,
                answers=None,
                actor=actor,
                at=at,
            )
        except Forbidden:
            raise
        except Refused as refused:
            answers.append(Asked(application, None, str(refused)))
        else:
            answers.append(Asked(application, asked))
    return answers


def until(grant: Grant, at: datetime) -> date:
    """As long as the old grant would last, at least 90 days and at most what can be asked."""
    wanted = max(last_day(grant.ends_at), at.date() + timedelta(days=DAYS))
    return min(wanted, at.date() + timedelta(days=rules.DAYS_AT_MOST))
