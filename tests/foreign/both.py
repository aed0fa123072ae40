"""The same client twice, at a foreign host itself and at the gateway: what each sends, is told and books is compared."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tenants.usage.models import UsageEvent
from tests.foreign.conftest import World
from tests.foreign.host import CREDENTIAL
from tests.tenants.gateway.traffic import booked

BY_CHANCE = {"id", "call_id", "item_id", "created", "created_at"}  # what the host rolls dice for


@dataclass(slots=True)
class Both:
    """:param make: a client from an address, a key and default headers."""

    world: World
    stack: ExitStack
    make: Callable[[str, str, dict[str, str]], Any]

    def client(self, secret: str = "", url: str = "", **headers: str) -> Any:
        """At the gateway with the key of everything, unless said."""
        made = self.make(url or self.world.gateway.url, secret or self.world.secret, headers)
        return self.stack.enter_context(made)

    def compare(self, way: str, model: str, asked: dict[str, Any], ours: dict[str, Any] | None = None) -> Any:
        """Ask both; what the host was sent, but for `ours`, and what came back is the same, and the ledger agrees.

        :param way: of the client, as `chat.completions`. :param model: publisher/model.
        :returns: the answer, or a stream's events.
        """
        mark = f"direct-{uuid4()}"
        direct = self.client(CREDENTIAL, self.world.host.url, **{"x-client-request-id": mark})
        told, _ = answer(direct, way, model.partition("/")[2], asked)
        through, call_id = answer(self.client(), way, model, asked)
        assert without_chance(through) == without_chance(told)
        sent, alone = self.world.host.sent(call_id), self.world.host.sent(mark)
        assert (sent.path, sent.body) == (alone.path, alone.body | (ours or {}))
        event = booked_call(call_id)
        assert (event.outcome, event.basis, event.streamed) == ("ok", "host", asked.get("stream", False))
        assert counts(event) == usage(through)
        return through


def answer(client: Any, way: str, model: str, asked: dict[str, Any]) -> tuple[Any, str]:
    """What a client was told, as plain data, and the call's id."""
    for name in way.split("."):
        client = getattr(client, name)
    raw = client.with_raw_response.create(model=model, **asked)
    parsed, call_id = raw.parse(), raw.headers.get("x-foundry-call-id", "")
    if asked.get("stream"):
        return [event.model_dump() for event in parsed], call_id
    return parsed.model_dump(), call_id


def without_chance(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: without_chance(value) for name, value in told.items() if name not in BY_CHANCE}
    return [without_chance(each) for each in told] if isinstance(told, list) else told


def usage(told: Any) -> tuple[int, int]:
    """Tokens in and out by an answer, or by the last word of each of a stream's events."""
    found: dict[str, Any] = {}
    for each in told if isinstance(told, list) else [told]:
        whole = each.get("response") or each.get("message") or each
        found |= {name: value for name, value in (whole.get("usage") or {}).items() if value is not None}
    into, out = found.get("prompt_tokens"), found.get("completion_tokens", 0)
    return (into, out) if into is not None else (found["input_tokens"], found["output_tokens"])


def booked_call(call_id: str) -> UsageEvent:
    (event,) = booked(1, call_id=call_id)
    return event


def counts(event: UsageEvent) -> tuple[int, int]:
    return event.tokens_in, event.tokens_out
