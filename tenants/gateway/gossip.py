"""Processes tell each other of a new version of the passports through Redis, for one that the database cannot tell.

Nothing rests on it: who is not cut off listens to the database, and who hears nothing here refuses when its grace is over.
"""

import asyncio
import contextlib

import redis.asyncio as redis
from redis.exceptions import RedisError

from tenants.gateway.book import Book

CHANNEL, PAUSE_S = "foundry:gateway:version", 0.5
DOWN = (RedisError, OSError, ValueError)


class Gossip:
    """:param url: of Redis. Raises ValueError for what is no address of one."""

    def __init__(self, url: str, book: Book) -> None:
        self.book = book
        self.client: redis.Redis = redis.Redis.from_url(url, socket_connect_timeout=1)
        self.telling: set[asyncio.Task[None]] = set()
        book.tell = self.tell

    def tell(self, version: int) -> None:
        task = asyncio.create_task(self.publish(version))
        self.telling.add(task)
        task.add_done_callback(self.telling.discard)

    async def publish(self, version: int) -> None:
        with contextlib.suppress(*DOWN):
            async with asyncio.timeout(1):
                await self.client.publish(CHANNEL, str(version))

    async def listen(self) -> None:
        """Until cancelled; a lost connection is made again."""
        while True:
            with contextlib.suppress(*DOWN):
                async with self.client.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(CHANNEL)
                    async for message in channel.listen():
                        self.book.heard(int(message["data"]))
            await asyncio.sleep(PAUSE_S)

    async def close(self) -> None:
        with contextlib.suppress(*DOWN):
            await self.client.aclose()
