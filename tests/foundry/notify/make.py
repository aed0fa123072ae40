"""Events told to people, and hooks, for tests."""

from datetime import datetime
from itertools import count
from typing import Any

from django.db import transaction

from foundry.lib import clock
from foundry.notify.actions import HookFacts, add_hook
from foundry.notify.models import Event, Hook
from foundry.notify.outbox import tell
from foundry.people.models import User
from tests import make

_numbers = count(1)


def told(*to: User, also: tuple[User, ...] = (), at: datetime | None = None, **more: Any) -> Event:
    """A new event, told and committed."""
    facts: dict[str, Any] = {
        "kind": "request.approve", "key": f"test:{next(_numbers)}", "title": "Ada approved grok-3", "url": "/requests/1/",
    }  # fmt: skip
    with transaction.atomic():
        event = tell(**(facts | more), to=to, also=also, at=at or clock.now())
    assert event is not None
    return event


def hook(url: str, kind: str = "webhook", **facts: Any) -> tuple[Hook, str]:
    name = facts.pop("name", f"hook {next(_numbers)}")
    return add_hook(
        HookFacts(name, kind, url, trusted_networks=("127.0.0.1/32",), **facts),
        actor=make.person(roles=("admin",)),
        at=clock.now(),
    )
