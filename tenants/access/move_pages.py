"""The pages to move part of a limit from one of a team's grants to another."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from foundry.lib import clock
from foundry.lib.errors import Conflict, Invalid
from foundry.people.access import signed_in
from foundry.web.confirm import ask_first, toll_of
from foundry.web.format import limit_words
from foundry.web.forms import set_choices, show_refusal
from tenants.access import actions, moving_rules, raise_rules, rules
from tenants.access.forms import Amount
from tenants.access.models import Grant, Move
from tenants.access.states import LimitKind


class MoveForm(forms.Form):
    """To which grant, of which limit, how much and why."""

    to = forms.TypedChoiceField(coerce=int, label="To")
    kind = forms.ChoiceField(label="Limit")
    amount = forms.CharField(max_length=40, label="How much of it", help_text="Less than the grant has.")
    reason = forms.CharField(
        max_length=rules.REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 2}), label="Why?",
        help_text="The team, the approvers and the audit read it.",
    )  # fmt: skip

    def __init__(self, *args: Any, held: dict[str, int], others: list[Grant], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "to", [(each.pk, name_of(each)) for each in others])
        set_choices(
            self, "kind", [(kind, LimitKind(kind).label) for kind in LimitKind.values if kind in held]
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "kind" in cleaned and "amount" in cleaned:
            try:
                cleaned["amount"] = Amount(cleaned["kind"]).clean(cleaned["amount"]) or 0
            except forms.ValidationError as error:
                self.add_error("amount", error)
        return cleaned

    def tell(self, refused: Invalid | Conflict) -> None:
        """Show a refusal beside the field it is about, else above the form."""
        show_refusal(self, refused)


def name_of(grant: Grant) -> str:
    names = ", ".join(each.application.name for each in grant.named.all())
    return f"{grant.offer.model.name} for {names} (grant {grant.pk})"


def others_of(grant: Grant, at: datetime) -> list[Grant]:
    rows = moving_rules.takers(grant, at).with_names().with_limits(at)
    return list(rows.prefetch_related("named__application").order_by("pk"))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def grant_move(request: HttpRequest, number: int) -> HttpResponse:
    """For an owner of the grant's team: what to move, then before and after of both, then it is done."""
    person, at = signed_in(request), clock.now()
    rows = Grant.objects.seen_by(person).with_names().prefetch_related("named__application")
    grant = get_object_or_404(rows, pk=number)
    rules.refuse_unless(moving_rules.may_move(grant, person), "an owner of the team")
    raise_rules.require_live(grant, at)
    held, others = moving_rules.movable(grant), others_of(grant, at)
    form = MoveForm(request.POST or None, held=held, others=others)
    if request.method == "POST" and form.is_valid():
        taker = next(each for each in others if each.pk == form.cleaned_data["to"])
        try:
            if "confirmed" not in request.POST:
                return before_move(request, grant, taker, form, at)
            made = actions.move_allocation(grant.pk, **form.cleaned_data, actor=person, at=at)
        except (Invalid, Conflict) as refused:
            form.tell(refused)
        else:
            messages.success(
                request,
                f"{limit_words(made.kind, made.amount)} moved to grant {made.taker_id}; it counts within a second.",
            )
            return redirect("grant", grant.pk)
    context = {
        "grant": grant,
        "form": form,
        "others": others,
        "held": [(kind, held[kind]) for kind in LimitKind.values if kind in held],
    }
    return render(request, "access/move_form.html", context, status=400 if form.errors else 200)


def before_move(
    request: HttpRequest, giver: Grant, taker: Grant, form: MoveForm, at: datetime
) -> HttpResponse:
    """What both have before and after, and who calls by the one that gives. Raises Invalid, Conflict."""
    kind, amount = form.cleaned_data["kind"], form.cleaned_data["amount"]
    moving_rules.require_takes(giver, taker, at)
    left, grown = moving_rules.require_amounts(giver, taker, kind, amount, at)
    changes = [
        f"{name_of(each)}: {limit_words(kind, before)} → {limit_words(kind, after)}."
        for each, before, after in ((giver, left + amount, left), (taker, grown - amount, grown))
    ]
    return ask_first(
        request, f"Move {limit_words(kind, amount)} to grant {taker.pk}?", toll_of("grants", [giver.pk]), button="Move it",
        words=" ".join([*changes, "Gateways refuse what is more within a second. Nobody has to decide; the sum stays."]),
        back=reverse("grant-move", args=[giver.pk]),
        send={name: request.POST[name] for name in form.fields} | {"confirmed": "1"},
    )  # fmt: skip


def moves_of(grant: Grant) -> list[dict[str, Any]]:
    """What went from and to a grant, as its history tells it."""
    rows = Move.objects.filter(giver=grant) | Move.objects.filter(taker=grant)
    return [
        {
            "at": made.at,
            "title": f"{made.by} moved {limit_words(made.kind, made.amount)} "
            + (
                f"to grant {made.taker_id}"
                if made.giver_id == grant.pk
                else f"here from grant {made.giver_id}"
            ),
            "detail": made.reason,
            "tone": "info",
        }
        for made in rows.select_related("by")
    ]
