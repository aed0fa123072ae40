"""One call, one page: where it went, what it was held to, what it cost and by which price row."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from catalog import price_words
from catalog.models import Offer, Price
from foundry.lib.units import PRICE_DECIMALS, cost_nanos, price_units
from foundry.people.access import signed_in
from foundry.people.models import User
from tenants.access.models import Grant
from tenants.keys.models import ApiKey
from tenants.keys.passport import PriceRow
from tenants.keys.rows import amounts, tier_row
from tenants.teams.models import Application, Team
from tenants.usage.charge import MILLION, NO_KINDS, Tokens, priced
from tenants.usage.envelope import BASIS_WORDS, Basis, Outcome
from tenants.usage.held_to import HeldTo, held_to
from tenants.usage.models import UsageEvent, UsageKey
from tenants.usage.words import ending_words, refusal_words

GATEWAY = "gateway"
PER = {"request": MILLION, "web_search": MILLION}  # not tokens: counted in millions
TONES = {
    Outcome.OK: "good",
    Outcome.UPSTREAM_ERROR: "bad",
    Outcome.CANCELLED: "quiet",
    Outcome.REFUSED: "warn",
    Outcome.UNKNOWN: "bad",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What is counted of one kind. :param usd: per `unit`; `nanos` is its share of the cost before rounding."""

    word: str
    count: int
    usd: Decimal
    unit: str
    nanos: int


@dataclass(slots=True)
class CallFacts:
    """A booked call with the rows that it names, as far as they are still there."""

    event: UsageEvent
    team: Team | None = None
    application: Application | None = None
    key: ApiKey | None = None
    grant: Grant | None = None
    offer: Offer | None = None
    price: Price | None = None
    limits: list[HeldTo] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    @property
    def tone(self) -> str:
        return TONES[Outcome(self.event.outcome)]

    @property
    def why(self) -> str:
        words = refusal_words if self.event.outcome == Outcome.REFUSED else ending_words
        return words(self.event.code)

    @property
    def told_difference_nanos(self) -> int | None:
        """By how much the host says more than our price does; negative where it says less."""
        told, ours = self.event.told_nanos, self.event.cost_nanos
        return None if told is None or ours is None else told - ours

    @property
    def basis_words(self) -> str:
        """Whose word the cost rests on; of an estimated one also at what it is charged."""
        event, words = self.event, BASIS_WORDS[Basis(self.event.basis)]
        if event.basis != Basis.ESTIMATED or event.held_tokens is None:
            return words
        if event.tokens_in + event.tokens_out < event.held_tokens:
            return f"{words}, so it is charged at what was sent until it was cut off"
        return f"{words}, so it is charged at its worst case"


def find(call_id: str, person: User, source: str = GATEWAY) -> UsageEvent | None:
    """The call of this id that the person may see. Two queries by primary key and partition."""
    if "\x00" in call_id + source:  # no text that the database holds
        return None
    told = (
        UsageKey.objects.filter(source=source, call_id=call_id).values_list("started_at", flat=True).first()
    )
    if told is None:
        return None
    seen = UsageEvent.objects.seen_by(person)
    return seen.filter(started_at=told, source=source, call_id=call_id).first()


def gather(event: UsageEvent) -> CallFacts:
    """Everything beside the event; one query each and two for limits, none where the event names nothing."""
    facts = CallFacts(event)
    facts.team = Team.objects.filter(pk=event.team_id).first()
    facts.application = Application.objects.filter(pk=event.application_id or 0).first()
    facts.key = ApiKey.objects.filter(pk=event.key_id or 0).first()
    facts.offer = Offer.objects.with_names().filter(pk=event.offer_id or 0).first()
    facts.price = Price.objects.filter(pk=event.price_id or 0).first()
    if event.grant_id is not None:
        facts.grant = (
            Grant.objects.with_names().select_related("decision__by").filter(pk=event.grant_id).first()
        )
    facts.limits = held_to(event)
    if facts.price is not None:
        facts.parts = parts(event, facts.price)
    return facts


def tokens_of(event: UsageEvent) -> Tokens:
    kinds = None if event.kinds is None else (*event.kinds, *NO_KINDS[len(event.kinds) :])
    return Tokens(event.tokens_in, event.tokens_out, event.tokens_cached, event.tokens_reasoning, kinds)


def parts(event: UsageEvent, price: Price) -> list[Part]:
    """How the cost comes together at the call's price row, as the gateway reckons; a tier that was met counts."""
    rows = priced(tokens_of(event), price_row(price), event.started_at)
    return [
        Part(price_words.label(each.kind), each.count // PER.get(each.kind, 1),
             Decimal(each.units).scaleb(-PRICE_DECIMALS), price_words.unit(each.kind), cost_nanos([(each.count, each.units)]))
        for each in rows if each.units or each.kind not in PER
    ]  # fmt: skip


def price_row(price: Price) -> PriceRow:
    """A catalog's price as the gateway reads it."""
    cached = price.cached_input_per_million
    return PriceRow(
        price.pk, price.basis, price.precedence, price.starts_at, price.ends_at, price_units(price.input_per_million),
        price_units(price.output_per_million), None if cached is None else price_units(cached), amounts(price.parts),
        tuple(map(tier_row, price.tiers)),
    )  # fmt: skip


@require_safe
@login_required
def call(request: HttpRequest, call_id: str) -> HttpResponse:
    event = find(call_id, signed_in(request), request.GET.get("source") or GATEWAY)
    if event is None:
        raise Http404
    context: dict[str, Any] = {"facts": gather(event), "event": event}
    return render(request, "usage/call.html", context)


@require_safe
@login_required
def search(request: HttpRequest) -> HttpResponse:
    """Where the id of an answer's `x-foundry-call-id` header leads."""
    wanted = request.GET.get("id", "").strip()[:100]
    if wanted and find(wanted, signed_in(request)):
        return redirect("call", wanted)
    messages.info(
        request,
        f"No call “{wanted}” that you may see is booked; a call shows here within two seconds."
        if wanted
        else "Enter the id that an answer carries as x-foundry-call-id.",
    )
    return redirect("usage")
