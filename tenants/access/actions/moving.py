"""Move part of a limit from one of a team's grants to another; the sum stays."""

from datetime import datetime

from django.db import transaction

from foundry.audit.actions import record
from foundry.people.models import User
from tenants.access import moving_rules, rules
from tenants.access.amounts import speak_amount
from tenants.access.models import Grant, Limit, Move


@transaction.atomic
def move_allocation(
    giver_id: int, *, to: int, kind: str, amount: int, reason: str, actor: User, at: datetime
) -> Move:
    """An owner of the team gives part of one limit of its live grant to another that draws on the same capacity.

    :param to: the grant that takes, by its id. :param amount: in internal units.

    Raises Invalid, Forbidden, Conflict.
    """
    giver, taker = locked_pair(giver_id, to, actor)
    rules.refuse_unless(moving_rules.may_move(giver, actor), "an owner of the team")
    moving_rules.require_takes(giver, taker, at)
    left, grown = moving_rules.require_amounts(giver, taker, kind, amount, at)
    made = Move.objects.create(
        giver=giver, taker=taker, kind=kind, amount=amount, by=actor, at=at,
        reason=rules.clean_text(reason, "reason", rules.REASON_LENGTH),
    )  # fmt: skip
    Limit.objects.filter(grant__in=[giver, taker], kind=kind, ends_at=None).update(ends_at=at)
    Limit.objects.bulk_create(
        Limit(grant=grant, kind=kind, maximum=maximum, starts_at=at, decision=grant.decision, moved=made)
        for grant, maximum in ((giver, left), (taker, grown))
    )
    told = {"team": giver.team.slug, "from": giver.pk, "to": taker.pk, "kind": kind}
    record(
        "grant.move", giver, actor=actor, at=at,
        before=told | sizes(kind, left + amount, grown - amount),
        after=told | sizes(kind, left, grown) | {
            "move": made.pk, "amount": speak_amount(kind, amount), "reason": made.reason,
        },
    )  # fmt: skip
    return made


def locked_pair(giver_id: int, taker_id: int, actor: User) -> tuple[Grant, Grant]:
    """Both under their locks, the lower id first, so that two moves never wait for each other."""
    seen = Grant.objects.filter(pk__in=Grant.objects.seen_by(actor).values("pk"))
    rows = seen.filter(pk__in=[giver_id, taker_id]).with_names().select_related("decision")
    found = {row.pk: row for row in rows.select_for_update(of=("self",)).order_by("pk")}
    if giver_id not in found or taker_id not in found:
        raise moving_rules.wrong(
            "to", "There is no such grant.", "Choose one of the team's own other grants."
        )
    return found[giver_id], found[taker_id]


def sizes(kind: str, of_giver: int, of_taker: int) -> dict[str, int | str]:
    """What both allow of the kind, as the audit keeps it."""
    return {"giver": speak_amount(kind, of_giver), "taker": speak_amount(kind, of_taker)}
