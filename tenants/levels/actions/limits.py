"""Set limits beside grants, and end them. One function = one transaction = one audit verb."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from foundry.audit.actions import record
from foundry.people.models import User
from tenants.access.amounts import speak_amount
from tenants.levels import rules
from tenants.levels.models import Level, LevelLimit, Mode
from tenants.levels.rules import Target
from tenants.teams.models import Team


@transaction.atomic
def set_limit(
    target: Target,
    *,
    kind: str,
    maximum: int,
    reason: str,
    mode: str = "hard",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    actor: User,
    at: datetime,
) -> LevelLimit:
    """How much of one kind the organisation, a team, a key or a share may use, from now or `starts_at` on.

    A limit of the same kind and mode that is in force or planned ends where this one starts; where this one ends before it
    would have, it counts again from there.

    :param maximum: in tokens, calls or nano-dollars.

    Raises Forbidden, Invalid, Conflict.
    """
    reason, starts_at = require_usable(
        target, kind=kind, maximum=maximum, reason=reason, mode=mode, starts_at=starts_at, ends_at=ends_at, actor=actor, at=at
    )  # fmt: skip
    level = level_of(target)
    before = list(level.limits.open(at).filter(kind=kind, mode=mode).order_by("starts_at"))
    for row in before:
        make_room(row, starts_at, ends_at)
    made = LevelLimit.objects.create(
        level=level, kind=kind, mode=mode, maximum=maximum, starts_at=starts_at, ends_at=ends_at, reason=reason,
        set_by=actor, set_at=at,
    )  # fmt: skip
    record("limit.set", made, actor=actor, at=at, before=[told(row) for row in before], after=told(made))
    return made


def require_usable(
    target: Target, *, kind: str, maximum: int, reason: str, mode: str, starts_at: datetime | None = None,
    ends_at: datetime | None, actor: User, at: datetime,
) -> tuple[str, datetime]:  # fmt: skip
    """The reason as it is kept, and when the limit starts. Raises Forbidden, Invalid, Conflict."""
    rules.require_setter(target, actor)
    reason = rules.clean(kind, maximum, mode, reason)
    rules.require_share(target, kind, maximum, at)
    starts_at = max(starts_at or at, at)
    rules.require_dates(starts_at, ends_at, at)
    return reason, starts_at


@transaction.atomic
def end_limit(limit_id: int, *, actor: User, at: datetime) -> LevelLimit:
    """End a limit now, or call off one that is planned. Raises Forbidden, Conflict."""
    row = LevelLimit.objects.select_related("level").get(pk=limit_id)
    level = locked(row.level_id)
    row.refresh_from_db()
    rules.require_setter(target_of(level), actor)
    rules.require_open(row.state(at))
    before = told(row)
    end(row, at)
    record("limit.end", row, actor=actor, at=at, before=before)
    return row


def is_less(target: Target, kind: str, mode: str, maximum: int, at: datetime) -> bool:
    """Whether a hard limit like this would refuse what nothing of the same kind refuses so far. One query."""
    if mode != Mode.HARD:
        return False
    of = {f"level__{name}": value for name, value in target.named.items()}
    held = LevelLimit.objects.open(at).filter(kind=kind, mode=mode, starts_at__lte=at, **of)
    least = min(held.values_list("maximum", flat=True), default=None)
    return least is None or maximum < least


def level_of(target: Target) -> Level:
    """The target's level, locked; made where it has none. The database begins its windows with what is booked."""
    level, _ = Level.objects.get_or_create(**target.named)
    return locked(level.pk)


def locked(level_id: int) -> Level:
    Level.objects.select_for_update().get(pk=level_id)
    return Level.objects.with_names().get(pk=level_id)


def levels_of(teams: QuerySet[Team]) -> QuerySet[Level]:
    """The teams' own, and those of their keys and their grants' shares."""
    return Level.objects.filter(
        Q(team__in=teams) | Q(grant__team__in=teams) | Q(key__application__team__in=teams)
    )


def target_of(level: Level) -> Target:
    return Target(level.team, level.grant, level.application, level.key)


def make_room(row: LevelLimit, starts_at: datetime, ends_at: datetime | None) -> None:
    """The row ends there. What of it lies beyond `ends_at` becomes a row of its own."""
    again = None
    if ends_at is not None and (row.ends_at is None or row.ends_at > ends_at):
        again = {"starts_at": max(row.starts_at, ends_at), "ends_at": row.ends_at}
    end(row, starts_at)
    if again is not None:
        names = ("level", "kind", "mode", "maximum", "reason", "set_by", "set_at")
        LevelLimit.objects.create(**{name: getattr(row, name) for name in names}, **again)


def end(row: LevelLimit, at: datetime) -> None:
    """It ends there, unless sooner; one that had not begun never does."""
    row.ends_at = max(row.starts_at, at if row.ends_at is None else min(at, row.ends_at))
    row.save(update_fields=["ends_at"])


def told(row: LevelLimit) -> dict[str, object]:
    """What the audit keeps of a limit."""
    return {
        "of": str(row.level),
        "kind": row.kind,
        "mode": row.mode,
        "maximum": speak_amount(row.kind, row.maximum),
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "reason": row.reason,
    }
