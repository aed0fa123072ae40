"""One call in whichever dialect: admit, forward, settle, answer. Each call of a live key ends in exactly one line."""

import logging
from datetime import UTC, datetime
from urllib.parse import urlencode

from tenants.gateway import settle
from tenants.gateway.admit import admit, find_passport
from tenants.gateway.asgi import Gone, Receive, Scope, Send, TooLarge, read_body, send_json
from tenants.gateway.auth import digest_of
from tenants.gateway.call import Call
from tenants.gateway.dialects import Dialect
from tenants.gateway.errors import GatewayError, own_failure, unavailable
from tenants.gateway.forward import forward
from tenants.gateway.headers import call_headers
from tenants.gateway.runtime import Runtime
from tenants.gateway.spool import SpoolFull
from tenants.gateway.stream import send_error
from tenants.gateway.tags import tag_of
from tenants.gateway.trouble import broken
from tenants.gateway.whence import require_network
from tenants.quotas.limits import Unavailable

log = logging.getLogger(__name__)


async def answer(runtime: Runtime, dialect: Dialect, scope: Scope, receive: Receive, send: Send) -> None:
    """One call. Raises GatewayError before a key is known; everything later is answered and booked here."""
    call = await begin(runtime, dialect, digest_of(scope, runtime.config.console_url), scope)
    runtime.metrics.running += 1
    try:
        require_network(runtime, call.passport.key, scope)
        call.told = dialect.heard(scope)
        if runtime.tracing is not None:
            call.told = call.told | runtime.tracing.begin(call, scope)
        if tag := tag_of(scope):
            call.tag = await runtime.tags.counted(call.passport.key.team_id, tag, call.at)
        body = scope["caller"].body()
        if body is None:
            body = await read_body(receive, runtime.config.body_bytes)
        elif len(body) > runtime.config.body_bytes:
            raise TooLarge
        call.asked = dialect.read(body)
        await admit(runtime, call)
        await forward(runtime, call, scope["caller"], send)
    except Gone:
        settle.refused(runtime, call, "client_closed", 499)
    except TooLarge:
        most = runtime.config.body_bytes >> 20
        await refuse(
            runtime, call, send, GatewayError(413, "body_too_large", f"The body is larger than {most} MB.")
        )
    except GatewayError as error:
        await refuse(runtime, call, send, error)
    except SpoolFull:
        await refuse(runtime, call, send, unavailable("its disk takes no more records of calls"))
    except OSError as error:  # a TimeoutError is one, too
        await refuse(runtime, call, send, broken(runtime, call, error))
    except (
        Exception
    ):  # a fault of the gateway's own: the caller gets an answer and the ledger its row all the same
        abandon(runtime, call, "gateway_failed")
        if call.mark is not None:
            raise
        log.exception("call %s failed before it was sent", call.id)
        await refuse(runtime, call, send, own_failure(call.id))
    except BaseException:
        abandon(runtime, call, "gateway_stopped")
        raise
    finally:
        runtime.metrics.running -= 1


async def begin(runtime: Runtime, dialect: Dialect, digest: bytes, scope: Scope) -> Call:
    """A call of a live key. Raises GatewayError 401, 503."""
    at = datetime.now(UTC)
    try:
        return Call(await find_passport(runtime, digest, at), digest, dialect, at, scope=scope)
    except Unavailable as error:
        raise unavailable(str(error)) from error


async def refuse(runtime: Runtime, call: Call, send: Send, error: GatewayError) -> None:
    """Book the call as refused, unless it is booked already, and say why."""
    settle.refused(runtime, call, error.code, error.status)
    if call.answering:
        await send_error(send, call, error)
        return
    if call.asked is not None:
        asked = {"key": call.passport.key.key_id, "model": call.asked.model, "dialect": call.dialect.name}
        error.extra["explain"] = f"{runtime.config.console_url}/explain/?{urlencode(asked)}"
    extra = [*call_headers(call), *error.headers()]
    await send_json(send, error.status, call.dialect.error(error), extra)


def abandon(runtime: Runtime, call: Call, code: str) -> None:
    """The process is stopping, or wrong: what was sent is unknown, what was not sent never happened."""
    if call.mark is not None:
        settle.failed(runtime, call, code, 500, sent=True)
    else:
        settle.refused(runtime, call, code, 500)
