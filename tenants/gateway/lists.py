"""GET /v1/models and GET /v1/quota: what a key may call, and what is left of it."""

from datetime import UTC, datetime
from typing import Any

import psycopg

from foundry.lib.units import usd_text
from tenants.gateway.admit import find_passport
from tenants.gateway.asgi import Scope, Send, send_json
from tenants.gateway.auth import digest_of
from tenants.gateway.errors import unavailable
from tenants.gateway.runtime import Runtime
from tenants.gateway.whence import require_network
from tenants.keys.passport import LevelRow, LimitRow, Passport, RouteRow
from tenants.quotas.limits import Unavailable
from tenants.quotas.periods import Period
from tenants.quotas.store import DOWN

Counted = dict[int, dict[str, tuple[int, int]]]  # holder -> kind -> (used, held)


async def models(runtime: Runtime, scope: Scope, send: Send) -> None:
    """Every live grant's model, by its name and by its exact name. Raises GatewayError."""
    passport, at = await passport_of(runtime, scope)
    live = passport.live(at)
    named: dict[str, RouteRow] = {}
    for route in live:
        named.setdefault(route.name, route)
        named[route.exact_name] = route
    data = [
        {
            "id": name,
            "object": "model",
            "created": int(route.starts_at.timestamp()),
            "owned_by": route.publisher,
        }
        for name, route in sorted(named.items())
    ]
    await send_json(send, 200, {"object": "list", "data": data})


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
    limits = [
        of_grant
        | set_by(row)
        | limit(kind, row.maximum, *used[route.grant_id].get(kind, (0, 0)), period.resets_at(kind, at))
        for kind, row in route.in_force(at).items()
    ]
    for row in beside:
        limits += of_level(row, used, at, period)
    hard = (each for each in limits if each.get("mode", "hard") == "hard")
    first = max(hard, key=lambda each: each["share"], default=None)
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


def of_level(row: LevelRow, used: Counted, at: datetime, period: Period) -> list[dict[str, Any]]:
    return [
        {
            "scope": row.scope,
            "name": row.name,
            "mode": mode,
            "set_by": rule.set_by,
            "since": rule.starts_at.isoformat(),
        }
        | limit(kind, rule.maximum, *used[row.holder_id].get(kind, (0, 0)), period.resets_at(kind, at))
        for mode in ("hard", "soft")
        for kind, rule in row.in_force(at, mode).items()
    ]


def limit(kind: str, maximum: int, used: int, held: int, ends: datetime | None) -> dict[str, Any]:
    """One limit; money as decimal strings of dollars. `share` is used and held of the maximum, 0 to 1."""
    amounts = {"maximum": maximum, "used": used, "held": held, "left": max(0, maximum - used - held)}
    spoken: dict[str, Any] = (
        {key: usd_text(value) for key, value in amounts.items()} if kind.startswith("usd") else dict(amounts)
    )
    share = 1.0 if maximum == 0 else min(1.0, (used + held) / maximum)
    return {"kind": kind, **spoken, "share": round(share, 4), "resets_at": ends.isoformat() if ends else None}


async def passport_of(runtime: Runtime, scope: Scope) -> tuple[Passport, datetime]:
    at = datetime.now(UTC)
    try:
        passport = await find_passport(runtime, digest_of(scope, runtime.config.console_url), at)
    except Unavailable as error:
        raise unavailable(str(error)) from error
    require_network(runtime, passport.key, scope)
    return passport, at
