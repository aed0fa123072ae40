"""What the catalog's pages show, gathered in a fixed number of queries whatever their length."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Case, Count, F, Max, Min, Q, When

from catalog import facets, pauses, price_words, prices
from catalog.connectors.base import BASE_PARTS
from catalog.models import Model, Offer, OfferQuerySet, Pause, Price
from catalog.states import Lifecycle
from foundry.people.models import User
from foundry.web.parts import parts


@dataclass(slots=True)
class OfferFacts:
    """One offer with what counts now: its price, its reach, and what other rooms say of it.

    :param sharing: how many listed offers draw on its capacity pool.
    :param pauses: in force or planned, of the offer or its host; `paused` is the one in force.
    """

    offer: Offer
    price: Price | None
    access: dict[str, Any] = field(default_factory=dict)
    sharing: int = 0
    pauses: list[Pause] = field(default_factory=list)
    paused: Pause | None = None

    @property
    def callable(self) -> bool:
        return self.offer.reach.word != "listed"

    @property
    def base_lines(self) -> list[price_words.PriceLine]:
        """Input, output, cached input: what almost every offer prices, per million tokens."""
        return [line for line in price_words.price_lines(self.price) if line.part in BASE_PARTS]

    @property
    def part_lines(self) -> list[price_words.PriceLine]:
        """What is priced apart, each in its own unit."""
        return [line for line in price_words.price_lines(self.price) if line.part not in BASE_PARTS]

    @property
    def tier_lines(self) -> list[price_words.TierLine]:
        return price_words.tier_lines(self.price)

    @property
    def successor(self) -> str:
        """What follows it, as we know it or as the host names it; empty where nobody says."""
        offer = self.offer
        return str(offer.successor.model) if offer.successor else offer.successor_told

    @property
    def takes_new_use(self) -> bool:
        """Could a team without a grant ask for it?"""
        closed = {Lifecycle.DEPRECATED, Lifecycle.RETIRED}
        return self.callable and not self.offer.hidden and self.offer.lifecycle not in closed


@dataclass(slots=True)
class ModelFacts:
    """A model with its offers, those that can be called first.

    :param context_listed: what any listed offer of the model tells, for where none of these does.
    """

    model: Model
    offers: list[OfferFacts]
    context_listed: int | None = None

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

    @property
    def asked_of(self) -> OfferFacts | None:
        """The offer that a team would ask for first."""
        return next((facts for facts in self.offers if facts.takes_new_use), None)


def askers(person: User) -> list[tuple[str, str]]:
    """(slug, name) of each team for which this person may ask for an offer."""
    return [pair for told in parts(settings.OFFER_ASKERS) for pair in told(person)]


def my_access(offer_ids: list[int], person: User, team: str = "") -> dict[int, dict[str, Any]]:
    """What tenants say beside offers, one call per annotator and page; with `team`, of that team alone."""
    said: dict[int, dict[str, Any]] = {}
    for annotate in parts(settings.OFFER_ANNOTATORS):
        for offer_id, words in annotate(offer_ids, person, team).items():
            said.setdefault(offer_id, {}).update(words)
    return said


def gather(offers: Iterable[Offer], person: User, at: datetime, team: str = "") -> list[OfferFacts]:
    """Offers with prices and access."""
    rows = list(offers)
    ids = [offer.pk for offer in rows]
    priced, access = prices.in_force(ids, at), my_access(ids, person, team)
    facts = [OfferFacts(offer, priced.get(offer.pk), access.get(offer.pk, {})) for offer in rows]
    note_pauses(facts, at)
    return facts


def note_pauses(facts: list[OfferFacts], at: datetime) -> None:
    held = pauses.of_offers([each.offer for each in facts], at)
    for each in facts:
        each.pauses = held[each.offer.pk]
        each.paused = pauses.in_force(each.pauses, at)


def note_sharing(facts: list[OfferFacts]) -> None:
    """Count what draws on the pools of these offers; one query."""
    pools = {each.offer.pool_id for each in facts if each.offer.pool_id}
    rows = Offer.objects.listed().filter(pool__in=pools).order_by().values_list("pool")
    counts = dict(rows.annotate(count=Count("pk")))
    for each in facts:
        each.sharing = counts.get(each.offer.pool_id, 0)


SORTS = [
    ("", "Callable first"),
    ("name", "Name"),
    ("price", "Lowest price"),
    ("context", "Largest context"),
    ("newest", "Newest"),
    ("retirement", "Next retirement"),
]


def facet_rows(offers: OfferQuerySet, at: datetime) -> list[facets.Row]:
    """What the facets count of these offers; two queries."""
    inputs = prices.inputs_at(at)
    rows = offers.order_by().values_list(*facets.COLUMNS)
    return [facets.Row._make((*told, inputs.get(told[0]))) for told in rows]


def models_in_order(offers: OfferQuerySet, sort: str, at: datetime) -> Any:
    """Model ids of these offers, by one of `SORTS`, then by maker and name; what is not known comes last."""
    names = ("model__publisher__name", "model__name", "model_id")
    grouped = offers.order_by().values(*names).annotate(rank=Min("reach_rank"))
    if sort == "name":
        return grouped.order_by("model__name", *names)
    if sort == "price":
        callable_price = Min("input_now", filter=Q(reach_rank=0))
        by = Case(When(rank=0, then=callable_price), default=Min("input_now"))
        return grouped.annotate(by=by).order_by(F("by").asc(nulls_last=True), *names)
    if sort == "context":
        most = Max("context_tokens")
        return grouped.annotate(by=most).order_by(F("by").desc(nulls_last=True), *names)
    if sort == "newest":
        return grouped.annotate(by=Max("first_seen_at")).order_by("-by", *names)
    if sort == "retirement":
        ahead = Min("retires_at", filter=Q(retires_at__gt=at))
        return grouped.annotate(by=ahead).order_by(F("by").asc(nulls_last=True), *names)
    return grouped.order_by("rank", *names)


def model_facts(
    model_ids: list[int], offers: OfferQuerySet, person: User, at: datetime, team: str = ""
) -> list[ModelFacts]:
    """The page's models in their order, each with its offers."""
    rows = offers.filter(model_id__in=model_ids).with_names().reachable_first()
    found: dict[int, ModelFacts] = {}
    for facts in gather(rows, person, at, team):
        found.setdefault(facts.offer.model_id, ModelFacts(facts.offer.model, [])).offers.append(facts)
    listed = Offer.objects.seen_by(person).listed().filter(model_id__in=model_ids).order_by()
    for model_id, most in listed.values_list("model_id").annotate(most=Max("context_tokens")):
        if model_id in found:
            found[model_id].context_listed = most
    return [found[model_id] for model_id in model_ids if model_id in found]
