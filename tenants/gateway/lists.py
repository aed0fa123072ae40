"""GET /v1/models and GET /v1/quota: what a key may call, and what is left of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from foundry.lib.units import usd_text
from tenants.gateway.admit import find_passport
from tenants.gateway.asgi import Scope, Send, send_json
from tenants.gateway.auth import digest_of
from tenants.gateway.choose import not_granted, not_live
from tenants.gateway.errors import unavailable
from tenants.gateway.runtime import Runtime
from tenants.gateway.whence import require_network
from tenants.keys.passport import LevelRow, LimitRow, Passport, RouteRow
from tenants.quotas.limits import Unavailable
from tenants.quotas.periods import Period
from tenants.quotas.store import DOWN
from tenants.usage.charge import Tokens, cost

SAMPLE = Tokens(750, 250)
MODEL_PATH = "/v1/models/"
Counted = dict[int, dict[str, tuple[int, int]]]  # holder -> kind -> (used, held)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one more call would use, to compare limits of different kinds by."""

    tokens: int
    usd_nanos: int

    def fits(self, kind: str, left: int) -> int | None:
        """How many times; None where it uses nothing of that kind."""
        if kind in ("rpm", "concurrency"):
            return left
        each = self.usd_nanos if kind.startswith("usd") else self.tokens
        return left // each if each else None


async def models(runtime: Runtime, scope: Scope, send: Send) -> None:
    """Every live grant's model, by its name and by its exact name. Raises GatewayError."""
    _, named = await named_models(runtime, scope)
    data = [model_told(name, route) for name, route in sorted(named.items())]
    await send_json(send, 200, {"object": "list", "data": data})


async def model(runtime: Runtime, scope: Scope, send: Send) -> None:
    """One of them, by either name. Raises GatewayError: refused as a call of it would be."""
    name = scope["path"].removeprefix(MODEL_PATH)
    passport, named = await named_models(runtime, scope)
    if name not in named:
        console = runtime.config.console_url
        if held := passport.named(name):
            raise not_live(passport, held, datetime.now(UTC), console)
        try:
            raise not_granted(name, await runtime.book.offered(name), console)
        except Unavailable as error:
            raise unavailable(str(error)) from error
    await send_json(send, 200, model_told(name, named[name]))


async def named_models(runtime: Runtime, scope: Scope) -> tuple[Passport, dict[str, RouteRow]]:
    passport, at = await passport_of(runtime, scope)
    named: dict[str, RouteRow] = {}
    for route in passport.live(at):
        named.setdefault(route.name, route)
        named[route.exact_name] = route
    return passport, named


def model_told(name: str, route: RouteRow) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": int(route.starts_at.timestamp()),
        "owned_by": route.publisher,
    }


async def quota(runtime: Runtime, scope: Scope, send: Send) -> None:
    """Each live grant's limits and those beside it: used, held, left, when it resets, what binds first. Raises GatewayError."""
    passport, at = await passport_of(runtime, scope)
    try:
        period = passport.periods.at(at)
    except LookupError:
        runtime.book.forget()
        raise unavailable("the days of budgets are read anew") from None
    live = passport.live(at)
    beside = {route.grant_id: passport.key.levels_of(route.grant_id) for route in live}
    holders = {route.grant_id for route in live} | {row.holder_id for rows in beside.values() for row in rows}
    await runtime.shipper.flush(timeout_s=0.5)  # what has ended no longer counts as held
    try:
        used = await runtime.leases.used(sorted(holders), at)
    except (*DOWN, psycopg.Error) as error:
        raise unavailable(type(error).__name__) from error
    grants = [told(route, beside[route.grant_id], used, at, period) for route in live]
    await send_json(send, 200, {"object": "list", "data": grants})


def told(
    route: RouteRow, beside: list[LevelRow], used: Counted, at: datetime, period: Period
) -> dict[str, Any]:
    """One grant, its own limits first."""
    of_grant = {"scope": "grant", "name": route.name}
    sample = sample_of(route, at)
    limits = [
        of_grant
        | set_by(row)
        | limit(
            kind, row.maximum, *used[route.grant_id].get(kind, (0, 0)), period.resets_at(kind, at), sample
        )
        for kind, row in route.in_force(at).items()
    ]
    for row in beside:
        limits += of_level(row, used, at, period, sample)
    first = min((each for each in limits if each.get("mode", "hard") == "hard"), key=urgency, default=None)
    return {
        "grant": route.grant_id,
        "model": route.name,
        "host": route.host,
        "ends_at": route.ends_at.isoformat(),
        "limits": limits,
        "binds_first": first["kind"] if first else None,
        "binds_first_at": {name: first[name] for name in ("scope", "name")} if first else None,
    }


def set_by(row: LimitRow) -> dict[str, Any]:
    return {"set_by": row.set_by or "a policy", "decision": row.decision_id}


def of_level(
    row: LevelRow, used: Counted, at: datetime, period: Period, sample: Sample
) -> list[dict[str, Any]]:
    return [
        {
            "scope": row.scope,
            "name": row.name,
            "mode": mode,
            "set_by": rule.set_by,
            "since": rule.starts_at.isoformat(),
        }
        | limit(
            kind, rule.maximum, *used[row.holder_id].get(kind, (0, 0)), period.resets_at(kind, at), sample
        )
        for mode in ("hard", "soft")
        for kind, rule in row.in_force(at, mode).items()
    ]


def sample_of(route: RouteRow, at: datetime) -> Sample:
    """A call of 750 tokens that is answered with 250, by the price that counts at `at`."""
    nanos, _ = cost(SAMPLE, route.price(at), at)
    return Sample(SAMPLE.total, nanos or 0)


def limit(
    kind: str, maximum: int, used: int, held: int, ends: datetime | None, sample: Sample
) -> dict[str, Any]:
    """One limit; money as decimal strings of dollars. `share` is used and held of the maximum, 0 to 1.

    `calls_left` is how many more calls like `sample` fit under it now; None where such a call uses nothing of it.
    """
    left = max(0, maximum - used - held)
    amounts = {"maximum": maximum, "used": used, "held": held, "left": left}
    spoken: dict[str, Any] = (
        {key: usd_text(value) for key, value in amounts.items()} if kind.startswith("usd") else dict(amounts)
    )
    share = 1.0 if maximum == 0 else min(1.0, (used + held) / maximum)
    return {
        "kind": kind,
        **spoken,
        "share": round(share, 4),
        "calls_left": sample.fits(kind, left),
        "resets_at": ends.isoformat() if ends else None,
    }


def urgency(told: dict[str, Any]) -> tuple[float, float, str]:
    """A sorting key: the limit under which the fewest further calls fit binds first."""
    calls = told["calls_left"]
    return float("inf") if calls is None else calls, -told["share"], told["kind"]


async def passport_of(runtime: Runtime, scope: Scope) -> tuple[Passport, datetime]:
    at = datetime.now(UTC)
    try:
        passport = await find_passport(runtime, digest_of(scope, runtime.config.console_url), at)
    except Unavailable as error:
        raise unavailable(str(error)) from error
    require_network(runtime, passport.key, scope)
    return passport, at
