"""Keep campaigns in step with the catalog: a new date opens one, a moved date moves it, a passed one closes it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef

from catalog.models import Offer, OfferQuerySet
from foundry.lib.errors import Conflict
from tenants.access.models import Grant
from tenants.advice import telling
from tenants.advice.actions import close_campaign, move_date, open_campaign
from tenants.advice.models import Campaign

ACTOR = "watch over retirements"
AHEAD, AFTER = timedelta(days=365), timedelta(days=1)


def follow(at: datetime) -> None:
    """Everything that is due; a second run finds nothing left to do."""
    for offer in newly_retiring(at):
        attempt(partial(open_campaign, offer, actor=ACTOR, at=at))
    for campaign in Campaign.objects.open().with_names():
        step(campaign, at)


def newly_retiring(at: datetime) -> Iterator[Offer]:
    """Offers with a date in the coming year that some team holds, and no open campaign."""
    held = Grant.objects.in_force(at).filter(offer=OuterRef("pk"))
    running = Campaign.objects.open().filter(offer=OuterRef("pk"))
    rows: OfferQuerySet = Offer.objects.filter(
        Exists(held), ~Exists(running), retires_at__gt=at, retires_at__lt=at + AHEAD
    )
    yield from rows.with_names().order_by("retires_at", "pk")


def step(campaign: Campaign, at: datetime) -> None:
    """One campaign: close it, move it, or remind."""
    told = campaign.offer.retires_at
    if told is None:
        attempt(partial(close_campaign, campaign.pk, "the host took the date back", actor=ACTOR, at=at))
    elif told != campaign.retires_at:
        attempt(partial(move_date, campaign.pk, told, actor=ACTOR, at=at))
    elif at > campaign.retires_at + AFTER:
        attempt(partial(close_campaign, campaign.pk, "the offer retired", actor=ACTOR, at=at))
    else:
        with transaction.atomic():
            telling.remind(campaign, at)


def attempt(act: Callable[[], object]) -> None:
    try:
        act()
    except Conflict:
        return  # somebody else did it a moment ago
