"""Pausing a host or an offer: whom it hits is told first; then it is one click, and it ends by itself."""

from datetime import timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog import actions, pauses
from catalog.models import SUPPLY_READERS, Host, Offer, Pause
from catalog.pause_forms import PauseForm, ProlongForm
from foundry.lib import clock
from foundry.lib.errors import Invalid, Refused
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role

KEEPERS = (Role.ADMIN, Role.OPS)
PER_PAGE = 25


@require_safe
@with_role(*SUPPLY_READERS)
def pause_list(request: HttpRequest) -> HttpResponse:
    """Every pause, those in force or planned first."""
    at = clock.now()
    rows = Pause.objects.seen_by(signed_in(request)).with_names().order_by("-starts_at", "-pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    shown = [(row, row.state(at)) for row in page]
    return render(request, "catalog/pauses.html", {"page": page, "rows": shown})


@require_http_methods(["GET", "POST"])
@with_role(*KEEPERS)
def pause_host(request: HttpRequest, slug: str) -> HttpResponse:
    return ask(request, get_object_or_404(Host, slug=slug))


@require_http_methods(["GET", "POST"])
@with_role(*KEEPERS)
def pause_offer(request: HttpRequest, offer_id: int) -> HttpResponse:
    return ask(request, get_object_or_404(Offer.objects.with_names(), pk=offer_id))


def ask(request: HttpRequest, what: Host | Offer) -> HttpResponse:
    form, at = PauseForm(request.POST or None), clock.now()
    if request.method == "POST" and form.is_valid():
        try:
            row = actions.pause(what, **form.told(at), actor=signed_in(request), at=at)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{what} is paused until {row.ends_at:%Y-%m-%d %H:%M:%S} UTC.")
            return back_to(what)
    context = {
        "form": form,
        "what": what,
        "is_host": isinstance(what, Host),
        "impact": pauses.impact(what, at),
        "pauses": pauses.open_of(what, at),
    }
    return render(request, "catalog/pause.html", context, status=400 if form.errors else 200)


def back_to(what: Host | Offer) -> HttpResponseRedirect:
    return redirect("host", what.slug) if isinstance(what, Host) else redirect("offer", what.pk)


@require_POST
@with_role(*KEEPERS)
def lift(request: HttpRequest, pause_id: int) -> HttpResponse:
    get_object_or_404(Pause, pk=pause_id)
    row = actions.lift_pause(pause_id, actor=signed_in(request), at=clock.now())
    messages.success(request, f"{row.of} is in use again.")
    return back_to(row.of)


@require_POST
@with_role(*KEEPERS)
def prolong(request: HttpRequest, pause_id: int) -> HttpResponse:
    """Let it end so much later than it would have."""
    row = get_object_or_404(Pause, pk=pause_id)
    form = ProlongForm(request.POST)
    if not form.is_valid():
        raise Invalid("pause.unusable", "How much longer?", remedy="Choose one of the times.")
    ends_at = row.ends_at + timedelta(seconds=form.cleaned_data["for_s"])
    row = actions.prolong_pause(pause_id, ends_at=ends_at, actor=signed_in(request), at=clock.now())
    messages.success(request, f"{row.of} is paused until {row.ends_at:%Y-%m-%d %H:%M:%S} UTC.")
    return back_to(row.of)
