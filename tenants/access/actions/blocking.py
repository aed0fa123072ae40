"""Refuse the calls of a grant, or of all grants of a team, until somebody lifts the reason again."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse

from foundry.audit.actions import record
from foundry.lib.errors import Conflict
from foundry.notify.outbox import tell
from foundry.people.models import User
from tenants.access import grant_rules, rules
from tenants.access.actions.ending import locked_grant
from tenants.access.models import Block, Grant
from tenants.access.states import BlockKind
from tenants.teams import rules as team_rules
from tenants.teams.models import Membership, Team


@transaction.atomic
def suspend(grant_id: int, *, reason: str, actor: User, at: datetime) -> Block:
    """Refuse a grant's calls until this reason is lifted: an admin. Its dates go on; other reasons may stand beside it."""
    grant = locked_grant(grant_id)
    rules.refuse_unless(grant_rules.may_suspend(actor), "an admin")
    grant_rules.require_in_force(grant, at)
    block = write_block(grant.team, grant, reason, actor, at)
    announce(block, f"{actor} suspended {what(block)}", actor, at)
    record("grant.suspend", grant, actor=actor, at=at, after=in_words(block))
    return block


@transaction.atomic
def suspend_team(team: Team, *, reason: str, actor: User, at: datetime) -> Block:
    """Refuse the calls of every grant of a team, also of later ones, until this reason is lifted: an admin."""
    team = Team.objects.select_for_update().get(pk=team.pk)
    rules.refuse_unless(grant_rules.may_suspend(actor), "an admin")
    team_rules.require_active(team)
    block = write_block(team, None, reason, actor, at)
    announce(block, f"{actor} suspended {what(block)}", actor, at)
    hit = list(Grant.objects.in_force(at).filter(team=team).order_by("pk").values_list("pk", flat=True))
    record("team.suspend", team, actor=actor, at=at, after=in_words(block) | {"grants": hit})
    return block


@transaction.atomic
def resume(grant_id: int, *, block: int | None = None, actor: User, at: datetime) -> Grant:
    """Lift one reason why a grant was suspended: an admin. What else blocks it goes on to.

    :param block: which one; needed only where several stand.
    """
    grant = locked_grant(grant_id)
    rules.refuse_unless(grant_rules.may_suspend(actor), "an admin")
    grant_rules.require_in_force(grant, at)
    standing = list(grant.own_blocks.filter(until=None).order_by("since", "pk"))
    chosen = [each for each in standing if block is None or each.pk == block]
    if len(chosen) > 1:
        words = ", ".join(f"{each.pk} ({each.why})" for each in chosen)
        raise Conflict("grant.several", "Several reasons stand.", remedy=f"Name the block to lift: {words}.")
    if not chosen:
        raise Conflict(
            "grant.live",
            "This grant is not suspended so.",
            remedy="Reload to see where it stands; a suspended team is lifted on the team.",
        )
    close_block(chosen[0], actor, at)
    announce(chosen[0], f"{actor} lifted a suspension of {what(chosen[0])}", actor, at)
    record("grant.resume", grant, actor=actor, at=at, before=in_words(chosen[0]))
    return grant


@transaction.atomic
def resume_team(block_id: int, *, actor: User, at: datetime) -> Block:
    """Lift one reason why a team was suspended: an admin. Raises Forbidden, Conflict."""
    team_id = Block.objects.filter(kind=BlockKind.TEAM).values_list("team", flat=True).get(pk=block_id)
    team = Team.objects.select_for_update().get(pk=team_id)
    rules.refuse_unless(grant_rules.may_suspend(actor), "an admin")
    block = Block.objects.with_names().get(pk=block_id)
    if block.until is not None:
        raise Conflict(
            "block.lifted", f"{block.ended_by} lifted it already.", remedy="Nothing is left to do."
        )
    close_block(block, actor, at)
    announce(block, f"{actor} lifted a suspension of {what(block)}", actor, at)
    record("team.unsuspend", team, actor=actor, at=at, before=in_words(block))
    return block


def write_block(team: Team, grant: Grant | None, reason: str, actor: User, at: datetime) -> Block:
    why = rules.clean_text(reason, "reason", rules.SHORT_REASON_LENGTH)
    kind = BlockKind.TEAM if grant is None else BlockKind.GRANT
    try:
        with transaction.atomic():
            return Block.objects.create(team=team, grant=grant, kind=kind, why=why, since=at, by=actor)
    except IntegrityError as there:
        raise Conflict(
            "grant.suspended",
            "You suspended it for this reason already.",
            remedy="Lift that one first, or say another reason.",
        ) from there


def close_block(block: Block, actor: User, at: datetime) -> None:
    block.until, block.ended_by = at, actor
    block.save(update_fields=["until", "ended_by"])


def what(block: Block) -> str:
    return f"{block.team}'s {block.grant.offer.model.name}" if block.grant else f"team {block.team}"


def in_words(block: Block) -> dict[str, Any]:
    """As the audit keeps it."""
    return {"block": block.pk, "team": block.team.slug, "since": block.since, "reason": block.why}


def announce(block: Block, title: str, actor: User, at: datetime) -> None:
    """Tell the team, its owners as their own matter, on the page where they see what stands."""
    members = block.team.memberships.exclude(user=actor).select_related("user")
    page = (
        reverse("grant", args=[block.grant_id]) if block.grant_id else reverse("team", args=[block.team.slug])
    )
    verb = "suspended" if block.until is None else "resumed"
    tell(
        f"{'grant' if block.grant_id else 'team'}.{verb}",
        key=f"block.{verb}:{block.pk}",
        title=title,
        text=block.why,
        url=page,
        to=[member.user for member in members if member.role == Membership.OWNER],
        also=[member.user for member in members if member.role != Membership.OWNER],
        scope=f"team:{block.team.slug}",
        data={"block": block.pk, "grant": block.grant_id},
        at=at,
    )
