"""The approvals inbox: what waits, by day and risk; and approving several at once after seeing exactly what happens."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from catalog.models import Price
from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.people.access import signed_in
from foundry.people.models import User
from tenants.access import actions
from tenants.access.actions.deciding import granted_by
from tenants.access.estimate import monthly_nanos
from tenants.access.filters import InboxFilter
from tenants.access.models import Decision, Raise, Request, Step, in_order
from tenants.access.states import DataClass, RequestState
from tenants.access.views import page_of, team_choices

PER_PAGE, AT_ONCE = 25, 50
RISKS = [(4, "High", "bad"), (2, "Medium", "warn"), (0, "Low", "quiet")]


@require_safe
@login_required
def approvals(request: HttpRequest) -> HttpResponse:
    """What waits for this person first, by the day it is due and the riskier first; then what waits for others."""
    person, at = signed_in(request), clock.now()
    found = InboxFilter(request.GET, queryset=Step.objects.next_up())
    upnext = found.qs if found.is_valid() else found.queryset.none()
    waits = upnext.waiting_for(person, at)
    others = upnext.exclude(pk__in=waits.values("pk"))
    if not person.sees_everything:
        others = others.filter(request__in=Request.objects.seen_by(person).values("pk"))
    counted = waits.aggregate(all=Count("pk"), late=Count("pk", filter=Q(due_at__lt=at)))
    only_late = "late" in request.GET
    asked_for = waits.filter(due_at__lt=at) if only_late else waits
    sort = "risk" if request.GET.get("sort") == "risk" else "due"
    rows = numbers(asked_for.by_risk() if sort == "risk" else asked_for.by_urgency())
    page = page_of(request, rows, counted["late" if only_late else "all"])
    context = {
        "page": page,
        "sort": sort,
        "mine": shown(loaded(page.object_list, at), person),
        "others": shown(loaded(numbers(others.by_urgency())[:PER_PAGE], at), person),
        "others_count": others.count(),
        "waits_count": counted["all"],
        "overdue": counted["late"],
        "reviews": Raise.objects.waiting_for(person).with_names().order_by("review_due_at", "pk")[:PER_PAGE],
        "now": at,
        "teams": team_choices(person),
        "data_classes": DataClass.choices,
        "chosen": request.GET,
    }
    return render(request, "access/approvals.html", context)


def numbers(rows: QuerySet[Step]) -> QuerySet[Step, int]:
    """Their ids in order: ten thousand are sorted before the names of the few that are shown are read."""
    return rows.values_list("pk", flat=True)


def loaded(ids: Iterable[int], at: datetime) -> list[Step]:
    """These steps, in this order."""
    listed = list(ids)
    found = {step.pk: step for step in with_requests(Step.objects.filter(pk__in=listed).with_risk(), at)}
    return [found[pk] for pk in listed if pk in found]


def with_requests(rows: QuerySet[Step], at: datetime) -> QuerySet[Step]:
    asked = ("assignee", "request__team", "request__requester", "request__application")
    offer = ("request__offer__model__publisher", "request__offer__host")
    prices = Prefetch("request__offer__prices", queryset=Price.objects.at(at), to_attr="prices_now")
    return rows.select_related(*asked, *offer).prefetch_related(prices)


def shown(rows: Iterable[Step], person: User) -> list[Step]:
    """The rows, each with `cost_nanos` of a full month as asked (None: nobody knows), its risk and if it was handed on."""
    listed = list(rows)
    for step in listed:
        price = next(iter(step.request.offer.prices_now), None)  # type: ignore[attr-defined]  # prefetched
        step.cost_nanos = monthly_nanos(step.request.asked, price)  # type: ignore[attr-defined]  # shown
        step.risk_badge = next(  # type: ignore[attr-defined]  # shown
            (word, tone)
            for least, word, tone in RISKS
            if step.risk >= least  # type: ignore[attr-defined]  # annotated
        )
        step.is_handed_to_me = step.assignee_id == person.pk  # type: ignore[attr-defined]  # shown
    return listed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What approving one step as it stands leads to.

    :param refused: why it would be refused; None where it goes through.
    :param opens: the last approval, which opens or changes the grant.
    """

    step: Step
    refused: Refused | None
    limits: list[tuple[str, int]]
    until: date | None
    opens: bool
    next_label: str


def approve_step(step: Step, person: User, at: datetime) -> Decision:
    """As it stands: what was asked, or what the step before granted."""
    return actions.approve(step.request_id, step=step.position, actor=person, at=at)


def approve_each(rows: Iterable[Step], person: User, at: datetime) -> Iterator[tuple[Step, Refused | None]]:
    """Each as it stands, in its own transaction, with why it was refused; one that is refused stops no other."""
    for step in rows:
        try:
            approve_step(step, person, at)
        except Refused as refused:
            yield step, refused
        else:
            yield step, None


def rehearse(step: Step, person: User, at: datetime) -> Outcome:
    """What would happen, found by doing it and taking it back."""
    try:
        with transaction.atomic():
            decision = approve_step(step, person, at)
            row = Request.objects.get(pk=step.request_id)
            after = row.steps.filter(position=step.position + 1).first()
            limits, until = granted_by(decision)
            transaction.set_rollback(True)
    except Refused as refused:
        return Outcome(step, refused, [], None, False, "")
    done = row.state == RequestState.APPROVED
    return Outcome(step, None, in_order(limits), until, done, after.label if after else "")


def ids_in(numbers: Iterable[str]) -> list[int]:
    """What a form or address names; what is no id is left out."""
    return [int(text) for text in numbers if text.isascii() and text.isdecimal() and len(text) <= 18]


def chosen(ids: list[int], person: User, at: datetime) -> list[Step]:
    """The named steps that wait for this person, in the inbox's order. What was decided meanwhile is left out."""
    rows = Step.objects.waiting_for(person, at).filter(pk__in=ids[:AT_ONCE]).by_urgency()
    return shown(with_requests(rows, at), person)


@require_safe
@login_required
def approvals_preview(request: HttpRequest) -> HttpResponse:
    """Exactly what approving `?step=…&step=…` would do. Writes nothing."""
    person, at = signed_in(request), clock.now()
    rows = chosen(ids_in(request.GET.getlist("step")), person, at)
    if not rows:
        messages.info(request, "Nothing is chosen that still waits for you.")
        return redirect("approvals")
    outcomes = [rehearse(step, person, at) for step in rows]
    context = {"outcomes": outcomes, "good": [each for each in outcomes if each.refused is None]}
    return render(request, "access/approvals_preview.html", context)


@require_POST
@login_required
def approvals_approve(request: HttpRequest) -> HttpResponse:
    """Approve each chosen step as it stands, each in its own transaction; one that is refused stops no other."""
    person, at = signed_in(request), clock.now()
    rows = chosen(ids_in(request.POST.getlist("step")), person, at)
    done = 0
    for step, refused in approve_each(rows, person, at):
        if refused is None:
            done += 1
        else:
            messages.warning(request, f"{step.request.team}, {step.request.offer.model.name}: {refused}")
    if left := len(set(request.POST.getlist("step"))) - len(rows):
        messages.warning(
            request, f"{left} no longer waited for you and {'was' if left == 1 else 'were'} left alone."
        )
    if done:
        messages.success(request, f"Approved {done} as {'it stands' if done == 1 else 'they stand'}.")
    return redirect("approvals")
