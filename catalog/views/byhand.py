"""What people say of offers: made by hand, withdrawn, and stages and dates beside what hosts tell."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from catalog import actions
from catalog.hand_forms import LifeForm, OfferForm, SourceForm
from catalog.models import Host, Offer
from catalog.views.terms import hits
from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role
from foundry.web.confirm import ask_first, toll_of


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def new_offer(request: HttpRequest, slug: str) -> HttpResponse:
    """An offer that the host's listing does not tell, or that no host serves yet."""
    host = get_object_or_404(Host.objects.select_related("default_terms"), slug=slug)
    form = OfferForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.make_offer(host, form.told, actor=signed_in(request), at=clock.now())
        except Refused as refused:
            form.tell(refused)
        else:
            messages.success(request, f"{made} is in the catalog.")
            return redirect("offer", made.pk)
    context = {"form": form, "host": host}
    return render(request, "catalog/offer_form.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def change_offer(request: HttpRequest, offer_id: int) -> HttpResponse:
    offer = get_object_or_404(Offer.objects.filter(by_hand=True).with_names(), pk=offer_id)
    form = OfferForm(request.POST or None, initial=OfferForm.of(offer), offer=offer)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_offer(offer.pk, form.told, actor=signed_in(request), at=clock.now())
        except Refused as refused:
            form.tell(refused)
        else:
            messages.success(request, f"{offer} is changed.")
            return redirect("offer", offer_id)
    context = {"form": form, "host": offer.host, "offer": offer, "hits": hits([offer.pk])}
    return render(request, "catalog/offer_form.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@with_role(Role.ADMIN)
def withdraw_offer(request: HttpRequest, offer_id: int) -> HttpResponse:
    """First who uses it, then the act."""
    held = get_object_or_404(Offer.objects.with_names(), pk=offer_id)
    if request.method != "POST":
        return ask_first(
            request, f"Withdraw {held}?", toll_of("offers", [offer_id]), button="Withdraw", form=SourceForm(),
            words="The catalog lists it no more. What was granted stays; its calls reach what they reached.",
            back=reverse("offer", args=[offer_id]),
        )  # fmt: skip
    source = request.POST.get("source", "")
    row = actions.withdraw_offer(offer_id, source=source, actor=signed_in(request), at=clock.now())
    messages.success(request, f"{row} is withdrawn; the catalog lists it no more.")
    return redirect("host", row.host.slug)


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def set_lifecycle(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Stage, dates and successor by hand, beside whom they hit."""
    offer = get_object_or_404(Offer.objects.with_names(), pk=offer_id)
    form = LifeForm(request.POST or None, initial=LifeForm.of(offer))
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_lifecycle(
                offer.pk,
                form.life(offer),
                source=form.cleaned_data["source"],
                actor=signed_in(request),
                at=clock.now(),
            )
        except Refused as refused:
            form.tell(refused)
        else:
            messages.success(
                request, f"That is what counts for {offer} now, until its host says something new."
            )
            return redirect("offer", offer_id)
    context = {"form": form, "offer": offer, "hits": hits([offer.pk])}
    return render(request, "catalog/lifecycle.html", context, status=400 if form.errors else 200)


@require_POST
@with_role(Role.ADMIN)
def leave_to_host(request: HttpRequest, offer_id: int) -> HttpResponse:
    get_object_or_404(Offer, pk=offer_id)
    row = actions.leave_to_host(offer_id, actor=signed_in(request), at=clock.now())
    messages.success(request, f"{row.host}'s own word counts for {row} again.")
    return redirect("offer", offer_id)
