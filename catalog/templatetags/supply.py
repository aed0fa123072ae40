"""What templates of every slice may say of supply, asked where it is shown."""

from collections.abc import Iterable
from typing import Any

from django import template

from catalog import health, pauses
from catalog.models import Host, Offer, Pause
from catalog.pause_forms import LASTS
from foundry.lib import clock
from foundry.people.models import User

register = template.Library()


@register.simple_tag
def open_pauses(what: Host | Offer) -> list[Pause]:
    """Pauses of a host or an offer that are in force or planned. One query."""
    return pauses.open_of(what, clock.now())


@register.simple_tag
def longer() -> list[tuple[int, str]]:
    """By how much a pause can be prolonged: (seconds, words)."""
    return LASTS


@register.filter
def is_now(pause: Pause) -> bool:
    return pause.state(clock.now()) == "paused"


@register.simple_tag
def health_now(hosts: Iterable[Host]) -> dict[int, health.Now]:
    """By host id how it serves now. Three queries."""
    return health.now_of(list(hosts), clock.now())


@register.simple_tag
def host_now(host: Host) -> health.Now:
    return health.now_of([host], clock.now())[host.pk]


@register.simple_tag
def host_history(host: Host, person: User) -> health.History:
    """Ninety days of a host; numbers of calls only for those who see them anyway."""
    return health.histories_of_hosts([host], clock.now(), counts=person.sees_everything)[host.pk]


@register.simple_tag
def offers_history(facts: Iterable[Any], person: User) -> dict[int, health.History]:
    """By offer id ninety days of each offer of a page."""
    offers = [each.offer for each in facts]
    return health.histories_of_offers(offers, clock.now(), counts=person.sees_everything)


@register.filter
def of(found: dict[int, Any], number: int) -> Any:
    """What was found for one row's number."""
    return found.get(number) if isinstance(found, dict) else None


@register.filter
def promised(percent: int) -> str:
    """The over-commit ratio beside a headroom."""
    return "tokens per minute" if percent == 100 else f"tokens per minute, at {percent} %"
