"""What a team may move between its own grants: which, and how much."""

from datetime import datetime

from django.db.models import Q

from foundry.lib.errors import Conflict, Invalid
from foundry.people.models import User
from tenants.access import raise_rules
from tenants.access.amounts import fault, speak_amount
from tenants.access.models import MOVABLE, Grant, GrantQuerySet, Limit
from tenants.teams import rules as team_rules


def may_move(grant: Grant, person: User) -> bool:
    return team_rules.is_owner(grant.team, person)


def takers(grant: Grant, at: datetime) -> GrantQuerySet:
    """The team's other live grants that draw on the same capacity: of the same offer, or of its pool."""
    same = Q(offer=grant.offer_id)
    if grant.offer.pool_id is not None:
        same |= Q(offer__pool=grant.offer.pool_id)
    return Grant.objects.live(at).filter(same, team=grant.team_id).exclude(pk=grant.pk)


def movable(grant: Grant) -> dict[str, int]:
    """What is granted now of each kind that can be moved, in internal units."""
    return {kind: maximum for kind, maximum in raise_rules.granted(grant).items() if kind in MOVABLE}


def require_takes(giver: Grant, taker: Grant, at: datetime) -> None:
    """Another grant of the team, of the same capacity, both live and nothing about them undecided. Ask under locks on both."""
    if taker.pk == giver.pk or taker.team_id != giver.team_id:
        raise wrong(
            "to", "Another grant of the same team, please.", "Choose one of the team's own other grants."
        )
    pool = giver.offer.pool_id
    if taker.offer_id != giver.offer_id and (pool is None or pool != taker.offer.pool_id):
        raise wrong(
            "to",
            "It draws on other capacity.",
            "Choose a grant of the same offer or of the same pool of its host.",
        )
    for each in (giver, taker):
        raise_rules.require_live(each, at)
        if (asked := each.change_requests.open().first()) is not None:
            raise Conflict(
                "move.undecided",
                f"Request {asked.pk} asks to change grant {each.pk}, and it is not decided.",
                remedy="Withdraw it, or wait for its decision.",
            )


def require_amounts(giver: Grant, taker: Grant, kind: str, amount: int, at: datetime) -> tuple[int, int]:
    """What both have of this kind after the move. Ask under locks on both. Raises Invalid, Conflict."""
    held, other = movable(giver).get(kind), movable(taker).get(kind)
    if held is None or other is None:
        which = giver.pk if held is None else taker.pk
        raise wrong(
            "kind", f"Grant {which} has no such limit to move.", "Choose a limit that both grants have."
        )
    if why := fault(kind, amount):
        raise wrong("amount", why, "Mend it.")
    if amount >= held:
        raise wrong(
            "amount",
            f"Less than the {speak_amount(kind, held)} that it has, please.",
            "Leave something of the limit, or give the whole grant back.",
        )
    if why := fault(kind, other + amount):
        raise wrong("amount", f"Grant {taker.pk} would have too much. {why}", "Move less.")
    rows = Limit.objects.filter(grant__in=[giver, taker], kind=kind)
    if rows.filter(ends_at__gt=at).exclude(raised=None).exists():
        raise Conflict(
            "move.raised",
            "This limit is raised for a while, over what was granted.",
            remedy="End the raise first, or wait until it ends.",
        )
    if rows.filter(ends_at=None, starts_at__gte=at).exists():
        raise Conflict(
            "move.overtaken",
            "Somebody else changed this limit just now.",
            remedy="Look at it again, then move.",
        )
    return held - amount, other + amount


def wrong(field: str, why: str, remedy: str) -> Invalid:
    return Invalid(f"move.{field}", why, remedy=remedy, errors={field: why})
