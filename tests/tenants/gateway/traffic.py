"""Many calls at once, and the patience that the ledger needs."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import aiohttp

from tenants.quotas.models import Window
from tenants.usage.models import UsageEvent

URL_PATH = "/v1/chat/completions"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """:ivar status: 0 when the connection broke. :ivar body: JSON, or text."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return self.body["error"]["code"] if self.status != 200 and self.status else ""


def question(text: str = "Hello", model: str = "sandbox/echo", **fields: Any) -> dict[str, Any]:
    """A chat completion; `knobs` are the sandbox's."""
    knobs = {f"sandbox_{name}": str(value) for name, value in fields.pop("knobs", {}).items()}
    extra = {"metadata": knobs} if knobs else {}
    return {"model": model, "messages": [{"role": "user", "content": text}]} | extra | fields


def burst(urls: list[str], secret: str | list[str], bodies: list[dict[str, Any]]) -> list[Answer]:
    """Every body at once, dealt out over the gateways at `urls`, and over the keys where there are several."""
    keys = [secret] if isinstance(secret, str) else secret

    async def run() -> list[Answer]:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            asks = (
                ask(session, urls[n % len(urls)] + URL_PATH, body, keys[n // len(urls) % len(keys)])
                for n, body in enumerate(bodies)
            )
            return list(await asyncio.gather(*asks))

    return asyncio.run(run())


async def ask(session: aiohttp.ClientSession, url: str, body: dict[str, Any], secret: str) -> Answer:
    try:
        async with session.post(url, json=body, headers={"authorization": f"Bearer {secret}"}) as answer:
            raw = await answer.read()
            is_json = answer.content_type == "application/json"
            content = await answer.json() if is_json else raw.decode()
            return Answer(answer.status, content, dict(answer.headers))
    except (aiohttp.ClientError, OSError) as error:
        return Answer(0, repr(error), {})


def codes(answers: list[Answer]) -> Counter[str]:
    """How often each outcome came: "" is an answer."""
    return Counter(answer.code if answer.status else "broken" for answer in answers)


def early_in_the_minute(seconds: int = 12) -> None:
    """Wait for the next minute when this one has fewer than `seconds` left."""
    left = 60 - datetime.now(UTC).second
    if left < seconds:
        time.sleep(left + 0.05)


def in_one_minute(run: Callable[[], T]) -> T:
    """What came of it in one minute; run anew, with limits of its own, where the minute ended meanwhile."""
    for _ in range(5):
        early_in_the_minute(8)
        began = datetime.now(UTC).minute
        found = run()
        if datetime.now(UTC).minute == began:
            return found
    raise AssertionError("it takes longer than a minute")


def booked(count: int, **filters: Any) -> list[UsageEvent]:
    """The ledger's rows, as soon as `count` of them are there; what is there after 10 s otherwise."""
    rows, deadline = UsageEvent.objects.filter(**filters), time.monotonic() + 10
    while rows.count() < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return list(rows.order_by("started_at"))


def nothing_held() -> bool:
    """Does every budget's window hold nothing, now or within the seconds after which an idle process gives back?"""
    deadline = time.monotonic() + 5
    while (
        held := Window.objects.exclude(tokens_held=0, usd_nanos_held=0).exists()
    ) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not held


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Does `holds()` become true in that time?"""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return False
