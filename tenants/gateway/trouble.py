"""What went wrong at a host, booked and said in our own words: a host's error may hold what must not be shown."""

import asyncio
import contextlib

import orjson

from tenants.gateway import settle
from tenants.gateway.call import Call
from tenants.gateway.errors import GatewayError
from tenants.gateway.runtime import Runtime
from tenants.gateway.wire import Answer, NotSent
from tenants.usage.charge import Tokens
from tenants.usage.envelope import Outcome

CALLERS_FAULT = (400, 413, 422)
MOST_BYTES = 100_000
MOST_WORDS = 1_000
WORDS_S = 2.0  # how long a host's reason is waited for


def broken(runtime: Runtime, call: Call, error: BaseException) -> GatewayError:
    """The connection failed: before anything was sent, or after, when nobody knows what the host did."""
    host = call.route.host if call.route else "the host"
    sent = call.mark is not None and not isinstance(error, NotSent)
    if not sent:
        found = GatewayError(
            502, "upstream_unreachable", f"{host} cannot be reached. Nothing was charged.", retry_after_s=5
        )
    elif isinstance(error, TimeoutError):
        found = GatewayError(
            504, "upstream_timeout", f"{host} did not answer in time. The call is booked at its worst case."
        )
    else:
        found = GatewayError(
            502,
            "upstream_broken",
            f"{host} broke off. The call is booked at its worst case.",
            retry_after_s=1,
        )
    settle.failed(runtime, call, found.code, found.status, sent=sent)
    return found


def left_alone(host: str, rest_s: float) -> GatewayError:
    """The breaker is open: nothing was sent."""
    return GatewayError(
        503,
        "host_left_alone",
        f"{host} failed again and again and is left alone for a moment. Nothing was charged; try again in "
        f"{max(1, round(rest_s))} s.",
        retry_after_s=max(1.0, rest_s),
    )


async def host_refusal(runtime: Runtime, call: Call, answer: Answer) -> GatewayError:
    """The host answered with an error: nothing was charged. Only what the caller can mend is passed on."""
    assert call.route is not None
    host, status = call.route.host, answer.status
    settle.failed(runtime, call, f"http_{status}", status if status in CALLERS_FAULT else 502, sent=False)
    if status in CALLERS_FAULT:
        said = await words(runtime, call, answer)
        return GatewayError(status, "upstream_rejected", f"{host} rejected the request: {said}")
    if status in (401, 403):
        return GatewayError(
            502, "upstream_credential", f"{host} does not accept Foundry's credential; an admin can renew it."
        )
    if status == 404:
        return GatewayError(
            502, "upstream_model_missing", f"{host} does not know {call.route.host_model_id}."
        )
    if status == 429:
        return GatewayError(
            502, "upstream_busy", f"{host} takes no more calls now.", retry_after_s=seconds(answer)
        )
    return GatewayError(
        502, "upstream_error", f"{host} failed with status {status}.", retry_after_s=seconds(answer)
    )


async def words(runtime: Runtime, call: Call, answer: Answer) -> str:
    """The host's message, without our credential."""
    raw = None
    with contextlib.suppress(OSError):  # a TimeoutError is one, too
        async with asyncio.timeout(WORDS_S):
            raw = await answer.read(MOST_BYTES)
    try:
        said = reason(orjson.loads(raw or b"")["error"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        said = "it gave no reason that can be read."
    return without_credential(runtime, call, said)


def reason(error: object) -> str:
    return str(error["message"] if isinstance(error, dict) else error)


def without_credential(runtime: Runtime, call: Call, said: str) -> str:
    token = call.route.calling_credential if call.route else None
    if token is not None:
        said = said.replace(runtime.upstreams.secret(token), "[credential]")
    return said[:MOST_WORDS]


def seconds(answer: Answer) -> float:
    """The host's retry-after, one second without a usable one."""
    told = answer.header(b"retry-after")
    return float(min(int(told), 3600)) if told.isascii() and told.isdigit() and len(told) < 9 else 1.0


def malformed(runtime: Runtime, call: Call, why: str) -> GatewayError:
    """Status 200 and no completion: nobody knows what the host did."""
    assert call.route is not None
    settle.failed(runtime, call, "upstream_malformed", 502, sent=True)
    return GatewayError(
        502,
        "upstream_malformed",
        f"{call.route.host} answered with {why}. The call is booked at its worst case.",
    )


def failed_midway(runtime: Runtime, call: Call, error: object, tokens: Tokens | None) -> GatewayError:
    """The host told an error inside an answer that had begun: what it reported until then counts, else the worst case."""
    assert call.route is not None
    if tokens is None:
        settle.failed(runtime, call, "upstream_failed_midway", 502, sent=True)
    else:
        row = call.row(Outcome.UPSTREAM_ERROR, code="upstream_failed_midway", status=502, tokens=tokens)
        settle.settle(runtime, call, row)
    try:
        said = without_credential(runtime, call, reason(error))
    except (KeyError, TypeError):
        said = "it gave no reason that can be read."
    return GatewayError(
        502, "upstream_failed_midway", f"{call.route.host} failed in the middle of its answer: {said}"
    )
