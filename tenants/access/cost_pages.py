"""Cost centres: what each may promise a month, and what its teams' grants promise."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from foundry.lib import clock
from foundry.lib.units import nanos, usd
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role, User
from tenants.access import record
from tenants.access.models import Grant
from tenants.access.policy_pages import READERS
from tenants.access.views import page_of
from tenants.teams import actions as teams
from tenants.teams import rules as team_rules
from tenants.teams.models import CostCentre

SHOWN = 200


class BudgetForm(forms.Form):
    budget = forms.DecimalField(
        required=False, min_value=0, max_value=usd(team_rules.BUDGET_AT_MOST_NANOS), decimal_places=2,
        label="Budget, USD a month", help_text="Empty is no budget. The audit keeps when it was how much.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )  # fmt: skip

    @property
    def nanos(self) -> int | None:
        typed: Decimal | None = self.cleaned_data["budget"]
        return None if typed is None else nanos(typed)


def may_set(person: User) -> bool:
    return person.is_any(Role.ADMIN, Role.FINANCE)


@require_safe
@with_role(*READERS)
def cost_centres(request: HttpRequest) -> HttpResponse:
    """Every cost centre with its promise beside its budget."""
    page = page_of(request, CostCentre.objects.all())
    rows = list(page.object_list)
    promised = record.promised_by_centre([row.pk for row in rows], clock.now())
    lines = [(row, promised[row.pk]) for row in rows]
    return render(request, "access/cost_centres.html", {"page": page, "lines": lines})


@require_http_methods(["GET", "POST"])
@with_role(*READERS)
def cost_centre(request: HttpRequest, number: int) -> HttpResponse:
    """One, with each grant's part; finance and admins set its budget."""
    row, person, at = get_object_or_404(CostCentre, pk=number), signed_in(request), clock.now()
    start = None if row.budget_nanos is None else f"{usd(row.budget_nanos):.2f}"
    form = BudgetForm(request.POST or None, initial={"budget": start})
    if request.method == "POST":
        team_rules.require_budget_keeper(person)
        if form.is_valid():
            teams.set_budget(row.pk, form.nanos, actor=person, at=at)
            messages.success(request, "The budget counts from now on.")
            return redirect("cost-centre", row.pk)
    grants = Grant.objects.filter(team__cost_centre=row)
    amounts = record.amounts_of(grants, at)
    biggest = sorted(amounts, key=lambda pk: (-(amounts[pk].nanos or 0), pk))[:SHOWN]
    named = grants.with_names().in_bulk(biggest)
    context: dict[str, Any] = {
        "row": row,
        "form": form if may_set(person) else None,
        "budget": record.Budget(row.budget_nanos, record.add_up(amounts.values()), 0),
        "lines": [(named[pk], amounts[pk]) for pk in biggest],
        "rest": len(amounts) - len(biggest),
    }
    return render(request, "access/cost_centre.html", context, status=400 if form.errors else 200)
