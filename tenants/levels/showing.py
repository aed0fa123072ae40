"""Limits beside grants as pages and the API show them: what is used of each, and who set it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.utils.module_loading import import_string

from foundry.web.format import grouped, limit_words, money, pct
from tenants.access.amounts import speak_amount
from tenants.access.states import MONEY, LimitKind
from tenants.levels.models import LevelLimit, Mode, Scope
from tenants.quotas.limits import window_of
from tenants.quotas.use import User, counted, passed, period_of, users

LOOKED_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Line:
    """One limit. :ivar used, held: in the window of `at`, in the units of `row.maximum`.

    :ivar used_by: application, key's prefix and their share of all that is used, the most first.
    :ivar enforced: every gateway process that lives has confirmed it.
    :ivar passed: calls of the last 30 days that went on beyond a soft or shadow limit.
    """

    row: LevelLimit
    state: str
    used: int
    held: int
    passed: int
    resets_at: datetime | None
    used_by: list[User]
    enforced: bool

    @property
    def share(self) -> float:
        """Used and held of the maximum, 0 to 1."""
        return min(1.0, (self.used + self.held) / self.row.maximum) if self.row.maximum else 1.0

    @property
    def is_full(self) -> bool:
        return self.state == "in_force" and self.share >= 1

    @property
    def users(self) -> list[tuple[str, str, str]]:
        """Application, key's prefix and their share of what is used, in percent."""
        return [(application, key, pct(share)) for application, key, share in self.used_by]

    @property
    def words(self) -> str:
        return limit_words(self.row.kind, self.row.maximum)

    @property
    def used_words(self) -> str:
        return money(Decimal(self.used).scaleb(-9)) if self.row.kind in MONEY else grouped(self.used)

    def spoken(self, value: int) -> int | str:
        return speak_amount(self.row.kind, value)


def budget_of_team(team_id: int, at: datetime) -> int | None:
    """The team's hard limit of money a month in force at `at`, in nano-dollars; None without one."""
    rows = LevelLimit.objects.in_force(at).filter(level__scope=Scope.TEAM, level__team=team_id)
    return rows.filter(kind=LimitKind.USD_PER_MONTH, mode=Mode.HARD).values_list("maximum", flat=True).first()


def lines(rows: Iterable[LevelLimit], at: datetime) -> list[Line]:
    """Each limit with what its level has used, and who used it. Five queries."""
    rows = list(rows)
    holders = {row.level.holder_id for row in rows}
    used, beyond, by = counted(holders, at), passed(holders, at - LOOKED_BACK), users(holders, at)
    period, enforced = period_of(at), import_string(settings.HOLDERS_ENFORCED)(holders)
    return [
        Line(
            row,
            row.state(at),
            *used[row.level.holder_id].get(row.kind, (0, 0)),
            beyond.get((row.level.holder_id, row.kind, row.mode), 0),
            period.resets_at(row.kind, at),
            used_by(row, by),
            enforced[row.level.holder_id].is_whole,
        )
        for row in rows
    ]


def used_by(row: LevelLimit, by: dict[tuple[int, str, str], list[User]]) -> list[User]:
    """Of a budget's window; a minute is over too soon to tell."""
    return by.get((row.level.holder_id, *window_of(row.kind)), []) if "_per_" in row.kind else []
