"""A gateway is killed with `kill -9` in the middle of 500 calls. The oracle is the upstream's own synced log.

Every call that was answered is in the ledger once, with the upstream's numbers; every call that the upstream
served is there once; what cannot be known is one visible *unknown* row; budgets equal the ledger. The same
test, with each of three planted bugs, must fail.
"""

import asyncio
import json
import time
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from tenants.usage.models import UsageEvent
from tenants.usage.verify import verify
from tests import make, processes
from tests.servers import Urls
from tests.tenants.gateway.traffic import URL_PATH, nothing_held, question

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
CALLS, KILL_AFTER, HANG_UPS = 500, 150, 20


@dataclass(slots=True)
class Seen:
    """What the callers saw. :ivar answered: call ids with a whole answer. :ivar left: ids of those who hung up."""

    answered: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def test_nothing_is_lost_or_doubled_when_a_gateway_is_killed(killed: "Story") -> None:
    seen = killed.run()
    assert faults(seen, killed.served()) == []
    unknown = UsageEvent.objects.filter(outcome="unknown")
    assert unknown.count() > 50
    assert {event.basis for event in unknown} == {"estimated"}
    assert KILL_AFTER <= len(seen.answered) < CALLS


@pytest.mark.parametrize(
    ("bug", "shows_as"),
    [
        ("charged_before_sent", "was answered: served"),
        ("shipped_twice", "is booked 2 times"),
        ("dropped_on_hang_up", "was answered: served"),
    ],
)
def test_a_planted_bug_is_found(killed: "Story", bug: str, shows_as: str) -> None:
    killed.module, killed.environment = "tests.tenants.gateway.planted", {"FOUNDRY_PLANT": bug}
    assert any(shows_as in fault for fault in faults(killed.run(), killed.served()))


def faults(seen: Seen, served: dict[str, tuple[int, int]]) -> list[str]:
    """What the ledger says otherwise than the callers and the upstream saw."""
    rows = list(UsageEvent.objects.exclude(outcome="refused"))
    times, booked = Counter(row.call_id for row in rows), {row.call_id: row for row in rows}
    found = [f"{call} is booked {number} times" for call, number in times.items() if number > 1]
    found += [f"{call} was served and is not booked" for call in served.keys() - booked.keys()]
    found += [f"{call} is booked as {row.outcome} and was never served" for call, row in booked.items()
              if row.outcome in ("ok", "cancelled") and call not in served]  # fmt: skip
    for call in [*seen.answered, *seen.left]:
        row = booked.get(call)
        if row is None or (row.tokens_in, row.tokens_out) != served.get(call):
            found.append(
                f"{call} was answered: served {served.get(call)}, booked {row and (row.tokens_in, row.tokens_out)}"
            )
    found += [f"{proof.name}: {line}" for proof in verify() for line in proof.differing]
    return found + ([] if nothing_held() else ["something is still held"])


@dataclass(slots=True)
class Story:
    """Twenty callers hang up; 500 call at once; after 150 answers the gateway dies; another one takes over."""

    folder: Path
    urls: Urls
    secret: str
    module: str = "tenants.gateway"
    environment: dict[str, str] = field(default_factory=dict)

    def run(self) -> Seen:
        seen = Seen()
        with self.gateway() as first:
            asyncio.run(self.hang_up(first, seen))
            time.sleep(1.5)
            asyncio.run(self.call(first, seen))
        with self.gateway() as second:
            self.wait_for_takeover(second)
        return seen

    def gateway(self) -> AbstractContextManager[processes.Server]:
        return processes.gateway(self.folder, self.urls.gateway_url, self.module, **self.environment)

    def served(self) -> dict[str, tuple[int, int]]:
        """The oracle: tokens in and out of every call that the upstream served, by call id."""
        lines = [json.loads(line) for line in (self.folder / "served.jsonl").read_text().splitlines()]
        return {line["call_id"]: (line["tokens_in"], line["tokens_out"]) for line in lines}

    async def hang_up(self, gateway: processes.Server, seen: Seen) -> None:
        body = question("Tell me more", stream=True, max_tokens=40, knobs={"tokens_out": 30, "delay_ms": 20})
        async with self.session() as session:
            for _ in range(HANG_UPS):
                answer = await session.post(gateway.url + URL_PATH, json=body)
                await answer.content.readany()
                seen.left.append(answer.headers["x-foundry-call-id"])
                answer.close()

    async def call(self, gateway: processes.Server, seen: Seen) -> None:
        async with self.session() as session:
            tasks = [
                asyncio.create_task(self.one(session, gateway.url, number, seen)) for number in range(CALLS)
            ]
            while len(seen.answered) < KILL_AFTER:
                await asyncio.sleep(0.002)
            gateway.kill()
            await asyncio.gather(*tasks)

    async def one(self, session: aiohttp.ClientSession, url: str, number: int, seen: Seen) -> None:
        """One call; every third streams; the host takes up to a second."""
        knobs = {"tokens_out": 1 + number % 17, "delay_ms": 0 if number % 3 == 0 else number * 7 % 1000}
        body = question(f"Question {number}", stream=number % 3 == 0, max_tokens=20, knobs=knobs)
        try:
            async with session.post(url + URL_PATH, json=body) as answer:
                raw = await answer.read()
                if answer.status == 200 and (not body["stream"] or raw.endswith(b"data: [DONE]\n\n")):
                    seen.answered.append(answer.headers["x-foundry-call-id"])
        except (aiohttp.ClientError, OSError):
            return

    def session(self) -> aiohttp.ClientSession:
        headers = {"authorization": f"Bearer {self.secret}"}
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers)

    def wait_for_takeover(self, gateway: processes.Server) -> None:
        spool, deadline = self.folder / "spool", time.monotonic() + 20
        while len(list(spool.glob("*.lock"))) > 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(list(spool.glob("*.lock"))) == 1, gateway.log.read_text()[-3000:]


@pytest.fixture
def killed(committed: Urls, tmp_path: Path, offer: object) -> Story:
    grant = make.grant(offer=offer, limits={"tokens_per_month": 10**9, "usd_per_month": 10**13})
    _, secret = make.key(grant)
    return Story(tmp_path, committed, secret)
