"""A limit that a call does not fit under, as its caller is told: whose, how full, by whom, until when, and what now."""

from datetime import datetime
from typing import Any

from foundry.lib.units import usd, usd_text
from tenants.gateway.choose import more
from tenants.gateway.errors import GatewayError
from tenants.keys.passport import KeyRow, RouteRow
from tenants.quotas.limits import Exceeded, Level

UNITS = {
    "rpm": "calls this minute",
    "tpm": "tokens this minute",
    "concurrency": "calls at once",
    "tokens_per_day": "tokens today",
    "tokens_per_month": "tokens this month",
    "usd_per_day": "today",
    "usd_per_month": "this month",
}


def exceeded(
    limit: Exceeded,
    *,
    key: KeyRow,
    route: RouteRow,
    at: datetime,
    console_url: str,
    used_by: list[dict[str, Any]],
) -> GatewayError:
    """429. A call that is larger than the whole limit is told so: `retry-after` is when the window ends, as ever, and
    `x-should-retry` keeps SDKs from waiting for it."""
    page, remedy = what_now(limit, key, route, at, console_url)
    in_the_way = limit.used + limit.needed <= limit.maximum
    resets = (limit.resets_at - at).total_seconds() if limit.resets_at else 1.0
    return GatewayError(
        429,
        f"limit.{limit.kind}",
        f"{too_full(limit, key.team, route.name, used_by)} {remedy}",
        retry_after_s=1.0 if in_the_way else max(0.0, resets),
        extra={"limit": told(limit, route.name) | {"used_by": used_by}, "ask_for_more": page},
        hopeless=limit.needed > limit.maximum,
    )


def told(limit: Exceeded, name: str) -> dict[str, Any]:
    """The limit as programs read it; money as decimal strings of dollars."""
    described: dict[str, Any] = {
        "scope": limit.level.scope if limit.level else "grant",
        "name": limit.level.name if limit.level else name,
        "kind": limit.kind,
        "maximum": limit.maximum,
        "used": limit.used,
        "held": limit.held,
        "needed": limit.needed,
        "resets_at": limit.resets_at.isoformat() if limit.resets_at else None,
    }
    if limit.kind.startswith("usd"):
        described |= {key: usd_text(described[key]) for key in ("maximum", "used", "held", "needed")}
    return described


def too_full(limit: Exceeded, team: str, name: str, used_by: list[dict[str, Any]]) -> str:
    message = f"{whose(limit.level, team, name)} used {how_full(limit)}{of_what(limit.level, name)}"
    if limit.held:
        message += f", and running calls hold {amount(limit.kind, limit.held)}"
    if limit.kind not in ("rpm", "concurrency"):
        message += f"; this call may need {amount(limit.kind, limit.needed)}"
    if limit.resets_at:
        message += f". It resets at {limit.resets_at:%Y-%m-%d %H:%M:%S} UTC"
    if used_by and "_per_" in limit.kind:
        most_by = used_by[0]
        message += f". Most of it went to {most_by['application']} with key {most_by['key']}… ({most_by['share']:.0%})"
    return f"{message}.{never(limit)}"


def never(limit: Exceeded) -> str:
    if limit.needed <= limit.maximum:
        return ""
    if not limit.maximum:
        return " Nothing ever passes a limit of 0."
    return " This call is larger than the whole limit and never passes it: lower its maximum of answer tokens, or send less."


def what_now(
    limit: Exceeded, key: KeyRow, route: RouteRow, at: datetime, console_url: str
) -> tuple[str, str]:
    """The page where the limit is changed, and a sentence that leads there."""
    level = limit.level
    if level is None:
        page = more(route, console_url)
        return page, f"Ask for more at {page}"
    page = console_url + {
        "organisation": "/limits/",
        "team": f"/teams/{key.team}/limits/",
        "key": f"/keys/{key.key_id}/limits/",
        "share": f"/grants/{route.grant_id}/shares/",
    }.get(level.scope, "/limits/")
    by = {rule.set_by for row in key.levels_of(route.grant_id) if row.holder_id == level.holder_id
          for kind, rule in row.in_force(at, "hard").items() if kind == limit.kind}  # fmt: skip
    return page, f"{' or '.join(sorted(by)) or 'Somebody'} set this limit; see {page}"


def whose(level: Level | None, team: str, name: str) -> str:
    """Who used a limit, as the beginning of a sentence."""
    match level.scope if level else "grant":
        case "organisation":
            return "The organisation has"
        case "team":
            return f"Team {team}, over all its models, has"
        case "key":
            return "This key has"
        case "share":
            return f"{level.name if level else name}'s share of the grant has"
    return f"Team {team} has"


def how_full(limit: Exceeded) -> str:
    return f"{amount(limit.kind, limit.used)} of {amount(limit.kind, limit.maximum)} {UNITS[limit.kind]}"


def of_what(level: Level | None, name: str) -> str:
    return f" for {name}" if level is None or level.scope == "share" else ""


def amount(kind: str, value: int) -> str:
    """A limit's number as a person reads it; money in dollars."""
    if not kind.startswith("usd"):
        return f"{value:,}"
    return f"${usd(value):,.2f}" if value >= 10_000_000 else f"${usd(value):f}"
