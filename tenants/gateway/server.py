"""An ASGI server for the gateway: callers' connections, start and stop.

A general server spends more on a call than all the gateway's own work (docs/decisions/0063).
"""

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop

from tenants.gateway.asgi import Message, Receive, Scope, Send
from tenants.gateway.caller import Connection, Exchange

GRACE_S, LOOK_S, BACKLOG = 9.0, 5.0, 4096
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Server:
    """:ivar running: what is being answered, also for callers who left."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.loop = asyncio.get_running_loop()
        self.connections: set[Connection] = set()
        self.running: set[Exchange] = set()
        self.stopping = False
        self.stop = asyncio.Event()

    async def run(self, host: str, port: int) -> None:
        """Until SIGTERM or SIGINT; calls that run then get GRACE_S. Raises OSError where it cannot listen."""
        for each in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(each, self.stop.set)
        async with Lifespan(self.application):
            listening = await self.loop.create_server(lambda: Connection(self), host, port, backlog=BACKLOG)
            looking = self.loop.create_task(self.keep_looking())
            await self.stop.wait()
            listening.close()
            await self.finish()
            looking.cancel()

    async def keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            now = time.monotonic()
            for connection in list(self.connections):
                connection.look(now)

    async def finish(self) -> None:
        """Let what runs come to its end, for GRACE_S; what does not is cancelled."""
        self.stopping = True
        for connection in list(self.connections):
            if connection.current is None:
                connection.close()
        until = self.loop.time() + GRACE_S
        while (tasks := self.tasks()) and (left := until - self.loop.time()) > 0:
            await asyncio.wait(tasks, timeout=left)
        if tasks := self.tasks():
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=1)
        for connection in list(self.connections):
            connection.close()

    def tasks(self) -> list[asyncio.Task[None]]:
        return [each.task for each in self.running if each.task is not None]


class Lifespan:
    """Tells the application to start and to stop, and waits until it has. Raises what the application raises."""

    def __init__(self, application: Application) -> None:
        self.asked: asyncio.Queue[str] = asyncio.Queue()
        self.told: asyncio.Queue[str] = asyncio.Queue()
        self.task = asyncio.ensure_future(application({"type": "lifespan"}, self.receive, self.send))

    async def receive(self) -> Message:
        return {"type": f"lifespan.{await self.asked.get()}"}

    async def send(self, message: Message) -> None:
        self.told.put_nowait(message["type"])

    async def ask(self, word: str) -> None:
        self.asked.put_nowait(word)
        told = asyncio.ensure_future(self.told.get())
        await asyncio.wait([told, self.task], return_when=asyncio.FIRST_COMPLETED)
        if not told.done():
            told.cancel()
            await self.task

    async def __aenter__(self) -> None:
        await self.ask("startup")

    async def __aexit__(self, *error: object) -> None:
        await self.ask("shutdown")


def serve(application: Application, host: str, port: int) -> None:
    """Run until SIGTERM."""

    async def main() -> None:
        await Server(application).run(host, port)

    try:
        uvloop.run(main())
    except OSError as error:
        sys.exit(f"Cannot serve at {host}:{port}: {error}")
