"""An offer with a date, a successor, and teams that hold and call it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from catalog.models import Offer
from tenants.access.models import Grant
from tenants.advice.actions import open_campaign
from tenants.advice.models import Campaign
from tenants.teams.models import Team
from tenants.usage.ingest import ingest
from tests import make
from tests.tenants.usage.test_ingest import call

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_numbers = count(1_000_000)


@dataclass(slots=True)
class Retiring:
    old: Offer
    new: Offer
    teams: list[Team]
    grants: list[Grant]

    def open(self, at: datetime = AT) -> Campaign:
        return open_campaign(self.old, actor="test", at=at)


def retiring(teams: int = 1, *, days: int = 40, at: datetime = AT) -> Retiring:
    """`teams` that hold an offer which retires in `days`; its successor has a price and no date."""
    old, new = make.offer(retires_at=at + timedelta(days=days)), make.offer()
    Offer.objects.filter(pk=old.pk).update(successor=new)
    old.refresh_from_db()
    held = [make.team(at=at - timedelta(days=90)) for _ in range(teams)]
    grants = [hold(team, old, at - timedelta(days=80)) for team in held]
    return Retiring(old, new, held, grants)


def hold(team: Team, offer: Offer, at: datetime, **asked: object) -> Grant:
    return make.grant(of=team, offer=offer, at=at, ends_on=(at + timedelta(days=300)).date(), **asked)


def calls(grant: Grant, ages_in_days: Sequence[float], at: datetime = AT, **fields: object) -> None:
    """One call for each age."""
    named = {"grant_id": grant.pk, "offer_id": grant.offer_id}
    ingest(
        [
            call(next(_numbers), grant.team_id, started_at=at - timedelta(days=age), **(named | fields))
            for age in ages_in_days
        ]
    )
