"""Drafts: kept while somebody types, and thrown away."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from catalog.models import Offer
from foundry.lib import clock
from foundry.people.access import signed_in
from tenants.access import drafts
from tenants.access.views import number_in


@require_POST
@login_required
def draft_keep(request: HttpRequest) -> HttpResponse:
    """Answers the line under the form that says so."""
    person = signed_in(request)
    offer = get_object_or_404(Offer.objects.seen_by(person), pk=number_in(request, "offer"))
    draft = drafts.keep(person, offer, request.POST, clock.now())
    return render(request, "access/_draft.html", {"draft": draft, "offer": offer})


@require_POST
@login_required
def draft_drop(request: HttpRequest) -> HttpResponse:
    if drafts.drop(signed_in(request), number_in(request, "offer")):
        messages.success(request, "The draft is thrown away.")
    return redirect("requests")
