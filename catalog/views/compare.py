"""Two to four offers side by side, with what a month of calls would cost at each. The address is the state."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from catalog import compare, pages
from catalog.filters import OfferFilter
from catalog.forms import VolumeForm
from catalog.models import Offer, OfferQuerySet
from foundry.lib import clock
from foundry.people.access import signed_in

SUGGESTED = 8


@require_safe
@login_required
def side_by_side(request: HttpRequest) -> HttpResponse:
    person, at = signed_in(request), clock.now()
    seen = Offer.objects.seen_by(person).with_reach().with_price_at(at)
    wanted = numbers(request.GET.getlist("offer"))
    rows = {offer.pk: offer for offer in seen.filter(pk__in=wanted).with_names()}
    facts = pages.gather([rows[pk] for pk in wanted if pk in rows], person, at)
    pages.note_sharing(facts)
    form = VolumeForm(request.GET if VolumeForm.is_in(request.GET) else None)
    groups = compare.groups(facts, form.volume, at) if facts else []
    only = request.GET.get("only") == "differences"
    context = {
        "columns": [(each, without(request.GET, each.offer.pk)) for each in facts],
        "groups": [
            (group.title, [row for row in group.lines if row.differs or not only]) for group in groups
        ],
        "form": form,
        "only": only,
        "chosen": request.GET,
        "left_out": len(request.GET.getlist("offer")) > compare.AT_MOST,
        "additions": [] if len(facts) >= compare.AT_MOST else additions(request, facts, seen),
        "askers": pages.askers(person),
    }
    return render(request, "catalog/compare.html", context)


def numbers(texts: Sequence[str]) -> list[int]:
    """The first few offers that the address names, each once, in its order."""
    found = [int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) <= 18]
    return list(dict.fromkeys(found))[: compare.AT_MOST]


def without(query: QueryDict, offer_id: int) -> str:
    """The address with one offer fewer."""
    left = query.copy()
    left.setlist("offer", [text for text in query.getlist("offer") if text != str(offer_id)])
    return f"?{left.urlencode()}"


def additions(
    request: HttpRequest, facts: list[pages.OfferFacts], seen: OfferQuerySet
) -> list[tuple[Offer, str]]:
    """What could stand beside: what a search finds, else other offers of the same models; with its address."""
    search = request.GET.get("q", "").strip()
    if search:
        rows = OfferFilter({"q": search}, queryset=seen).qs
    else:
        rows = seen.listed().filter(model__in={each.offer.model_id for each in facts})
    rows = rows.exclude(pk__in=[each.offer.pk for each in facts]).with_names().reachable_first()
    return [(offer, address(request.GET, offer.pk)) for offer in rows[:SUGGESTED]]


def address(query: QueryDict, offer_id: int) -> str:
    """The address with one offer more, and without the search that found it."""
    more: Any = query.copy()
    more.pop("q", None)
    more.appendlist("offer", str(offer_id))
    return f"?{more.urlencode()}"
