"""A fault of the gateway's own is told as one, under the call's id, and is in the ledger."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import orjson
import pytest

from catalog.models import Offer
from tenants.gateway.answer import answer
from tenants.gateway.asgi import Message
from tenants.gateway.dialects import CHAT, MESSAGES
from tests import make
from tests.servers import Urls
from tests.tenants.gateway.inside import inside
from tests.tenants.gateway.traffic import booked, nothing_held

pytestmark = pytest.mark.slow
BODY = b'{"model": "no/such", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9}'


class Caller:
    gone = False

    def body(self) -> bytes:
        return BODY


@pytest.mark.parametrize("dialect", [CHAT, MESSAGES], ids=["chat", "messages"])
def test_what_fails_before_a_call_is_sent_is_answered_in_its_dialect_and_booked(
    tmp_path: Path,
    committed: Urls,
    offer: Offer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    dialect: Any,
) -> None:
    _, secret = make.key(make.grant(offer=offer))
    sent: list[Message] = []

    async def fails(name: str) -> bool:
        raise ValueError("a fault")

    async def receive() -> Message:
        raise AssertionError("the body is at hand already")

    async def send(message: Message) -> None:
        sent.append(message)

    async def main() -> None:
        async with inside(committed, tmp_path) as runtime:
            monkeypatch.setattr(runtime.book, "offered", fails)
            head = [(b"authorization", f"Bearer {secret}".encode())]
            scope = {"headers": head, "caller": Caller(), "client": ("127.0.0.1", 1), "path": dialect.path}
            await answer(runtime, dialect, scope, receive, send)

    with caplog.at_level(logging.ERROR):
        asyncio.run(main())
    (event,) = booked(1)
    assert (event.outcome, event.code, event.cost_nanos) == ("refused", "gateway_failed", 0)
    start, body = sent[0], orjson.loads(b"".join(each.get("body", b"") for each in sent))
    assert start["status"] == 500
    assert (b"x-foundry-call-id", event.call_id.encode()) in start["headers"]
    assert event.call_id in body["error"]["message"]
    assert f"call {event.call_id} failed" in caplog.text
    assert nothing_held()
