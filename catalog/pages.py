"""What the catalog's pages show, gathered in a fixed number of queries whatever their length."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Min

from catalog import prices
from catalog.models import CapacityPool, Model, Offer, OfferQuerySet, Price
from foundry.people.models import User
from foundry.web.parts import parts


@dataclass(slots=True)
class OfferFacts:
    """One offer with what counts now: its price, its reach, and what other rooms say of it.

    :param sharing: how many listed offers draw on its capacity pool.
    """

    offer: Offer
    price: Price | None
    access: dict[str, Any] = field(default_factory=dict)
    sharing: int = 0

    @property
    def callable(self) -> bool:
        return self.offer.reach.word != "listed"


@dataclass(slots=True)
class ModelFacts:
    """A model with its offers, those that can be called first."""

    model: Model
    offers: list[OfferFacts]

    @property
    def best(self) -> OfferFacts:
        return self.offers[0]

    @property
    def hosts(self) -> list[str]:
        return sorted({facts.offer.host.name for facts in self.offers})

    @property
    def context_tokens(self) -> int | None:
        """What the best offer tells, else what any other tells."""
        return next((told for each in self.offers if (told := each.offer.context_tokens)), None)

    @property
    def cheapest(self) -> Price | None:
        """The lowest known input price among what can be called, else among what is listed."""
        usable = [facts for facts in self.offers if facts.callable == self.best.callable]
        known = [facts.price for facts in usable if facts.price is not None]
        return min(known, key=lambda price: price.input_per_million, default=None)

    @property
    def access(self) -> dict[str, Any]:
        return next((facts.access for facts in self.offers if facts.access), {})


def my_access(offer_ids: list[int], person: User) -> dict[int, dict[str, Any]]:
    """What tenants say beside offers, one call per annotator and page."""
    said: dict[int, dict[str, Any]] = {}
    for annotate in parts(settings.OFFER_ANNOTATORS):
        for offer_id, words in annotate(offer_ids, person).items():
            said.setdefault(offer_id, {}).update(words)
    return said


def gather(offers: Iterable[Offer], person: User, at: datetime) -> list[OfferFacts]:
    """Offers with prices and access."""
    rows = list(offers)
    ids = [offer.pk for offer in rows]
    priced, access = prices.in_force(ids, at), my_access(ids, person)
    return [OfferFacts(offer, priced.get(offer.pk), access.get(offer.pk, {})) for offer in rows]


def note_sharing(facts: list[OfferFacts]) -> None:
    """Count what draws on the pools of these offers; one query."""
    pools = {each.offer.pool_id for each in facts if each.offer.pool_id}
    rows = Offer.objects.listed().filter(pool__in=pools).order_by().values_list("pool")
    counts = dict(rows.annotate(count=Count("pk")))
    for each in facts:
        each.sharing = counts.get(each.offer.pool_id, 0)


def models_in_order(offers: OfferQuerySet) -> Any:
    """Model ids of these offers: what can be called first, then by maker and name."""
    grouped = offers.order_by().values("model_id", "model__publisher__name", "model__name")
    return grouped.annotate(rank=Min("reach_rank")).order_by(
        "rank", "model__publisher__name", "model__name", "model_id"
    )


def model_facts(model_ids: list[int], offers: OfferQuerySet, person: User, at: datetime) -> list[ModelFacts]:
    """The page's models in their order, each with its offers."""
    rows = offers.filter(model_id__in=model_ids).with_names().reachable_first()
    found: dict[int, ModelFacts] = {}
    for facts in gather(rows, person, at):
        found.setdefault(facts.offer.model_id, ModelFacts(facts.offer.model, [])).offers.append(facts)
    return [found[model_id] for model_id in model_ids if model_id in found]


@dataclass(slots=True)
class PoolFacts:
    """Capacity with what shares it and what is promised of it.

    :param allocated_tpm: tokens per minute promised by live grants; None where nobody says.
    """

    pool: CapacityPool
    sharing: int
    allocated_tpm: int | None

    @property
    def headroom_tpm(self) -> int | None:
        """Tokens per minute not promised yet; None where the unit has no known conversion."""
        if self.pool.tpm is None or self.allocated_tpm is None:
            return None
        return self.pool.tpm - self.allocated_tpm


def pool_facts(pools: Iterable[CapacityPool], at: datetime) -> list[PoolFacts]:
    """Pools annotated with `sharing`, with what other rooms promised of them."""
    rows = list(pools)
    allocated: dict[int, int] = {}
    known = False
    for annotate in parts(settings.POOL_ANNOTATORS):
        known = True
        allocated |= annotate([pool.pk for pool in rows], at)
    return [
        PoolFacts(pool, getattr(pool, "sharing", 0), allocated.get(pool.pk, 0) if known else None)
        for pool in rows
    ]
