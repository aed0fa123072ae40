"""A busy process asks for more of its limits before it has none left, and never for more than there is."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from catalog.models import Offer
from foundry.lib.secrets import digest
from tenants.gateway.admit import choose_route, need_of
from tenants.gateway.answer import begin
from tenants.gateway.config import Config
from tenants.gateway.dialects import CHAT
from tenants.gateway.runtime import Runtime
from tenants.quotas.limits import Exceeded
from tenants.quotas.slices import Held
from tests import make
from tests.servers import Urls
from tests.tenants.gateway.traffic import in_one_minute

pytestmark = pytest.mark.slow
BODY = b'{"model": "sandbox/echo", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9}'
LIMITS = {"rpm": 10**6, "tpm": 10**9, "concurrency": 10**6, "tokens_per_day": 10**10, "usd_per_month": 10**12}
MOST = 3_000


class Process(Runtime):
    """As a gateway, and it counts which calls had to wait for a lease. :ivar ended: by the limit in the way; "" was let in."""

    def __init__(self, folder: Path, urls: Urls, secret: str) -> None:
        super().__init__(Config(urls.gateway_url, folder, "http://console"))
        self.digest, self.ended, self.waits = digest(secret), Counter[str](), 0

    async def start(self) -> None:
        await super().start()
        while self.book.cut_off:
            await asyncio.sleep(0.01)

    async def call(self) -> None:
        call = await begin(self, CHAT, self.digest, {"headers": []})
        call.asked = CHAT.read(BODY)
        await choose_route(self, call)
        assert call.route is not None
        need, version = need_of(call, call.route, call.price), call.passport.version
        held: Held | Exceeded | None = self.leases.take_now(need, version)
        if held is None:
            self.waits += 1
            held = await self.leases.take(need, version)
        if isinstance(held, Exceeded):
            self.ended[held.kind] += 1
            return
        self.ended[""] += 1
        self.leases.settle(held, 60, 0)


def together(processes: list[Process], work: Callable[[Process], Awaitable[None]]) -> None:
    async def main() -> None:
        for each in processes:
            await each.start()
        await asyncio.gather(*map(work, processes))
        for each in processes:
            await each.stop()

    asyncio.run(main())


@pytest.fixture
def offer(committed: Urls) -> Offer:
    host = make.host("sandbox", calling_base_url="http://127.0.0.1:1/v1", is_sandbox=True)
    return make.offer("echo", at=host, of=make.model("echo", by=make.publisher("sandbox")))


def test_a_busy_process_does_not_let_its_calls_wait_for_the_next_lease(
    tmp_path: Path, committed: Urls, offer: Offer
) -> None:
    async def busy(process: Process) -> None:
        for number in range(6_000):
            if number == 2_000:  # by then it asks for as much as it ever does
                process.waits = 0
            await process.call()
            if number % 4 == 0:
                await asyncio.sleep(0.002)

    def run() -> Process:
        process = Process(tmp_path, committed, make.key(make.grant(offer=offer, limits=LIMITS))[1])
        together([process], busy)
        return process

    process = in_one_minute(run)
    assert process.ended == {"": 6_000}
    assert process.waits <= 2  # 4,000 calls are eight leases


def test_three_that_ask_ahead_let_in_exactly_as_many_as_the_limit(
    tmp_path: Path, committed: Urls, offer: Offer
) -> None:
    async def busy(process: Process) -> None:
        for number in range(MOST // 2):
            await process.call()
            if number % 4 == 0:
                await asyncio.sleep(0.002)

    def run() -> Counter[str]:
        _, secret = make.key(make.grant(offer=offer, limits=LIMITS | {"rpm": MOST}))
        processes = [Process(tmp_path, committed, secret) for _ in range(3)]
        together(processes, busy)
        return sum((each.ended for each in processes), Counter[str]())

    assert in_one_minute(run) == {"": MOST, "rpm": 3 * (MOST // 2) - MOST}
