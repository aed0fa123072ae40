"""Every limit that a booked call was under when it began: whose it is, how strict, who set it, and which one refused it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q

from foundry.web.format import limit_words
from tenants.access.models import Limit
from tenants.access.states import LimitKind
from tenants.levels.models import LevelLimit, Mode, Scope
from tenants.usage.envelope import Outcome
from tenants.usage.models import UsageEvent

GRANT = "grant"
SCOPES = (str(Scope.ORGANISATION), str(Scope.TEAM), GRANT, str(Scope.KEY), str(Scope.SHARE))


@dataclass(frozen=True, slots=True)
class HeldTo:
    """One limit in force. :param scope: `grant`, or a level's; `of` says in words whose it is.

    :param maximum: in tokens, calls or nano-dollars. :param set_by: empty for a policy.
    :param refused: it refused the call; None where several may have, because the ledger keeps the kind only.
    """

    scope: str
    of: str
    kind: str
    mode: str
    maximum: int
    set_by: str
    since: datetime
    refused: bool | None = False

    @property
    def words(self) -> str:
        return limit_words(self.kind, self.maximum)

    @property
    def mode_words(self) -> str:
        return str(Mode(self.mode).label)

    @property
    def place(self) -> tuple[int, str, int, str]:
        return SCOPES.index(self.scope), self.of, LimitKind.values.index(self.kind), self.mode


def held_to(event: UsageEvent) -> list[HeldTo]:
    """From the organisation's down to the shares'. Two queries."""
    return marked(sorted([*of_grant(event), *of_levels(event)], key=lambda each: each.place), event)


def of_grant(event: UsageEvent) -> Iterator[HeldTo]:
    rows = Limit.objects.at(event.started_at).filter(grant=event.grant_id or 0)
    for row in rows.select_related("decision__by", "moved__by"):
        by = row.moved.by if row.moved else row.decision.by
        name = by.name if by else ""
        yield HeldTo(
            GRANT, f"grant {row.grant_id}", row.kind, str(Mode.HARD), row.maximum, name, row.starts_at
        )


def of_levels(event: UsageEvent) -> Iterator[HeldTo]:
    """Of the organisation, and of what the call's team, grant, application and key have."""
    grant, application, key = (each or 0 for each in (event.grant_id, event.application_id, event.key_id))
    mine = Q(level__scope=Scope.ORGANISATION) | Q(level__scope=Scope.TEAM, level__team=event.team_id)
    mine |= Q(level__scope=Scope.KEY, level__key=key)
    mine |= Q(level__grant=grant) & (Q(level__application=application) | Q(level__key=key))
    rows = LevelLimit.objects.in_force(event.started_at).filter(mine)
    for row in rows.select_related("set_by", "level__team", "level__application", "level__key"):
        level = row.level
        match level.scope:
            case Scope.ORGANISATION:
                of = "the organisation"
            case Scope.TEAM:
                of = f"team {level.team}"
            case Scope.KEY:
                of = f"key {level.key.prefix}" if level.key else ""
            case _:
                whose = (
                    level.application.slug if level.application else f"key {level.key and level.key.prefix}"
                )
                of = f"{whose}'s share of grant {level.grant_id}"
        yield HeldTo(level.scope, of, row.kind, row.mode, row.maximum, row.set_by.name, row.starts_at)


def marked(limits: list[HeldTo], event: UsageEvent) -> list[HeldTo]:
    """With the one that refused the call; with all that may have, where several hard ones are of the refusal's kind."""
    kind = event.code.removeprefix("limit.") if event.outcome == Outcome.REFUSED else ""
    refusing = [each.kind == kind and each.mode == Mode.HARD for each in limits]
    verdict = True if sum(refusing) == 1 else None
    return [
        replace(each, refused=verdict) if may else each for each, may in zip(limits, refusing, strict=True)
    ]
