"""Who calls in a storm, and what they saw."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.storm.world import MOST_OUT, World

PATH = "/v1/chat/completions"
STREAMED, LEAVE = 25, 2  # of a hundred calls
PATIENCE = aiohttp.ClientTimeout(total=60)


@dataclass(slots=True)
class Seen:
    """:ivar answered: ids of calls with a whole answer. :ivar left: of callers who hung up. :ivar refused: how often, by code."""

    answered: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    broken: int = 0

    def told(self) -> dict[str, Any]:
        return {
            "answered": len(self.answered), "left": len(self.left), "broken": self.broken, "refused": dict(self.refused),
        }  # fmt: skip


class Callers:
    """:ivar done: calls that reached a gateway which could judge them."""

    def __init__(self, world: World, calls: int, chance: random.Random) -> None:
        self.world, self.calls, self.chance = world, calls, chance
        self.seen, self.done = Seen(), 0

    @property
    def over(self) -> bool:
        return self.done >= self.calls

    async def run(self, callers: int) -> None:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=PATIENCE) as session:
            await asyncio.gather(*(self.keep_calling(session) for _ in range(callers)))

    async def keep_calling(self, session: aiohttp.ClientSession) -> None:
        while not self.over:
            try:
                is_call = await self.call(session)
            except aiohttp.ClientConnectorError:
                is_call = False
            except (aiohttp.ClientError, OSError, TimeoutError):
                is_call = True
                self.seen.broken += 1
            if is_call:
                self.done += 1
            else:
                await asyncio.sleep(0.1)

    async def call(self, session: aiohttp.ClientSession) -> bool:
        """False when the gateway could not judge it: PostgreSQL was not there."""
        chance = self.chance
        kind = chance.choices(self.world.kinds, [each.part for each in self.world.kinds])[0]
        streams, leaves = chance.randrange(100) < STREAMED, chance.randrange(100) < LEAVE
        knobs = {"sandbox_tokens_out": str(chance.randint(1, MOST_OUT - 3))}
        if kind.slow or chance.randrange(4) == 0:
            knobs["sandbox_delay_ms"] = str(chance.randint(1, 30 if streams else 300))
        body = {
            "model": "sandbox/echo", "messages": [{"role": "user", "content": "x" * chance.randint(1, 40)}],
            "max_tokens": MOST_OUT, "stream": streams or leaves, "metadata": knobs,
        }  # fmt: skip
        url, headers = chance.choice(self.world.urls) + PATH, {"authorization": f"Bearer {kind.secret}"}
        async with session.post(url, json=body, headers=headers) as answer:
            call_id = answer.headers.get("x-foundry-call-id", "")
            if answer.status != 200:
                self.seen.refused[(await answer.json())["error"]["code"]] += 1
                return answer.status != 503
            if leaves:
                await answer.content.readany()
                self.seen.left.append(call_id)
                answer.close()
            else:
                raw = await answer.read()
                if not streams or raw.endswith(b"data: [DONE]\n\n"):
                    self.seen.answered.append(call_id)
        return True
