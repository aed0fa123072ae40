"""What could follow a retiring offer, side by side: price at the team's own volume, and terms."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from catalog import prices
from catalog.models import Offer, Price
from catalog.states import Lifecycle
from foundry.lib.units import cost_nanos, price_units
from tenants.advice.affected import Volume
from tenants.advice.models import Campaign

AT_MOST = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer that can be called and outlives the other.

    :param cost_nanos: what thirty days' volume would cost there, in nano-dollars; None without a price.
    :param why: why it stands here.
    """

    offer: Offer
    price: Price | None
    cost_nanos: int | None
    why: str


def candidates(campaign: Campaign, volume: Volume, at: datetime) -> list[Candidate]:
    """The named successor first, then the successor's and the same model at other hosts."""
    named, old = campaign.successor, campaign.offer
    models = [old.model_id, *([named.model_id] if named else [])]
    told = [named.pk] if named else []
    rows = (
        Offer.objects.listed().filter(Q(model__in=models) | Q(pk__in=told), hidden=False).exclude(pk=old.pk)
    )
    rows = rows.exclude(lifecycle__in=[Lifecycle.DEPRECATED, Lifecycle.RETIRED, Lifecycle.ANNOUNCED])
    rows = rows.filter(Q(retires_at=None) | Q(retires_at__gt=campaign.retires_at))
    found = [offer for offer in rows.with_names() if offer.reach.word != "listed" or offer.pk in told]
    found.sort(key=lambda offer: (offer.pk not in told, offer.model_id == old.model_id, offer.pk))
    priced = prices.in_force([offer.pk for offer in found], at)
    return [
        Candidate(offer, priced.get(offer.pk), cost_of(volume, priced.get(offer.pk)), why(offer, campaign))
        for offer in found[:AT_MOST]
    ]


def why(offer: Offer, campaign: Campaign) -> str:
    if offer.pk == campaign.successor_id:
        return "Named as successor"
    same_host = offer.host_id == campaign.offer.host_id
    if offer.model_id == campaign.offer.model_id:
        return "The same model in another form" if same_host else "The same model at another host"
    return "The successor in another form" if same_host else "The successor at another host"


def cost_of(volume: Volume, price: Price | None) -> int | None:
    """The same tokens at another price, in nano-dollars; None where that price is unknown."""
    if price is None:
        return None
    cached = price.cached_input_per_million
    per_input = price_units(price.input_per_million)
    return cost_nanos(
        [
            (volume.tokens_in - volume.tokens_cached, per_input),
            (volume.tokens_cached, per_input if cached is None else price_units(cached)),
            (volume.tokens_out, price_units(price.output_per_million)),
        ]
    )
