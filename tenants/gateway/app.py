"""The gateway as an ASGI application: a table of routes, one way for errors, start and stop."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from tenants.gateway.answer import answer
from tenants.gateway.asgi import Receive, Scope, Send, send_bytes, send_json
from tenants.gateway.config import Config
from tenants.gateway.dialects import BY_PATH, CHAT, DIALECTS
from tenants.gateway.errors import GatewayError
from tenants.gateway.lists import MODEL_PATH, model, models, quota
from tenants.gateway.runtime import Runtime

log = logging.getLogger(__name__)

Handler = Callable[[Scope, Receive, Send], Awaitable[None]]


class Gateway:
    """Authorization hangs on the key alone, never on Host, path spelling or where a call comes from."""

    runtime_class: type[Runtime] = Runtime

    def __init__(self, config: Config) -> None:
        self.runtime = self.runtime_class(config)
        self.routes: dict[str, dict[str, Handler]] = {
            **{dialect.path: {"POST": partial(answer, self.runtime, dialect)} for dialect in DIALECTS},
            "/v1/models": {"GET": self.models},
            MODEL_PATH: {"GET": self.model},
            "/v1/quota": {"GET": self.quota},
            "/healthz": {"GET": self.healthz},
            "/readyz": {"GET": self.readyz},
            "/metrics": {"GET": self.metrics},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.lifespan(receive, send)
            return
        try:
            await self.route(scope)(scope, receive, send)
        except GatewayError as error:
            told = BY_PATH.get(scope["path"], CHAT).error(error)
            await send_json(send, error.status, told, error.headers())

    def route(self, scope: Scope) -> Handler:
        path = scope["path"]
        methods = self.routes.get(MODEL_PATH if path.startswith(MODEL_PATH) else path)
        if methods is None:
            raise GatewayError(
                404, "not_found", f"Nothing is at this address. There is: {', '.join(self.routes)}."
            )
        handler = methods.get(scope["method"])
        if handler is None:
            raise GatewayError(405, "method_not_allowed", f"This address takes {', '.join(methods)}.")
        return handler

    async def models(self, scope: Scope, receive: Receive, send: Send) -> None:
        await models(self.runtime, scope, send)

    async def model(self, scope: Scope, receive: Receive, send: Send) -> None:
        await model(self.runtime, scope, send)

    async def quota(self, scope: Scope, receive: Receive, send: Send) -> None:
        await quota(self.runtime, scope, send)

    async def healthz(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send_json(send, 200, {"ok": True})

    async def readyz(self, scope: Scope, receive: Receive, send: Send) -> None:
        checks, troubles = self.runtime.checks(), self.runtime.troubles
        told = {
            name: {key: value for key, value in check.items() if key != "why" or not check["ok"]}
            for name, check in checks.items()
        }
        status = {
            "ready": not troubles,
            "troubles": troubles,
            "waiting": checks["ledger"]["waiting"],
            "checks": told,
        }
        await send_json(send, 503 if troubles else 200, status)

    async def metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = self.runtime.metrics.text(self.runtime.gauges())
        await send_bytes(send, 200, body, b"text/plain; version=0.0.4")

    async def lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.runtime.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.runtime.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return
