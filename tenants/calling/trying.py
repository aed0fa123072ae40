"""One call through the real gateway with a key that a person pastes. Key, prompt and answer are kept nowhere."""

import json
import re
import time
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from django.conf import settings

from foundry.lib.errors import Invalid
from foundry.lib.http import Answer, Bounds, GuardedClient, OutwardError
from foundry.people.models import User
from tenants.access.models import Grant
from tenants.usage.calls import find
from tenants.usage.models import UsageEvent

KEY = re.compile(r"sk-fdy-[A-Za-z0-9_-]{16,200}")
MOST_PROMPT, MOST_OUT, TAG = 4_000, 512, "console-try"
BOOKED_WITHIN_S, PAUSE_S = 2.0, 0.1
# The address is the operators' own setting, never a person's word, so it may be anywhere.
ANYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
BOUNDS = Bounds(body_bytes=1 << 20, deadline_s=90, read_s=90, attempts=1)


@dataclass(frozen=True, slots=True)
class Tried:
    """:param status: 0 where the gateway did not answer. :param event: the booked call, None while it is not there."""

    status: int
    words: str
    call_id: str = ""
    code: str = ""
    event: UsageEvent | None = None

    @property
    def is_answer(self) -> bool:
        return self.status == 200


def try_call(grant: Grant, secret: str, prompt: str, person: User) -> Tried:
    """Ask the grant's offer. Raises Invalid for what cannot be sent; the message repeats none of it."""
    if not KEY.fullmatch(secret):
        raise Invalid("try.key", "That is no key.", remedy="Paste the whole of it; it begins with sk-fdy-.")
    if not prompt.strip() or len(prompt) > MOST_PROMPT:
        raise Invalid("try.prompt", f"A prompt has 1 to {MOST_PROMPT:,} characters.", remedy="Shorten it.")
    try:
        answer = ask(body_of(grant, prompt), secret)
    except OutwardError:
        return Tried(0, f"The gateway at {settings.GATEWAY_URL} did not answer. Is it running?")
    words, code = said(answer)
    call_id = answer.headers.get("x-foundry-call-id", "")
    return Tried(answer.status, words, call_id, code, booked(call_id, person) if call_id else None)


def body_of(grant: Grant, prompt: str) -> dict[str, Any]:
    most = "max_completion_tokens" if grant.offer.model.publisher.slug == "openai" else "max_tokens"
    return {"model": grant.offer.call_name, "messages": [{"role": "user", "content": prompt}], most: MOST_OUT}


def ask(body: dict[str, Any], secret: str) -> Answer:
    headers = {"authorization": f"Bearer {secret}", "content-type": "application/json", "x-foundry-tag": TAG}
    url = f"{settings.GATEWAY_URL}/v1/chat/completions"
    with GuardedClient(settings.GATEWAY_URL, headers=headers, trusted=ANYWHERE, bounds=BOUNDS) as client:
        return client.exchange(url, json.dumps(body).encode())


def said(answer: Answer) -> tuple[str, str]:
    """The answer's text, or the refusal's words and code."""
    try:
        told = json.loads(answer.body)
        if answer.status == 200:
            return str(told["choices"][0]["message"].get("content") or ""), ""
        return str(told["error"]["message"]), str(told["error"].get("code") or "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return "The answer cannot be read here.", ""


def booked(call_id: str, person: User) -> UsageEvent | None:
    """The call in the ledger, as soon as it is there."""
    until = time.monotonic() + BOOKED_WITHIN_S
    while (event := find(call_id, person)) is None and time.monotonic() < until:
        time.sleep(PAUSE_S)
    return event
