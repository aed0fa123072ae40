"""What is paused, and whom a pause hits."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from catalog.models import Host, Offer, Pause
from foundry.lib.spans import Span


def open_of(what: Host | Offer, at: datetime) -> list[Pause]:
    """Pauses of a host or an offer that are in force or planned, the next first."""
    own = {"host": what} if isinstance(what, Host) else {"offer": what}
    return list(Pause.objects.open(at).with_names().filter(**own).order_by("starts_at"))


def of_offers(offers: Iterable[Offer], at: datetime) -> dict[int, list[Pause]]:
    """By offer id its own pauses and its host's, in force or planned, the next first. One query."""
    held = list(Pause.objects.open(at).with_names().order_by("starts_at", "pk"))
    return {
        offer.pk: [each for each in held if each.host_id == offer.host_id or each.offer_id == offer.pk]
        for offer in offers
    }


def in_force(held: Iterable[Pause], at: datetime) -> Pause | None:
    """Of these the one that takes calls away at `at`; of two, the one that lasts longer."""
    now = [pause for pause in held if pause.state(at) == "paused"]
    return max(now, key=lambda pause: pause.ends_at, default=None)


def spans(offer: Offer, since: datetime, at: datetime) -> list[Span]:
    """When no call could reach the offer between the two, by its own pauses and its host's. One query."""
    held = Pause.objects.filter(Q(offer=offer) | Q(host=offer.host_id), starts_at__lt=at, ends_at__gt=since)
    return [(pause.starts_at, pause.over_at) for pause in held]


def impact(what: Host | Offer, at: datetime) -> Any:
    """Whom a pause would hit, as the room that keeps the calls says it: see `settings.IMPACT`."""
    rows = what.offers.all() if isinstance(what, Host) else Offer.objects.filter(pk=what.pk)
    return import_string(settings.IMPACT)(list(rows.values_list("pk", flat=True)), at)


def of_hosts(hosts: Iterable[Host], at: datetime) -> dict[int, Pause]:
    """By host id its pause in force at `at`. One query."""
    held = Pause.objects.at(at).filter(host__in=[host.pk for host in hosts])
    return {pause.host_id: pause for pause in held if pause.host_id}
