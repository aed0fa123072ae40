"""The catalog as everybody sees it: models, their offers side by side."""

import re
from collections.abc import Mapping

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from catalog import actions, facets, model_page, pages
from catalog.filters import OfferFilter
from catalog.forms import PriceForm
from catalog.models import Change, Model, Offer, OfferQuerySet
from catalog.states import ChangeKind
from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role, User
from foundry.web.confirm import ask_first, toll_of

PER_PAGE = 24  # whole rows of two, three and four cards
VIEWS = ("table", "cards")
NARROWING = ("q", "team", "model", "max_price", *(facet.name for facet in facets.FACETS))
CHANGES_AT_MOST = 12
CALL_ID = re.compile(r"[0-9a-f]{32}")  # as answers carry it in x-foundry-call-id; no model is called so


def seen(request: HttpRequest) -> OfferQuerySet:
    return Offer.objects.seen_by(signed_in(request)).with_reach().with_price_at(clock.now())


@require_safe
@login_required
def catalog(request: HttpRequest) -> HttpResponse:
    """Models with their offers, 24 a page; it opens on what is usable here. A search in the page swaps its part."""
    person, at = signed_in(request), clock.now()
    if CALL_ID.fullmatch(searched := request.GET.get("q", "").strip()):
        return to_call(request, searched)
    wanted = request.GET.copy()
    if not {"show", "reach"} & set(wanted):
        wanted["show"] = "usable"
    found = OfferFilter(wanted, queryset=seen(request))
    rows = found.qs if found.form.is_valid() else seen(request).none()
    counted = counts(request, found)
    sort, team = request.GET.get("sort", ""), request.GET.get("team", "")
    paginator = Paginator(pages.models_in_order(rows, sort, at), PER_PAGE)
    if found.form.is_valid():
        paginator.count = counted.models
    page = paginator.get_page(request.GET.get("page"))
    ids = [row["model_id"] for row in page.object_list]
    context = {
        "page": page,
        "models": pages.model_facts(ids, rows, person, at, team),
        "filter": found,
        "chosen": request.GET,
        "kept": [(name, value) for name, value in request.GET.items() if value and name not in {"q", "page"}],
        "narrowed": any(request.GET.get(name) for name in NARROWING),
        "show": wanted.get("show", "all"),
        "tabs": tabs(counted, person),
        "facets": [(facet, counted.choices[facet.name]) for facet in facets.FACETS],
        "sorts": pages.SORTS,
        "view": remembered_view(request),
        "askers": pages.askers(person),
    }
    if not request.headers.get("HX-Request"):
        return render(request, "catalog/catalog.html", context)
    answer = render(request, "catalog/_found.html", context)
    answer.headers["HX-Replace-Url"] = address(request)
    return answer


def to_call(request: HttpRequest, call_id: str) -> HttpResponse:
    """The search is also where somebody puts the id of a call; the room that keeps calls says whether it may be seen."""
    where = f"{reverse('calls')}?id={call_id}"
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": where})
    return redirect(where)


def counts(request: HttpRequest, found: OfferFilter) -> facets.Counted:
    """How many models each choice would leave of those that the search finds."""
    narrowed = {facet.name for facet in facets.ALL}
    search = {name: value for name, value in request.GET.items() if name not in narrowed}
    chosen = found.form.cleaned_data
    chosen = {**chosen, "region": (chosen.get("region") or "").lower()}
    return facets.count(pages.facet_rows(OfferFilter(search, queryset=seen(request)).qs, clock.now()), chosen)


def tabs(counted: facets.Counted, person: User) -> list[facets.Choice]:
    """Usable here, everything, and for those who publish what is not published; each with its count."""
    counts = {choice.key: choice.models for choice in counted.choices["show"]}
    shown = facets.SHOWS if person.is_any(Role.ADMIN, Role.OPS) else facets.SHOWS[:2]
    return [facets.Choice(key, text, counts.get(key, 0)) for key, text in shown]


def remembered_view(request: HttpRequest) -> str:
    """Table or cards: as the address says, else as last time."""
    if (asked := request.GET.get("view", "")) in VIEWS:
        request.session["catalog_view"] = asked
    view: str = request.session.get("catalog_view", VIEWS[0])
    return view


def address(request: HttpRequest) -> str:
    """The page's address without what is empty, for the browser's bar while one types."""
    query = request.GET.copy()
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    return f"{request.path}?{query.urlencode()}" if query else request.path


@require_safe
@login_required
def model(request: HttpRequest, publisher: str, model: str) -> HttpResponse:
    """One model: every offer of it side by side, so that the right one can be asked for."""
    person = signed_in(request)
    row = get_object_or_404(Model.objects.select_related("publisher"), publisher__slug=publisher, slug=model)
    offers = seen(request).filter(model=row).with_names().reachable_first()
    at = clock.now()
    facts = pages.gather(offers, person, at)
    if not facts:
        return render(request, "404.html", status=404)
    pages.note_sharing(facts)
    served = [each for each in facts if each.offer.host.connector != "reference"]
    shown = [each.offer for each in served]
    changes = model_page.changes_of(shown)
    context = {
        "model": row,
        "served": served,
        "listed": [each for each in facts if each.offer.host.connector == "reference"],
        "lives": model_page.lives(shown, changes, at),
        "history": model_page.price_history(shown, at),
        "users": model_page.users(shown, person),
        "snippets": model_page.snippets(served, str(row)),
        "changes": latest(changes),
        "may_keep": person.is_any(Role.ADMIN),
    }
    return render(request, "catalog/model.html", context)


def latest(changes: Mapping[int, list[Change]]) -> list[Change]:
    """The last changes of all, without first appearances."""
    rows = [change for each in changes.values() for change in each if change.kind != ChangeKind.NEW]
    return sorted(rows, key=lambda change: change.pk, reverse=True)[:CHANGES_AT_MOST]


@require_safe
@login_required
def offer(request: HttpRequest, offer_id: int) -> HttpResponse:
    """An offer's place on its model's page, for whoever knows only its number."""
    row = get_object_or_404(Offer.objects.seen_by(signed_in(request)).with_names(), pk=offer_id)
    where = reverse("catalog-model", args=[row.model.publisher.slug, row.model.slug])
    return redirect(f"{where}#offer-{row.pk}")


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def set_price(request: HttpRequest, offer_id: int) -> HttpResponse:
    """All prices an offer ever had, and the form for the next."""
    row = get_object_or_404(Offer.objects.with_names(), pk=offer_id)
    form, at = PriceForm(request.POST or None), clock.now()
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_price(row, **form.cleaned_data, starts_at=at, actor=signed_in(request), at=at)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request, f"The price of {row} counts from now on; calls made before keep theirs."
            )
            return redirect("offer", offer_id)
    context = {"offer": row, "form": form, "prices": row.prices.order_by("-starts_at", "precedence")[:50]}
    return render(request, "catalog/price.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@with_role(Role.ADMIN)
def show_offer(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Hidden only after who uses it."""
    hidden = request.POST.get("hidden") == "1"
    row = get_object_or_404(Offer.objects.with_names(), pk=offer_id)
    if request.method != "POST":
        return ask_first(
            request, f"Hide {row}?", toll_of("offers", [offer_id]), button="Hide", send={"hidden": "1"},
            words="Nobody finds it or can ask for it; grants that teams have go on.", back=reverse("offer", args=[offer_id]),
        )  # fmt: skip
    actions.show_offer(offer_id, hidden=hidden, actor=signed_in(request), at=clock.now())
    messages.success(request, "Only admins and ops see it now." if hidden else "Everybody sees it now.")
    return redirect("offer", offer_id)
