"""What a team, an application and a model of another gateway are here. Reads only."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from catalog.models import Offer
from catalog.states import Lifecycle
from tenants.teams.models import Team
from tenants.teams.rules import RESERVED, SLUG_LENGTH

NO_WORD = re.compile(r"[^a-z0-9]+")


def slug_of(name: str) -> str:
    """A short name; never one that is an address."""
    found = NO_WORD.sub("-", name.lower()).strip("-")[:SLUG_LENGTH].strip("-") or "unnamed"
    return f"{found[: SLUG_LENGTH - 2]}-1" if found in RESERVED else found


def usable_offers() -> list[Offer]:
    """What could be asked for now, in the order of the catalog's pages."""
    rows = (
        Offer.objects.listed()
        .filter(hidden=False)
        .exclude(lifecycle__in=[Lifecycle.DEPRECATED, Lifecycle.RETIRED])
    )
    return [each for each in rows.with_names().with_reach().reachable_first() if each.reach.word != "listed"]


@dataclass(slots=True)
class Offers:
    """The offers by every name that another gateway may know them by, all in lower case."""

    by_name: dict[str, list[Offer]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, offers: Iterable[Offer]) -> Self:
        made = cls()
        for each in offers:
            names = {
                str(each.model),
                each.model.slug,
                each.host_model_id,
                f"{each.host.slug}/{each.model.slug}",
            }
            for name in {name.lower() for name in names}:
                made.by_name[name].append(each)
        return made

    def match(self, model: str, backs: str) -> Offer | None:
        """By what the name stands for there, then by the name itself: whole, then without its provider."""
        for name in (backs, model):
            for tried in (name.lower(), name.lower().rpartition("/")[2]):
                if tried and (found := self.by_name.get(tried)):
                    return found[0]
        return None


def teams_by_name() -> dict[str, Team]:
    """Those that are open, by short name and by name in lower case."""
    rows = list(Team.objects.filter(closed_at=None))
    return {row.name.lower(): row for row in rows} | {row.slug: row for row in rows}
