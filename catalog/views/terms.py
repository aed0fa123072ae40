"""Terms as facts: their versions side by side, and how an admin makes, publishes and gives them."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.module_loading import import_string
from django.views.decorators.http import require_http_methods, require_safe

from catalog import actions
from catalog.hand_forms import AssignForm, HostTermsForm, NewTermsForm, NextTermsForm, moment
from catalog.models import Host, Offer, Terms, TermsQuerySet
from catalog.models.supply import FACTS
from catalog.terms import differing, said_data
from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role

PER_PAGE = 25
SIDE_BY_SIDE = 3


def with_offers(rows: TermsQuerySet) -> TermsQuerySet:
    """Adds `offers`: how many listed offers are under any version of them."""
    under = Offer.objects.listed().filter(terms__slug=OuterRef("slug")).order_by().values("terms__slug")
    return rows.annotate(offers=Subquery(under.annotate(count=Count("pk")).values("count")))


@require_safe
@login_required
def terms_list(request: HttpRequest) -> HttpResponse:
    """The newest version of each, and what is under it."""
    page = Paginator(with_offers(Terms.objects.newest()), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "catalog/terms_list.html", {"page": page})


def versions_of(slug: str) -> list[Terms]:
    """All versions, newest first. Raises Http404 for terms that are not there."""
    found = list(Terms.objects.filter(slug=slug).order_by("-version"))
    if not found:
        raise Http404
    return found


@require_safe
@login_required
def terms(request: HttpRequest, slug: str) -> HttpResponse:
    """The last versions side by side, what each changed, and what is under them."""
    versions, at = versions_of(slug), clock.now()
    offers = Offer.objects.seen_by(signed_in(request)).listed().filter(terms__slug=slug)
    later = (
        offers.filter(terms_from__gt=at).order_by("terms_from").values_list("terms_from", flat=True).first()
    )
    context = {
        "terms": versions[0],
        "versions": versions[:SIDE_BY_SIDE],
        "older": versions[SIDE_BY_SIDE:],
        "rows": side_by_side(versions[: SIDE_BY_SIDE + 1]),
        "offers": offers.count(),
        "by_host": offers.order_by("host__name")
        .values("host__name", "host__slug")
        .annotate(count=Count("pk")),
        "counts_from": later,
        "may_keep": signed_in(request).is_any(Role.ADMIN),
    }
    return render(request, "catalog/terms.html", context)


def side_by_side(versions: list[Terms]) -> list[dict[str, Any]]:
    """A row per fact with a cell per shown version, newest first; a cell that differs from the version before says so."""
    shown = versions[:SIDE_BY_SIDE]
    changed = {
        after.pk: {each.name for each in differing(before, after)}
        for after, before in zip(shown, versions[1:], strict=False)
    }
    names = ["title", "data", *FACTS, *sorted({name for each in shown for name in each.facts} - set(FACTS))]
    rows = []
    for name in names:
        cells = [{"text": cell(each, name), "changed": name in changed.get(each.pk, set())} for each in shown]
        if any(each["text"] for each in cells):
            rows.append({"name": name, "cells": cells})
    return rows


def cell(terms: Terms, name: str) -> str:
    own = {"title": terms.title, "data": said_data(terms)}
    return own.get(name) or str(terms.facts.get(name, ""))


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def new_terms(request: HttpRequest) -> HttpResponse:
    form = NewTermsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.add_terms(
                form.cleaned_data["slug"], form.text, actor=signed_in(request), at=clock.now()
            )
        except Refused as refused:
            form.tell(refused)
        else:
            messages.success(request, f"{made} is recorded. Give it to a host or an offer.")
            return redirect("terms", made.slug)
    return render(request, "catalog/terms_form.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def next_terms(request: HttpRequest, slug: str) -> HttpResponse:
    """The next version, beside whom it hits."""
    newest, at = versions_of(slug)[0], clock.now()
    form = NextTermsForm(request.POST or None, initial=NextTermsForm.of(newest))
    if request.method == "POST" and form.is_valid():
        since = moment(form.cleaned_data["counts_from"])
        try:
            made, moved = actions.publish_terms(
                slug, form.text, counts_from=since, actor=signed_in(request), at=at
            )
        except Refused as refused:
            form.tell(refused)
        else:
            when = f"from {since:%d %B %Y} on" if since else "from now on"
            messages.success(request, f"{made} is published: {moved} offers moved, calls need it {when}.")
            return redirect("terms", slug)
    ids = list(Offer.objects.filter(terms__slug=slug).values_list("pk", flat=True))
    context = {"form": form, "terms": newest, "hits": hits(ids), "offers": len(ids)}
    return render(request, "catalog/terms_form.html", context, status=400 if form.errors else 200)


def hits(offer_ids: list[int]) -> Any:
    """Whom a change of these offers hits, as the rooms that hold grants and keys say it."""
    return import_string(settings.OFFER_HITS)(offer_ids, clock.now())


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def offer_terms(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Put one offer under other terms."""
    row = get_object_or_404(Offer.objects.with_names(), pk=offer_id)
    form = AssignForm(request.POST or None, initial={"terms": row.terms.slug if row.terms else None})
    if request.method == "POST" and form.is_valid() and assigned(request, form, [row.pk]):
        return redirect("offer", offer_id)
    context = {"form": form, "offer": row, "what": row, "hits": hits([row.pk]), "back": row}
    return render(request, "catalog/terms_assign.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def host_terms(request: HttpRequest, slug: str) -> HttpResponse:
    """A host's default, and if meant the offers that it has."""
    host = get_object_or_404(Host.objects.select_related("default_terms"), slug=slug)
    form = HostTermsForm(
        request.POST or None, initial={"terms": host.default_terms.slug} if host.default_terms else None
    )
    if request.method == "POST" and form.is_valid() and assigned(request, form, form.offers_of(host), host):
        return redirect("host", slug)
    ids = list(host.offers.values_list("pk", flat=True))
    context = {"form": form, "host": host, "what": host, "hits": hits(ids)}
    return render(request, "catalog/terms_assign.html", context, status=400 if form.errors else 200)


def assigned(request: HttpRequest, form: AssignForm, offers: list[int], host: Host | None = None) -> bool:
    """Give the chosen terms; a refusal is shown in the form."""
    told = form.cleaned_data
    try:
        moved = actions.assign_terms(
            told["terms"],
            offers=offers,
            host=host,
            counts_from=moment(told["counts_from"]),
            actor=signed_in(request),
            at=clock.now(),
        )
    except Refused as refused:
        form.tell(refused)
        return False
    messages.success(request, f"{moved} {'offer is' if moved == 1 else 'offers are'} under these terms now.")
    return True
