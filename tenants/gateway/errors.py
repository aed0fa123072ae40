"""Refusals and failures as a caller gets them: OpenAI's shape, with what, why and what now.

GatewayError
 ├── 400 invalid_request    413 body_too_large
 ├── 401 invalid_api_key
 ├── 403 team_paused, key_paused, key_network,
 │       model_not_granted, grant_ended, grant_suspended, grant_not_started, terms_not_acknowledged, price_unknown
 ├── 404 model_not_found, not_found
 ├── 429 limit.<kind>
 ├── 500 gateway_failed, gateway_stopped
 ├── 502 upstream_*, 504 upstream_timeout
 └── 503 unavailable, host_not_callable, host_left_alone, host_paused, offer_paused: it fails closed
"""

from datetime import datetime
from typing import Any

from tenants.keys.passport import KeyRow, PauseRow, RouteRow

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "invalid_request_error",
    429: "rate_limit_exceeded",
}


class GatewayError(Exception):
    """:param retry_after_s: also sent as a header. :param extra: joins the error object.

    :param hopeless: the same call will never pass, so that clients are told not to send it again by themselves.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        retry_after_s: float | None = None,
        extra: dict[str, Any] | None = None,
        hopeless: bool = False,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.param = status, code, message, param
        self.retry_after_s, self.extra, self.hopeless = retry_after_s, extra or {}, hopeless

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
        if self.hopeless:
            found.append((b"x-should-retry", b"false"))  # the providers' SDKs heed it
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


def own_failure(call_id: str) -> GatewayError:
    """A fault of the gateway's own."""
    return GatewayError(
        500,
        "gateway_failed",
        f"The gateway failed on this call before it was sent; nothing was charged. Try again, and if it fails again, tell "
        f"whoever runs Foundry its id: {call_id}.",
    )


def paused(route: RouteRow, pause: PauseRow, at: datetime) -> GatewayError:
    """People took the host or the offer out of use for a while: why, and until when."""
    what = route.host if pause.of == "host" else route.exact_name
    return GatewayError(
        503,
        f"{pause.of}_paused",
        f"{what} is paused until {pause.ends_at:%Y-%m-%d %H:%M:%S} UTC ({pause.reason.rstrip('.')}). Nothing was charged.",
        retry_after_s=(pause.ends_at - at).total_seconds(),
        extra={"paused_until": pause.ends_at.isoformat()},
    )


def paused_caller(key: KeyRow, pause: PauseRow, at: datetime) -> GatewayError:
    """Ops hold back a key or a team for a while. 403, so that clients do not try again by themselves."""
    who = "This key is" if pause.of == "key" else f"All keys of team {key.team} are"
    return GatewayError(
        403,
        f"{pause.of}_paused",
        f"{who} paused until {pause.ends_at:%Y-%m-%d %H:%M:%S} UTC ({pause.reason.rstrip('.')}). Nothing was charged; "
        "ask whoever runs Foundry to lift it sooner.",
        retry_after_s=(pause.ends_at - at).total_seconds(),
        extra={"paused_until": pause.ends_at.isoformat()},
    )
