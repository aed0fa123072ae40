"""Refusals and failures as a caller gets them: OpenAI's shape, with what, why and what now.

GatewayError
 ├── 400 invalid_request    413 body_too_large
 ├── 401 invalid_api_key
 ├── 403 team_paused, key_paused, key_network,
 │       model_not_granted, grant_ended, grant_suspended, grant_not_started, terms_not_acknowledged, price_unknown
 ├── 404 model_not_found, not_found
 ├── 429 limit.<kind>
 ├── 502 upstream_*, 504 upstream_timeout
 └── 503 unavailable, host_not_callable, host_left_alone, host_paused, offer_paused: it fails closed
"""

from datetime import datetime
from typing import Any

from foundry.lib.units import usd, usd_text
from tenants.keys.passport import KeyRow, PauseRow, RouteRow
from tenants.quotas.limits import Exceeded, Level

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "invalid_request_error",
    429: "rate_limit_exceeded",
}
UNITS = {
    "rpm": "calls this minute",
    "tpm": "tokens this minute",
    "concurrency": "calls at once",
    "tokens_per_day": "tokens today",
    "tokens_per_month": "tokens this month",
    "usd_per_day": "today",
    "usd_per_month": "this month",
}


class GatewayError(Exception):
    """:param retry_after_s: also sent as a header. :param extra: joins the error object."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        retry_after_s: float | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.param = status, code, message, param
        self.retry_after_s, self.extra = retry_after_s, extra or {}

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {
            "message": self.message,
            "type": TYPES.get(self.status, "server_error"),
            "param": self.param,
            "code": self.code,
        }
        if self.retry_after_s is not None:
            error["retry_after_s"] = round(self.retry_after_s, 1)
        return {"error": error | self.extra}

    def headers(self) -> list[tuple[bytes, bytes]]:
        found = []
        if self.retry_after_s is not None:
            found.append((b"retry-after", b"%d" % max(1, -int(-self.retry_after_s // 1))))
        if self.status == 401:
            found.append((b"www-authenticate", b'Bearer realm="foundry"'))
        return found


def invalid(message: str, param: str | None = None) -> GatewayError:
    return GatewayError(400, "invalid_request", message, param=param)


def bad_key(console_url: str, why: str = "") -> GatewayError:
    """One answer for a missing, malformed or unknown key; a known key that ended is told why."""
    reasons = {
        "revoked": "This key was revoked.",
        "expired": "This key has expired.",
        "team_closed": "This key's team is closed.",
    }
    start = reasons.get(why, "No usable key was sent.")
    return GatewayError(
        401,
        "invalid_api_key",
        f"{start} Send `Authorization: Bearer sk-fdy-…` with a live key; make one at {console_url}/keys/.",
    )


def elsewhere(address: str, page: str) -> GatewayError:
    """The key is good, and not for calls from there. Which networks it is for is told to its team only."""
    return GatewayError(
        403,
        "key_network",
        f"This key is not taken from {address or 'an address that cannot be told'}: its team keeps it to networks of "
        f"their own. A member can change them at {page}",
    )


def unavailable(why: str) -> GatewayError:
    """What must be known cannot be known now, so the call is refused."""
    return GatewayError(
        503,
        "unavailable",
        f"The gateway refuses calls until it can check them again: {why}.",
        retry_after_s=1,
    )


def paused(route: RouteRow, pause: PauseRow, at: datetime) -> GatewayError:
    """People took the host or the offer out of use for a while: why, and until when."""
    what = route.host if pause.of == "host" else route.exact_name
    return GatewayError(
        503,
        f"{pause.of}_paused",
        f"{what} is paused until {pause.ends_at:%Y-%m-%d %H:%M} UTC ({pause.reason.rstrip('.')}). Nothing was charged.",
        retry_after_s=(pause.ends_at - at).total_seconds(),
        extra={"paused_until": pause.ends_at.isoformat()},
    )


def paused_caller(key: KeyRow, pause: PauseRow, at: datetime) -> GatewayError:
    """Ops hold back a key or a team for a while. 403, so that clients do not try again by themselves."""
    who = "This key is" if pause.of == "key" else f"All keys of team {key.team} are"
    return GatewayError(
        403,
        f"{pause.of}_paused",
        f"{who} paused until {pause.ends_at:%Y-%m-%d %H:%M} UTC ({pause.reason.rstrip('.')}). Nothing was charged; "
        "ask whoever runs Foundry to lift it sooner.",
        retry_after_s=(pause.ends_at - at).total_seconds(),
        extra={"paused_until": pause.ends_at.isoformat()},
    )


def exceeded(
    limit: Exceeded, *, team: str, name: str, at: datetime, ask_for_more: str, used_by: list[dict[str, Any]]
) -> GatewayError:
    """A limit that a call does not fit under: how much is used and by whom, when it resets, where to ask for more."""
    in_the_way = limit.used + limit.needed <= limit.maximum
    resets = (limit.resets_at - at).total_seconds() if limit.resets_at else 1.0
    used, most = amount(limit.kind, limit.used), amount(limit.kind, limit.maximum)
    message = f"{whose(limit.level, team, name)} used {used} of {most} {UNITS[limit.kind]}{of_what(limit.level, name)}"
    if limit.held:
        message += f", and running calls hold {amount(limit.kind, limit.held)}"
    if limit.kind not in ("rpm", "concurrency"):
        message += f"; this call may need {amount(limit.kind, limit.needed)}"
    if limit.resets_at:
        message += f". It resets at {limit.resets_at:%Y-%m-%d %H:%M:%S} UTC"
    if used_by and "_per_" in limit.kind:
        most_by = used_by[0]
        message += f". Most of it went to {most_by['application']} with key {most_by['key']}… ({most_by['share']:.0%})"
    described: dict[str, Any] = {
        "scope": limit.level.scope if limit.level else "grant",
        "name": limit.level.name if limit.level else name,
        "kind": limit.kind,
        "maximum": limit.maximum,
        "used": limit.used,
        "held": limit.held,
        "needed": limit.needed,
        "resets_at": limit.resets_at.isoformat() if limit.resets_at else None,
        "used_by": used_by,
    }
    if limit.kind.startswith("usd"):
        described |= {key: usd_text(described[key]) for key in ("maximum", "used", "held", "needed")}
    return GatewayError(
        429,
        f"limit.{limit.kind}",
        f"{message}. Ask for more at {ask_for_more}",
        retry_after_s=1.0 if in_the_way else max(0.0, resets),
        extra={"limit": described, "ask_for_more": ask_for_more},
    )


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


def of_what(level: Level | None, name: str) -> str:
    return f" for {name}" if level is None or level.scope == "share" else ""


def amount(kind: str, value: int) -> str:
    """A limit's number as a person reads it; money in dollars."""
    if not kind.startswith("usd"):
        return f"{value:,}"
    return f"${usd(value):,.2f}" if value >= 10_000_000 else f"${usd(value):f}"
