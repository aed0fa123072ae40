"""Everything that the page and the API say of one key and one model, now."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from foundry.web.format import grouped, money
from tenants.access.models import Limit
from tenants.access.states import LimitKind
from tenants.calling import reading
from tenants.gateway.dialects import DIALECTS, Dialect
from tenants.gateway.errors import GatewayError
from tenants.gateway.explain import Step, explain
from tenants.gateway.lists import limit, sample_of, urgency
from tenants.keys.models import ApiKey
from tenants.keys.passport import LevelLimitRow, LevelRow, RouteRow
from tenants.quotas.periods import Period
from tenants.quotas.use import counted
from tenants.usage.enforced import Enforced, Resting, of_grant, of_hosts

BY_NAME = {dialect.name: dialect for dialect in DIALECTS}


@dataclass(frozen=True, slots=True)
class Level:
    """One limit in force. :param told: as `/v1/quota` tells it. :param set_by: the row that granted or raised it.

    :param beside: where it is none of the grant's: whose, and who set it since when.
    """

    told: dict[str, Any]
    set_by: Limit | None
    beside: tuple[LevelRow, LevelLimitRow] | None = None

    @property
    def of(self) -> str:
        """Whose limit it is, as a person reads it."""
        if self.beside is None:
            return "the grant"
        row = self.beside[0]
        words = {"organisation": "the organisation", "team": f"team {row.name}", "key": "this key"}
        return words.get(row.scope, f"{row.name}'s share")

    @property
    def mode(self) -> str:
        """hard, or soft: it lets pass and tells."""
        return "hard" if self.beside is None else self.beside[1].mode

    @property
    def is_used_up(self) -> bool:
        return bool(self.told["share"] >= 1)

    @property
    def is_full(self) -> bool:
        """Does it refuse every call?"""
        return self.is_used_up and self.mode == "hard"

    @property
    def cells(self) -> list[tuple[str, str]]:
        """Maximum, used, held and left, each with its name, as a person reads them."""
        shown = money if self.kind.startswith("usd") else grouped
        names = ("maximum", "used", "held", "left")
        return [(name.capitalize(), shown(Decimal(self.told[name]))) for name in names]

    @property
    def kind(self) -> str:
        return str(self.told["kind"])

    @property
    def words(self) -> str:
        return str(LimitKind(self.kind).label)


@dataclass(slots=True)
class Answer:
    """:ivar refusal: what a call would get now, None where it would be sent.

    :ivar levels: the first to bind first, soft ones last.

    :ivar resting: of the hosts that the call may go to, those that some gateway leaves alone now.
    """

    key: ApiKey
    model: str
    dialect: Dialect
    at: datetime
    models: list[str]
    steps: list[Step] = field(default_factory=list)
    refusal: GatewayError | None = None
    route: RouteRow | None = None
    onward: list[RouteRow] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    enforced: Enforced | None = None
    resting: dict[str, Resting] = field(default_factory=dict)

    @property
    def full(self) -> Level | None:
        """The limit that leaves nothing."""
        return next((level for level in self.levels if level.is_full), None)

    @property
    def first(self) -> Level | None:
        """The limit that binds first."""
        return next((level for level in self.levels if level.mode == "hard"), None)

    @property
    def can(self) -> bool:
        return self.refusal is None and self.route is not None and self.full is None and not self.left_alone

    @property
    def left_alone(self) -> bool:
        """Every gateway leaves every host alone that the call may go to."""
        hosts = [route.host for route in (self.route, *self.onward) if route is not None]
        return bool(hosts) and all(host in self.resting and self.resting[host].is_whole for host in hosts)


def answer(key: ApiKey, model: str, dialect: Dialect, at: datetime) -> Answer:
    """Ask the gateway's own code about what the gateway would read. Nothing is taken, nothing is written."""
    passport = reading.passport_of(key.pk)
    names = sorted({name for route in passport.routes for name in (route.name, route.exact_name)})
    told = Answer(key, model, dialect, at, names)
    if not model:
        return told
    found = explain(
        passport,
        model,
        dialect,
        at,
        settings.CONSOLE_URL,
        offered=bool(passport.named(model)) or reading.offered(model),
    )
    told.steps, told.refusal = found.steps, found.refusal
    told.route, told.onward = found.route, found.onward
    route = found.route or next(iter(passport.named(model)), None)
    if route is not None:
        beside = passport.key.levels_of(route.grant_id)
        told.levels = levels(route, beside, at, passport.periods.at(at))
        told.enforced = of_grant(route.grant_id)
        told.resting = resting([route, *told.onward])
    return told


def resting(routes: list[RouteRow]) -> dict[str, Resting]:
    names = {route.host_id: route.host for route in routes}
    return {names[host_id]: told for host_id, told in of_hosts(names).items() if told.resting}


def levels(route: RouteRow, beside: list[LevelRow], at: datetime, period: Period) -> list[Level]:
    """The limits that a call would meet, the one that binds first at the top, each with who set it by which decision."""
    counts = counted([route.grant_id, *(row.holder_id for row in beside)], at)
    used = counts[route.grant_id]
    rows = Limit.objects.at(at).filter(grant=route.grant_id).select_related("decision__by", "moved__by")
    by_kind: dict[str, Limit] = {}
    for row in rows.order_by("maximum"):
        by_kind[row.kind] = row  # the highest counts: a raise lies over what was granted
    sample = sample_of(route, at)
    found = [
        Level(
            limit(kind, most, *used.get(kind, (0, 0)), period.resets_at(kind, at), sample), by_kind.get(kind)
        )
        for kind, most in route.maxima(at).items()
    ]
    for each in beside:
        for kind, rule in (*each.in_force(at, "hard").items(), *each.in_force(at, "soft").items()):
            told = limit(
                kind,
                rule.maximum,
                *counts[each.holder_id].get(kind, (0, 0)),
                period.resets_at(kind, at),
                sample,
            )
            found.append(Level(told, None, (each, rule)))
    return sorted(found, key=lambda level: (level.mode != "hard", urgency(level.told)))
