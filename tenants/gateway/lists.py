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
from tenants.keys.passport import RouteRow
from tenants.quotas.limits import Unavailable, resets_at
from tenants.quotas.store import DOWN


async def models(runtime: Runtime, scope: Scope, send: Send) -> None:
    """Every live grant's model, by its name and by its exact name. Raises GatewayError."""
    live, _ = await live_routes(runtime, scope)
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
    """Each live grant's limits: used, held, left, when it resets, and which binds first. Raises GatewayError."""
    live, at = await live_routes(runtime, scope)
    ids = [route.grant_id for route in live]
    await runtime.shipper.flush(timeout_s=0.5)  # what has ended no longer counts as held
    try:
        used = await runtime.leases.used(ids, at)
    except (*DOWN, psycopg.Error) as error:
        raise unavailable(type(error).__name__) from error
    grants = []
    for route in live:
        limits = [
            limit(kind, most, *used[route.grant_id].get(kind, (0, 0)), at)
            for kind, most in route.maxima(at).items()
        ]
        first = max(limits, key=lambda each: each["share"], default=None)
        grants.append(
            {
                "grant": route.grant_id,
                "model": route.name,
                "host": route.host,
                "ends_at": route.ends_at.isoformat(),
                "limits": limits,
                "binds_first": first["kind"] if first else None,
            }
        )
    await send_json(send, 200, {"object": "list", "data": grants})


def limit(kind: str, maximum: int, used: int, held: int, at: datetime) -> dict[str, Any]:
    """One limit; money as decimal strings of dollars. `share` is used and held of the maximum, 0 to 1."""
    ends, amounts = (
        resets_at(kind, at),
        {"maximum": maximum, "used": used, "held": held, "left": max(0, maximum - used - held)},
    )
    spoken: dict[str, Any] = (
        {key: usd_text(value) for key, value in amounts.items()} if kind.startswith("usd") else dict(amounts)
    )
    share = 1.0 if maximum == 0 else min(1.0, (used + held) / maximum)
    return {"kind": kind, **spoken, "share": round(share, 4), "resets_at": ends.isoformat() if ends else None}


async def live_routes(runtime: Runtime, scope: Scope) -> tuple[list[RouteRow], datetime]:
    at = datetime.now(UTC)
    try:
        passport = await find_passport(runtime, digest_of(scope, runtime.config.console_url), at)
    except Unavailable as error:
        raise unavailable(str(error)) from error
    return passport.live(at), at
