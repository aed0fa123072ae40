"""Tell people: rows in the transaction of the act itself, sent by workers after it is committed."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from foundry.notify.models import Channel, Delivery, Event, Hook, Notice, Preference, Preset
from foundry.people.models import User

DIGEST_HOUR = 7  # UTC


def tell(
    kind: str,
    *,
    key: str,
    title: str,
    url: str,
    text: str = "",
    to: Iterable[User] = (),
    also: Iterable[User] = (),
    scope: str = "",
    data: dict[str, Any] | None = None,
    at: datetime,
) -> Event | None:
    """Write down that people should know; None when they were told under this `key` before.

    :param kind: `<noun>.<verb>`, as hooks choose by it.
    :param key: what makes it one event, for example `request.approve:17`.
    :param to: people whose own matter it is; `also`: others who may want to know.
    :param url: path of the page where the next step is.
    """
    assert connection.in_atomic_block, "tell() belongs inside the action's transaction"
    event, new = Event.objects.get_or_create(
        key=key[:200],
        defaults={
            "kind": kind, "title": title[:200], "text": text, "url": url, "scope": scope, "data": data or {}, "at": at,
        },
    )  # fmt: skip
    if not new:
        return None
    mine = {person.pk: person for person in to if person.is_active}
    others = {person.pk: person for person in also if person.is_active and person.pk not in mine}
    Notice.objects.bulk_create(
        Notice(event=event, person=person, mine=person.pk in mine)
        for person in [*mine.values(), *others.values()]
    )
    Delivery.objects.bulk_create([*mails(event, set(mine), set(others)), *calls(event)])
    transaction.on_commit(wake)
    return event


def mails(event: Event, mine: set[int], others: set[int]) -> list[Delivery]:
    """By each person's preset; none where the house has no mail server."""
    if not settings.MAIL_ON:
        return []
    chosen = dict(Preference.objects.filter(person__in=mine | others).values_list("person_id", "preset"))
    found = []
    for person_id in sorted(mine | others):
        preset = chosen.get(person_id, Preset.MINE)
        if preset == Preset.DIGEST:
            due, channel = next_digest(event.at), Channel.DIGEST
        elif preset == Preset.ALL or person_id in mine:
            due, channel = event.at, Channel.MAIL
        else:
            continue
        found.append(Delivery(event=event, channel=channel, person_id=person_id, due_at=due))
    return found


def calls(event: Event) -> list[Delivery]:
    hooks = Hook.objects.filter(disabled_at=None)
    return [
        Delivery(event=event, channel=Channel.HOOK, hook=hook, due_at=event.at)
        for hook in hooks
        if hook.wants(event)
    ]


def next_digest(at: datetime) -> datetime:
    today = at.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return today if at < today else today + timedelta(days=1)


def wake() -> None:
    """Let a worker look at once; without a broker the minute's sweep finds the rows."""
    from foundry.notify.tasks import wake_worker

    wake_worker()
