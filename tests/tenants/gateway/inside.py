"""A gateway's runtime within the test's own process, for what no caller can see."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tenants.gateway.config import Config
from tenants.gateway.runtime import Runtime
from tests.servers import Urls


@asynccontextmanager
async def inside(urls: Urls, folder: Path) -> AsyncIterator[Runtime]:
    """Started, and it knows the database's version."""
    runtime = Runtime(Config(urls.gateway_url, folder, "http://console"))
    await runtime.start()
    try:
        while runtime.book.cut_off:
            await asyncio.sleep(0.01)
        yield runtime
    finally:
        await runtime.stop()
