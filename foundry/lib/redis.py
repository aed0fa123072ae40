"""A Redis client with short deadlines: a page never hangs because Redis does."""

from functools import cache

import redis


@cache
def connect(url: str) -> redis.Redis:
    """One pooled client per process; each command gives up after a second."""
    return redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1)


def broker_url(url: str) -> str:
    """The same Redis in the words of Celery, which names a socket otherwise than redis-py does."""
    if not url.startswith("unix://"):
        return url
    path, _, database = url.removeprefix("unix://").partition("?db=")
    return f"redis+socket://{path}?virtual_host={database or 0}"
