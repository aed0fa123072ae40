"""A Redis client with short deadlines: a page never hangs because Redis does."""

from functools import cache

import redis


@cache
def connect(url: str) -> redis.Redis:
    """One pooled client per process; each command gives up after a second."""
    return redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1)
