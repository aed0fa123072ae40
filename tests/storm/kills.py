"""Who is killed in a storm, and when."""

import asyncio
import random
from collections import Counter

from tests.storm.callers import Callers
from tests.storm.world import World

# How often each is chosen. A gateway is its own shipper.
CHOSEN = {"gateway1": 3, "gateway2": 3, "gateway3": 3, "postgres": 3, "redis": 1, "worker": 1}


class Killer:
    """Kills are spread evenly over the calls; what is killed comes back up to two seconds later."""

    def __init__(
        self, world: World, callers: Callers, kills: int, chance: random.Random, only: str = ""
    ) -> None:
        self.world, self.callers, self.kills, self.chance = world, callers, kills, chance
        self.chosen = {name: often for name, often in CHOSEN.items() if name in (only or name).split(",")}
        self.killed: Counter[str] = Counter()

    async def run(self) -> None:
        each_kind_once = self.chance.sample(list(self.chosen), len(self.chosen))
        for number in range(1, self.kills + 1):
            await self.until(self.callers.calls * number // (self.kills + 1))
            name = (
                each_kind_once.pop()
                if each_kind_once
                else self.chance.choices(list(self.chosen), list(self.chosen.values()))[0]
            )
            await asyncio.to_thread(self.world.kill, name)
            self.killed[name] += 1
            await asyncio.sleep(self.chance.uniform(0, 2))
            await asyncio.to_thread(self.world.restore, name)
        await self.until(self.callers.calls)

    async def until(self, calls: int) -> None:
        while self.callers.done < calls:
            await asyncio.to_thread(self.world.tend)
            await asyncio.sleep(0.05)
