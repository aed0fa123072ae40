"""Where the days and months of budgets begin: what counts, what is planned, what was, and the form to change it."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from foundry.lib import clock
from foundry.lib.errors import Conflict, Refused
from foundry.people.access import signed_in
from foundry.web.confirm import ask_first
from foundry.web.forms import set_choices, show_refusal
from tenants.levels import actions
from tenants.levels import calendar_rules as rules
from tenants.levels.rules import REASON_LENGTH
from tenants.quotas.models import Calendar
from tenants.quotas.use import period_of


class CalendarForm(forms.Form):
    zone = forms.ChoiceField(label="Zone", help_text="Days begin at midnight there.")
    first_day = forms.IntegerField(
        min_value=1, max_value=rules.LAST_FIRST_DAY, label="First day of the month",
        help_text="1 for calendar months; another one for fiscal months.",
    )  # fmt: skip
    from_day = forms.DateField(
        label="From", help_text="The day there with which it begins.", widget=forms.DateInput(attrs={"type": "date"})
    )  # fmt: skip
    reason = forms.CharField(max_length=REASON_LENGTH, label="Why?")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        set_choices(self, "zone", [(zone, rules.zone_words(zone)) for zone in rules.zones()])


@require_http_methods(["GET", "POST"])
@login_required
def calendar(request: HttpRequest) -> HttpResponse:
    """Everybody sees by what budgets count; finance and admins change it."""
    person, at = signed_in(request), clock.now()
    now = Calendar.objects.in_force(at).select_related("set_by").first()
    given = {
        "zone": now.zone if now else "UTC",
        "first_day": now.first_day if now else 1,
        "from_day": (at + timedelta(days=2)).date(),
    }
    may = rules.may_set(person)
    form = CalendarForm(request.POST or None, initial=given) if may or request.method == "POST" else None
    if form is not None and request.method == "POST":
        rules.require_setter(person)
        if form.is_valid() and (answer := planned(request, form)) is not None:
            return answer
    context = {
        "form": form if may else None,
        "words": rules.words(given["zone"], given["first_day"]),  # type: ignore[arg-type]
        "period": period_of(at),
        "rows": [
            (row, row.state(at), rules.words(row.zone, row.first_day), row.from_at >= at + rules.AHEAD)
            for row in Calendar.objects.select_related("set_by", "withdrawn_by")
        ],
        "may": may,
    }
    status = 400 if form is not None and form.errors else 200
    return render(request, "levels/calendar.html", context, status=status)


def planned(request: HttpRequest, form: CalendarForm) -> HttpResponse | None:
    """Plans the change, after its author saw what it does; None where something is in the way, which the form tells."""
    person, at = signed_in(request), clock.now()
    try:
        if "confirmed" not in request.POST:
            row = rules.usable(**form.cleaned_data, actor=person, at=at)
            return before_change(request, form, row)
        made = actions.plan_calendar(**form.cleaned_data, actor=person, at=at)
    except Refused as refused:
        show_refusal(form, refused)
        return None
    messages.success(request, f"Planned from {rules.moment(made.from_at)}.")
    return redirect("budget-calendar")


def before_change(request: HttpRequest, form: CalendarForm, row: Calendar) -> HttpResponse:
    send = {name: str(value) for name, value in request.POST.items() if name in form.fields}
    whom = [
        *rules.effect(row).lines,
        "Every limit a day or a month is counted so: of the organisation, teams, grants and keys.",
    ]
    return ask_first(
        request, f"Let budgets begin by {rules.zone_words(row.zone)}, months on day {row.first_day}?", None,
        button="Plan it", words="Usage so far stays in the days and months that it was counted in. It can be withdrawn until an "
        "hour before.", back=rules.page(), send=send | {"confirmed": "1"}, whom=whom,
    )  # fmt: skip


@require_POST
@login_required
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    row = get_object_or_404(Calendar, pk=number)
    try:
        actions.withdraw_calendar(row.pk, actor=signed_in(request), at=clock.now())
    except Conflict as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "The change is withdrawn; nothing changes.")
    return redirect("budget-calendar")
