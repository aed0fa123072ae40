"""Whom something that happens to offers hits: teams with their grants and keys."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from tenants.access.models import Grant
from tenants.keys.models import ApiKey
from tenants.teams.models import Team


@dataclass(slots=True)
class Hit:
    """One team. :param classes: the data classes that its grants were decided for."""

    team: Team
    grants: int = 0
    keys: int = 0
    classes: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Hits:
    """:param teams: by name."""

    teams: list[Hit]

    @property
    def grants(self) -> int:
        return sum(each.grants for each in self.teams)

    @property
    def keys(self) -> int:
        return sum(each.keys for each in self.teams)


def of_offers(offer_ids: Collection[int], at: datetime) -> Hits:
    """Teams with grants in force of these offers, and the live keys that carry one. Two queries."""
    found: dict[int, Hit] = {}
    grants = Grant.objects.in_force(at).filter(offer__in=offer_ids)
    for grant in grants.select_related("team").order_by("team__name", "pk"):
        hit = found.setdefault(grant.team_id, Hit(grant.team))
        hit.grants += 1
        hit.classes.add(grant.data_class)
    named = grants.filter(named__application=OuterRef("application"))
    carries = Q(grants=None) | Q(grants__in=grants)
    keys = ApiKey.objects.live(at).filter(carries, Exists(named)).distinct()
    for _, team_id in keys.values_list("pk", "application__team"):
        if team_id in found:
            found[team_id].keys += 1
    return Hits(list(found.values()))
