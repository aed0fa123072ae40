"""One request: what was asked, what is decided, and the acts that its page offers."""

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.module_loading import import_string
from django.views.decorators.http import require_POST, require_safe

from catalog.models import Price
from foundry.lib import clock
from foundry.lib.errors import Conflict, Invalid
from foundry.people.access import signed_in
from tenants.access import actions, deciders, record, rules
from tenants.access.estimate import committed_nanos, monthly_nanos
from tenants.access.forms import DecideForm, DenyForm, spoken
from tenants.access.headroom import headroom
from tenants.access.models import Decision, Grant, Request, Step
from tenants.access.periods import last_day
from tenants.access.states import MONEY, LimitKind, RequestState
from tenants.access.suggest import Suggestion, suggest
from tenants.access.thread_pages import thread_of
from tenants.teams import rules as team_rules


def request_seen(request: HttpRequest, number: int) -> Request:
    rows = Request.objects.seen_by(signed_in(request)).with_names().with_decisions()
    return get_object_or_404(rows, pk=number)


@require_safe
@login_required
def request_page(request: HttpRequest, number: int) -> HttpResponse:
    return one_request(request, request_seen(request, number))


def one_request(request: HttpRequest, row: Request, form: DecideForm | None = None) -> HttpResponse:
    """What was asked, what is decided and by whom, what comes next, and the form of who may decide."""
    person, at = signed_in(request), clock.now()
    laid = list(row.steps.all())
    current = next((step for step in laid if not hasattr(step, "decision")), None)
    current = current if row.state == RequestState.OPEN else None
    decided = [step.decision for step in laid if hasattr(step, "decision")]
    price, room = rules.price_of(row.offer, at), headroom(row.offer, at)
    adding = adding_tpm(row, at) if row.state == RequestState.OPEN else 0
    context: dict[str, Any] = {
        "row": row,
        "steps": step_lines(row, laid, current, at),
        "last": decided[-1] if decided else None,
        "limits": compared(row, decided[-1] if decided else None, held_when_asked(row)),
        "granted_until": changed_end(row, decided[-1] if decided else None),
        "price": price,
        "cost_nanos": monthly_nanos(row.asked, price),
        "headroom": room,
        "adding_tpm": adding,
        "peaks": record.peaks_of(row, at) if row.state == RequestState.OPEN else None,
        "headroom_words": room.words_with(adding),
        "grant": getattr(row, "opened", None) or (row.grant if row.state == RequestState.APPROVED else None),
        "may_withdraw": row.state == RequestState.OPEN and rules.may_withdraw(row, person),
        "is_member": team_rules.is_member(row.team, person),
        "is_own": row.requester_id == person.pk,
        "terms_open": terms_open(row),
        "sees_policies": person.sees_everything,
    }
    if person.sees_everything and row.state == RequestState.OPEN:
        context |= weighed(row, price, at)
    context["thread"] = thread_of(row, current, context["last"], person, at)
    if current is not None and rules.may_decide(row, current, person, at):
        use = suggestions_of(row, price, at)
        context["form"] = form or decide_form(
            row, current, decided, use if "suggested" in request.GET else {}
        )
        context["choices"] = choices(row, context["form"], use)
        context["has_suggestion"] = any(each.value for each in use.values())
    return render(request, "access/request.html", context, status=400 if form is not None else 200)


def changed_end(row: Request, decision: Decision | None) -> date | None:
    """The last day that was granted, where it is not the one asked for."""
    if decision is None or decision.ends_at is None:
        return None
    until = last_day(decision.ends_at)
    return None if until == row.ends_on else until


def terms_open(row: Request) -> bool:
    """Do terms that came since wait for the team?"""
    current = row.offer.terms
    if row.state != RequestState.OPEN or current is None or current == row.terms:
        return False
    return not row.team.acknowledgements.filter(terms=current).exists()


def step_lines(row: Request, laid: list[Step], current: Step | None, at: datetime) -> list[dict[str, Any]]:
    """Each step with what came of it, or who decides it and by when."""
    roles = {role for step in laid for role in step.roles}
    names = deciders.names_by_role(roles, team=row.team, offer=row.offer, but=row.requester)
    return [
        {
            "step": step,
            "label": step.label,
            "decision": getattr(step, "decision", None),
            "is_next": current is not None and step.pk == current.pk,
            "is_overdue": current is not None and step.pk == current.pk and step.due_at < at,
            "who": str(step.assignee) if step.assignee else deciders.who(step.roles, names),
        }
        for step in laid
    ]


def held_when_asked(row: Request) -> dict[str, int]:
    """The limits of the grant that a request asks to change, as they were then; none for a new grant."""
    if row.grant is None:
        return {}
    return dict(row.grant.limits.granted_at(row.created_at).values_list("kind", "maximum"))


def compared(row: Request, decision: Decision | None, held: dict[str, int]) -> list[dict[str, Any]]:
    """Each limit as held before, as asked and as granted, in the usual order."""
    granted = (decision.granted if decision else None) or {}
    kinds = [kind for kind in LimitKind if kind in row.asked or kind in granted or kind in held]
    return [
        {
            "label": kind.label,
            "is_money": kind in MONEY,
            "held": held.get(kind),
            "asked": row.asked.get(kind),
            "granted": granted.get(kind),
            "differs": bool(granted) and row.asked.get(kind) != granted.get(kind),
        }
        for kind in kinds
    ]


def weighed(row: Request, price: Price | None, at: datetime) -> dict[str, Any]:
    """What an approver weighs: the like, the team's record, and money promised before and after, beside the budgets."""
    wanted, centre = committed_nanos(row.asked, price), row.team.cost_centre
    of_team: int | None = import_string(settings.TEAM_BUDGET)(row.team_id, at)
    team, near = Grant.objects.filter(team=row.team_id), Grant.objects.filter(team__cost_centre=centre)
    return {
        "similar": record.similar(row),
        "record": record.of_team(row, at),
        "team_budget": record.budget_of(team, of_team, row, wanted, at),
        "budget": record.budget_of(near, centre.budget_nanos, row, wanted, at),
    }


def adding_tpm(row: Request, at: datetime) -> int:
    """Tokens per minute that the request adds to what is granted; 0 where it names none, or asks for less."""
    held = row.grant.limits.at(at).filter(kind=LimitKind.TPM).first() if row.grant else None
    asked: int = row.asked.get(LimitKind.TPM, 0)
    return max(0, asked - (held.maximum if held else 0))


def suggestions_of(row: Request, price: Price | None, at: datetime) -> dict[str, Suggestion]:
    return suggest(row.stated, record.peaks_of(row, at), price)


def choices(row: Request, form: DecideForm, use: dict[str, Suggestion]) -> list[dict[str, Any]]:
    """Each limit: asked, suggested and on what basis, and the field that grants it. Those that nobody named are folded away."""
    return [
        {
            "kind": kind,
            "is_money": kind in MONEY,
            "asked": row.asked.get(kind),
            "suggested": use[kind],
            "field": form[kind],
            "is_main": kind in row.asked or bool(form[kind].value()) or bool(form[kind].errors),
        }
        for kind in LimitKind
    ]


def decide_form(
    row: Request, current: Step, decided: list[Decision], use: dict[str, Suggestion]
) -> DecideForm:
    """Filled in with what stands, or with the suggested size for each limit that stands."""
    limits, ends_on = row.asked, row.ends_on
    if decided and decided[-1].granted is not None and decided[-1].ends_at is not None:
        limits, ends_on = decided[-1].granted, last_day(decided[-1].ends_at)
    limits = {kind: (use[kind].value if kind in use else None) or amount for kind, amount in limits.items()}
    return DecideForm(initial=spoken(limits) | {"ends_on": ends_on, "step": current.position})


@require_POST
@login_required
def request_approve(request: HttpRequest, number: int) -> HttpResponse:
    """Approve with the limits of the form. What cannot be granted is said beside the form."""
    row, person, form = request_seen(request, number), signed_in(request), DecideForm(request.POST)
    if not form.is_valid():
        return one_request(request, row, form)
    fields = form.cleaned_data
    try:
        decision = actions.approve(
            row.pk,
            limits=form.limits,
            ends_on=fields["ends_on"],
            reason=fields["reason"],
            step=fields["step"],
            actor=person,
            at=clock.now(),
        )
    except Invalid as refused:
        form.tell(refused)
        return one_request(request, row, form)
    messages.success(request, f"Approved as {decision.step.label}.")
    return redirect("request", row.pk)


@require_POST
@login_required
def request_deny(request: HttpRequest, number: int) -> HttpResponse:
    row, person, form = request_seen(request, number), signed_in(request), DenyForm(request.POST)
    fields = form.cleaned_data if form.is_valid() else {}
    try:
        actions.deny(
            row.pk,
            reason=fields.get("reason", ""),
            code=fields.get("code", ""),
            step=fields.get("step"),
            actor=person,
            at=clock.now(),
        )
    except Invalid as refused:
        again = DecideForm(request.POST)
        again.is_valid()
        again.tell(refused)
        return one_request(request, row, again)
    messages.success(request, "Denied. The team reads your reason.")
    return redirect("request", row.pk)


@require_POST
@login_required
def request_withdraw(request: HttpRequest, number: int) -> HttpResponse:
    row = request_seen(request, number)
    actions.withdraw(row.pk, actor=signed_in(request), at=clock.now())
    messages.success(request, "The request is withdrawn.")
    return redirect("request", row.pk)


@require_POST
@login_required
def request_acknowledge(request: HttpRequest, number: int) -> HttpResponse:
    """The team accepts the terms that the offer has now."""
    row, person = request_seen(request, number), signed_in(request)
    if row.offer.terms is None:
        raise Conflict("terms.none", "This offer comes without terms.", remedy="Nothing is left to do.")
    actions.acknowledge(row.team, row.offer.terms, actor=person, at=clock.now())
    messages.success(request, f"{row.team.name} acknowledged {row.offer.terms}.")
    return redirect("request", row.pk)
