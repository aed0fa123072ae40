"""Pages to ask and to decide."""

from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.models import Offer, Price
from foundry.lib import clock
from foundry.lib.errors import Conflict, Invalid, Refused
from foundry.people.access import signed_in
from foundry.people.models import User
from tenants.access import actions, deciders, record, rules
from tenants.access.amounts import read_amount
from tenants.access.estimate import committed_nanos, monthly_nanos
from tenants.access.filters import RequestFilter
from tenants.access.forms import DecideForm, DenyForm, RequestForm, WishForm, spoken, suggestions
from tenants.access.headroom import headroom
from tenants.access.models import Decision, Grant, Request, Step
from tenants.access.periods import last_day
from tenants.access.preview import Preview, preview
from tenants.access.states import MONEY, DataClass, LimitKind, RequestState
from tenants.access.suggest import Suggestion, suggest
from tenants.access.thread_pages import thread_of
from tenants.teams import rules as team_rules
from tenants.teams.models import Application, Team

PER_PAGE = 25


def page_of(request: HttpRequest, rows: QuerySet[Any]) -> Any:
    return Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))


def number_in(request: HttpRequest, name: str) -> int:
    """A row's number from the address or the form; one that no row has when it is missing or no number."""
    text = request.GET.get(name) or request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0


def team_choices(person: User) -> list[tuple[str, str]]:
    return list(Team.objects.seen_by(person).values_list("slug", "name"))


@require_safe
@login_required
def requests(request: HttpRequest) -> HttpResponse:
    person = signed_in(request)
    rows = Request.objects.seen_by(person).with_names().select_related("opened")
    found = RequestFilter(request.GET, queryset=rows)
    page = page_of(request, found.qs if found.is_valid() else rows.none())
    context = {
        "page": page,
        "states": RequestState.choices,
        "teams": team_choices(person),
        "state": request.GET.get("state"),
        "team": request.GET.get("team"),
    }
    return render(request, "access/requests.html", context)


# Asking


@require_http_methods(["GET", "POST"])
@login_required
def request_new(request: HttpRequest) -> HttpResponse:
    """The form to ask for `?offer=`; for an offer that no call would reach, the form to wish for it."""
    person, at = signed_in(request), clock.now()
    if "offer" not in request.GET and "offer" not in request.POST:
        messages.info(request, "Choose a model first; its page has the button that asks for it.")
        return redirect("catalog")
    offers = Offer.objects.seen_by(person).with_names()
    offer = get_object_or_404(offers, pk=number_in(request, "offer"))
    if offer.reach.word == "listed":
        return wish_page(request, offer, person)
    form = request_form(request, offer, person, at)
    if request.method == "POST" and form.is_valid() and (asked := submitted(form, offer, person, at)):
        messages.success(request, "Your request is on its way; this page shows who decides.")
        return redirect("request", asked.pk)
    context = {
        "form": form,
        "offer": offer,
        "preview": told(previewed(request.POST or form.initial, offer, person, at), person),
        "has_team": bool(form.fields["application"].choices),  # type: ignore[attr-defined]
    }
    return render(request, "access/new.html", context, status=400 if form.errors else 200)


def request_form(request: HttpRequest, offer: Offer, person: User, at: datetime) -> RequestForm:
    """An empty form with suggestions; for an application that holds the offer, with what it has.

    The application is named, or is the one of the grant that a refused call named.
    """
    initial = suggestions(offer, at)
    mine = Application.objects.filter(team__memberships__user=person).select_related("team")
    named = Q(pk=number_in(request, "application")) | Q(grants=number_in(request, "grant"))
    if application := mine.filter(named).order_by("pk").first():
        initial["application"] = application.pk
        if held := rules.grant_held(application.team, offer, application, at):
            now = {row.kind: row.maximum for row in held.limits.at(at)}
            initial = {k: v for k, v in initial.items() if k not in LimitKind.values}
            initial |= spoken(now) | {"data_class": held.data_class}
    return RequestForm(request.POST or None, initial=initial, offer=offer, person=person)


def submitted(form: RequestForm, offer: Offer, person: User, at: datetime) -> Request | None:
    """The request, or None with the refusal shown in the form."""
    fields, application = form.cleaned_data, form.chosen
    try:
        return actions.submit(
            team=application.team,
            offer=offer,
            application=application,
            purpose=fields["purpose"],
            data_class=fields["data_class"],
            limits=form.limits,
            ends_on=fields["ends_on"],
            terms_version=fields["terms_version"],
            stated=form.stated,
            actor=person,
            at=at,
        )
    except Refused as refused:
        form.tell(refused)
        return None


@require_safe
@login_required
def request_preview(request: HttpRequest) -> HttpResponse:
    """The part beside the form that follows what is typed."""
    person = signed_in(request)
    offer = get_object_or_404(Offer.objects.seen_by(person).with_names(), pk=number_in(request, "offer"))
    seen = told(previewed(request.GET, offer, person, clock.now()), person)
    return render(request, "access/_preview.html", {"preview": seen, "offer": offer})


def previewed(typed: Any, offer: Offer, person: User, at: datetime) -> Preview:
    """A preview of what is typed so far; what cannot be read yet is left out."""
    limits = {}
    for kind in LimitKind.values:
        text = str(typed.get(kind) or "").replace(",", "").replace(" ", "").removeprefix("$")
        try:
            limits[kind] = read_amount(kind, text)
        except ValueError:
            continue
    data_class, day = typed.get("data_class"), typed.get("ends_on")
    return preview(
        offer,
        limits=limits,
        data_class=data_class if data_class in DataClass.values else DataClass.INTERNAL,
        application=application_typed(typed.get("application"), person),
        ends_on=day if isinstance(day, date) else read_day(str(day or "")),
        requester=person,
        stated=stated_typed(typed),
        at=at,
    )


def stated_typed(typed: Any) -> dict[str, int] | None:
    """Calls a day and the tokens of one call, once all three are typed."""
    told = {name: str(typed.get(name) or "").replace(",", "").replace(" ", "") for name in rules.STATED}
    whole = all(
        text.isascii() and text.isdecimal() and 0 < len(text) < 10 and int(text) for text in told.values()
    )
    return {name: int(text) for name, text in told.items()} if whole else None


def application_typed(number: Any, person: User) -> Application | None:
    text = str(number or "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        return None
    mine = Application.objects.filter(team__memberships__user=person).select_related("team__cost_centre")
    return mine.filter(pk=int(text)).first()


def read_day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def told(seen: Preview, person: User) -> dict[str, Any]:
    """A preview with the names of those who would decide."""
    roles = {role for step in seen.steps for role in step.roles}
    names = deciders.names_by_role(roles, team=seen.team, offer=seen.offer, but=person)
    lines = [
        {"label": step.label, "why": step.why, "who": deciders.who(step.roles, names)} for step in seen.steps
    ]
    return {"told": seen, "steps": lines}


def wish_page(request: HttpRequest, offer: Offer, person: User) -> HttpResponse:
    form = WishForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        team = form.chosen.team
        try:
            actions.wish(
                team,
                offer,
                why=form.cleaned_data["why"],
                application=form.chosen,
                data_class=form.cleaned_data["data_class"],
                limits=form.limits,
                actor=person,
                at=clock.now(),
            )
        except Refused as refused:
            form.tell(refused)
        else:
            messages.success(request, f"{team.name} waits for {offer}. You are told when it can be called.")
            return redirect("offer", offer.pk)
    context = {"form": form, "offer": offer, "has_team": bool(form.fields["application"].choices)}  # type: ignore[attr-defined]
    return render(request, "access/wish.html", context, status=400 if form.errors else 200)


# One request


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
    price = rules.price_of(row.offer, at)
    context: dict[str, Any] = {
        "row": row,
        "steps": step_lines(row, laid, current, at),
        "last": decided[-1] if decided else None,
        "limits": compared(row, decided[-1] if decided else None, held_when_asked(row)),
        "granted_until": changed_end(row, decided[-1] if decided else None),
        "price": price,
        "cost_nanos": monthly_nanos(row.asked, price),
        "headroom": headroom(row.offer, at),
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
    return dict(row.grant.limits.at(row.created_at).values_list("kind", "maximum"))


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
    """What an approver weighs: the like, the team's record, and the money that is promised already."""
    team = record.promised(Grant.objects.filter(team=row.team_id), at, without=row.grant_id)
    centre = Grant.objects.filter(team__cost_centre=row.team.cost_centre_id)
    more = committed_nanos(row.asked, price)
    return {
        "similar": record.similar(row),
        "record": record.of_team(row, at),
        "team_promised": team,
        "team_after": None if more is None else team.nanos + more,
        "centre_promised": record.promised(centre, at, without=row.grant_id),
    }


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
