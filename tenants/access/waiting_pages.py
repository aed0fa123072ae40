"""The waiting list of an offer that no call reaches yet, and the step that opens it."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.models import Offer
from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role
from foundry.web.forms import set_choices
from tenants.access import actions
from tenants.access.forms import SUGGESTED_DAYS
from tenants.access.models import Wish

AT_MOST = 200


class OpenForm(forms.Form):
    """What an announced offer opened as, and until when the requests ask."""

    opened_as = forms.TypedChoiceField(coerce=int, label="It opened as")
    ends_on = forms.DateField(
        label="The requests ask until", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, offer: Offer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Offer.objects.listed().filter(hidden=False, model__publisher=offer.model.publisher_id)
        rows = (
            rows.exclude(pk=offer.pk)
            .with_names()
            .order_by("model__name", "host__name", "region", "sku", "pk")
        )
        callable_ = [each for each in rows if each.reach.word != "listed"]
        same_first = sorted(callable_, key=lambda each: each.model_id != offer.model_id)
        names = [(each.pk, " ".join(filter(None, (str(each), each.region, each.sku)))) for each in same_first]
        set_choices(self, "opened_as", names)


@require_safe
@login_required
def offer_waiting(request: HttpRequest, offer_id: int) -> HttpResponse:
    """How many wait; one's own teams; for admins all of them by name."""
    person = signed_in(request)
    offer = get_object_or_404(Offer.objects.seen_by(person).with_names(), pk=offer_id)
    waiting = Wish.objects.waiting().filter(offer=offer)
    mine = waiting.filter(team__memberships__user=person)
    keeps = person.is_any(Role.ADMIN)
    rows = (waiting if keeps else mine).select_related("team", "application", "by").order_by("pk")
    context = {
        "offer": offer,
        "count": waiting.count(),
        "rows": rows[:AT_MOST],
        "mine": set(mine.values_list("pk", flat=True)),
        "keeps": keeps,
    }
    return render(request, "access/_waiting_list.html", context)


@require_POST
@login_required
def stop_waiting(request: HttpRequest, number: int) -> HttpResponse:
    row = get_object_or_404(Wish.objects.seen_by(signed_in(request)), pk=number)
    actions.stop_waiting(row.pk, actor=signed_in(request), at=clock.now())
    messages.success(request, "Your team waits no more.")
    return redirect("offer", row.offer_id)


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def open_offer(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Choose what it opened as; then see, team by team, what became of who waited."""
    offer = get_object_or_404(Offer.objects.with_names(), pk=offer_id)
    at = clock.now()
    start = {"ends_on": (at + timedelta(days=SUGGESTED_DAYS)).date(), "opened_as": offer.opened_as_id}
    form, done = OpenForm(request.POST or None, initial=start, offer=offer), None
    if request.method == "POST" and form.is_valid():
        target = Offer.objects.with_names().get(pk=form.cleaned_data["opened_as"])
        try:
            done = actions.open_offer(
                offer.pk, target, ends_on=form.cleaned_data["ends_on"], actor=signed_in(request), at=at
            )
        except Refused as refused:
            form.add_error(None, str(refused))
    rows = (
        Wish.objects.waiting().filter(offer=offer).select_related("team", "application", "by").order_by("pk")
    )
    context = {"offer": offer, "form": form, "done": done, "count": rows.count(), "rows": rows[:AT_MOST]}
    return render(request, "access/open_offer.html", context, status=400 if form.errors else 200)
