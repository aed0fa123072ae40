"""Many callers, one question at a time: what gathers while one batch is under way goes together in the next."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")


class Batcher(Generic[Ask, Answer]):
    """Calls `run` with what waits, never twice at once; each caller gets its own answer or the batch's error.

    :param most: per batch.
    """

    def __init__(self, run: Callable[[list[Ask]], Awaitable[list[Answer]]], most: int = 256) -> None:
        self.run, self.most = run, most
        self.waiting: list[tuple[Ask, asyncio.Future[Answer] | None]] = []
        self.task: asyncio.Task[None] | None = None

    async def __call__(self, ask: Ask) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.add(ask, future)
        return await asyncio.shield(future)

    def post(self, ask: Ask) -> None:
        """Ask without waiting for the answer."""
        self.add(ask, None)

    def add(self, ask: Ask, future: "asyncio.Future[Answer] | None") -> None:
        self.waiting.append((ask, future))
        if self.task is None:
            self.task = asyncio.create_task(self.work())

    async def drain(self) -> None:
        """Return when nothing waits any more."""
        while self.task is not None:
            await asyncio.wait([self.task])

    async def work(self) -> None:
        try:
            while self.waiting:
                batch, self.waiting = self.waiting[: self.most], self.waiting[self.most :]
                await self.answer(batch)
        finally:
            self.task = None

    async def answer(self, batch: "list[tuple[Ask, asyncio.Future[Answer] | None]]") -> None:
        try:
            answers = await self.run([ask for ask, _ in batch])
        except Exception as error:  # noqa: BLE001  (every caller of the batch gets it)
            for _, future in batch:
                if future is not None:
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if future is not None:
                future.set_result(answer)
