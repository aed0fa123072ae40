"""Why calls of grants are refused at a moment: the set of reasons, from rows and from overdue terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from catalog.models import Offer, PastTerms
from tenants.access.models import Block, Grant, terms_overdue
from tenants.access.states import BlockKind

TERMS = "terms"
TITLES: dict[str, str] = {**{kind.value: kind.label for kind in BlockKind}, TERMS: "Terms not acknowledged"}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of the set.

    :param block: the row that somebody can lift; None for overdue terms, which the team acknowledges.
    :param since: None where nobody said from when on.
    """

    kind: str
    why: str
    since: datetime | None
    by: str = ""
    block: int | None = None

    @property
    def title(self) -> str:
        return TITLES[self.kind]


def of_grants(grants: Sequence[Grant], at: datetime) -> dict[int, list[Reason]]:
    """Every reason for each, the oldest first; an empty list lets calls pass. Two queries, three where terms are overdue."""
    found: dict[int, list[Reason]] = {grant.pk: [] for grant in grants}
    teams = {grant.team_id for grant in grants}
    rows = Block.objects.at(at).filter(Q(grant__in=list(found)) | Q(grant=None, team__in=teams))
    for row in rows.select_related("by").order_by("since", "pk"):
        told = Reason(row.kind, row.why, row.since, str(row.by or ""), row.pk)
        for grant in grants:
            if row.grant_id == grant.pk or (row.grant_id is None and row.team_id == grant.team_id):
                found[grant.pk].append(told)
    overdue = Grant.objects.filter(terms_overdue(at), pk__in=list(found))
    late = list(overdue.select_related("offer__terms", "offer__terms_before"))
    past = PastTerms.objects.at(at).filter(offer__in=[grant.offer_id for grant in late])
    then = {row.offer_id: row for row in past.select_related("terms", "terms_before")}
    for grant in late:
        under = then.get(grant.offer_id, grant.offer)
        found[grant.pk].append(due_by(under, at))
    return found


def due_by(under: Offer | PastTerms, at: datetime) -> Reason:
    """The terms that have to be acknowledged: those before, while the new ones do not count."""
    if under.terms_from is not None and under.terms_from > at:
        return Reason(TERMS, str(under.terms_before), None)
    return Reason(TERMS, str(under.terms), under.terms_from)


def attach(grants: Sequence[Grant], at: datetime) -> None:
    """To each as `blocks_then`."""
    found = of_grants(grants, at)
    for grant in grants:
        grant.blocks_then = found[grant.pk]


def words(reasons: Sequence[Reason]) -> str:
    """All of them in one line: `Team suspended: audit. Suspended: terms under review`."""
    return ". ".join(f"{each.title}: {each.why}".rstrip(".") for each in reasons)
