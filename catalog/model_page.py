"""What a model's page shows beside its offers: their lives, their prices over time, who uses them, how to call."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from catalog import lifeline
from catalog.models import Change, Offer, Price
from catalog.pages import OfferFacts
from catalog.states import ChangeState
from foundry.people.models import User
from foundry.web import charts
from foundry.web.parts import parts

LINES_AT_MOST, PRICES_AT_MOST, EVENTS_AT_MOST = 6, 60, 14
Points = list[tuple[datetime, Decimal | None]]


def names_of(offers: Sequence[Offer]) -> dict[int, str]:
    """A short name for each offer: its host's, and what tells it apart from the host's other offers of the model."""
    one_host = len({offer.host_id for offer in offers}) == 1
    return {offer.pk: name_among(offer, offers, one_host=one_host) for offer in offers}


def name_among(offer: Offer, offers: Sequence[Offer], *, one_host: bool) -> str:
    same = [each for each in offers if each.host_id == offer.host_id]
    parts = [
        getattr(offer, name)
        for name in ("sku", "region", "version")
        if len({getattr(each, name) for each in same}) > 1
    ]
    words = [part for part in parts if part]
    return " · ".join(words if one_host and words else [offer.host.name, *words])


def changes_of(offers: Sequence[Offer]) -> dict[int, list[Change]]:
    """Applied changes by offer, newest first; one query."""
    found: dict[int, list[Change]] = defaultdict(list)
    rows = Change.objects.filter(offer__in=[offer.pk for offer in offers], state=ChangeState.APPLIED)
    for change in rows.select_related("host", "offer"):
        found[change.offer_id or 0].append(change)
    return found


def lives(offers: Sequence[Offer], changes: Mapping[int, list[Change]], at: datetime) -> dict[str, Any]:
    """The lanes, and the same in words, the latest first."""
    names = names_of(offers)
    rows = [
        charts.Lane(names[offer.pk], lifeline.spans(offer, changes.get(offer.pk, []), at)) for offer in offers
    ]
    told = [
        event
        for offer in offers
        for event in lifeline.events(offer, changes.get(offer.pk, []), names[offer.pk])
    ]
    told = lifeline.merged(told)
    return {
        "lanes": charts.lanes(rows, now=at, label="Lifecycle by offer"),
        "events": told[:EVENTS_AT_MOST],
        "more_events": max(0, len(told) - EVENTS_AT_MOST),
    }


def price_history(offers: Sequence[Offer], at: datetime) -> dict[str, Any]:
    """Input and output over time for the first few offers, and every price row under them; one query."""
    names = names_of(offers)
    rows: dict[int, list[Price]] = defaultdict(list)
    newest = Price.objects.filter(offer__in=list(names)).order_by("-starts_at", "precedence")
    for price in newest:
        rows[price.offer_id].append(price)
    drawn = [offer for offer in offers if rows[offer.pk]][:LINES_AT_MOST]
    return {
        "charts": [
            (words, charts.steps([(names[each.pk], points(rows[each.pk], part, at)) for each in drawn], until=at,
                                 label=f"{words} in USD per million tokens"))
            for words, part in (("Input", "input_per_million"), ("Output", "output_per_million"))
        ] if drawn else [],
        "left_out": len([offer for offer in offers if rows[offer.pk]]) - len(drawn),
        "prices": [(names[price.offer_id], price) for price in newest[:PRICES_AT_MOST]],
        "prices_left_out": max(0, sum(map(len, rows.values())) - PRICES_AT_MOST),
    }  # fmt: skip


def points(prices: Sequence[Price], part: str, at: datetime) -> Points:
    """From when which amount counted, up to `at`; None from when none did. Neighbours differ."""
    turns = {price.starts_at for price in prices} | {price.ends_at for price in prices if price.ends_at}
    made: Points = []
    for moment in sorted(turn for turn in turns if turn <= at):
        counted = min(
            (each for each in prices if holds(each, moment)), key=lambda each: each.precedence, default=None
        )
        amount = None if counted is None else getattr(counted, part)
        if not made or made[-1][1] != amount:
            made.append((moment, amount))
    return made


def holds(price: Price, moment: datetime) -> bool:
    return price.starts_at <= moment and (price.ends_at is None or price.ends_at > moment)


def users(offers: Sequence[Offer], person: User) -> dict[str, Any]:
    """Who here uses the offers: the first of those the person may see, counts for the rest."""
    names = names_of(offers)
    told = [tell(list(names), person) for tell in parts(settings.OFFER_USERS)]
    return {
        "rows": [row | {"offer": names[row["offer_id"]]} for each in told for row in each["rows"]],
        "more": [(each["more"], each["url"]) for each in told if each["more"]],
        "others": sum(each["others"] for each in told),
    }


def snippets(facts: Sequence[OfferFacts], model: str) -> list[Any]:
    """How to call the model, where anything can be called."""
    if not any(each.callable for each in facts):
        return []
    return [snippet for tell in parts(settings.CALL_SNIPPETS) for snippet in tell(model, None)]
