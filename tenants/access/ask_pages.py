"""Pages to ask: the form, what is said beside it, and the wish for an offer that cannot be called yet."""

from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods, require_safe

from catalog.models import Offer
from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.people.access import signed_in
from foundry.people.models import User
from foundry.web.forms import choices_of
from tenants.access import actions, deciders, drafts, rules, sizes
from tenants.access.amounts import read_amount
from tenants.access.forms import RequestForm, WishForm, spoken, suggestions
from tenants.access.models import Draft, Request
from tenants.access.periods import last_day
from tenants.access.preview import Preview, preview
from tenants.access.questions import given_in
from tenants.access.states import DataClass, LimitKind
from tenants.access.views import number_in
from tenants.teams.models import Application


@require_http_methods(["GET", "POST"])
@login_required
def request_new(request: HttpRequest) -> HttpResponse:
    """The form to ask for `?offer=`; for an offer that no call would reach, the form to wish for it."""
    person, at = signed_in(request), clock.now()
    if "offer" not in request.GET and "offer" not in request.POST:
        messages.info(request, "Choose a model first; its page has the button that asks for it.")
        return redirect("catalog")
    offers = Offer.objects.seen_by(person).with_names()
    gone = Draft.objects.seen_by(person).filter(offer=number_in(request, "offer"))
    if request.method == "GET" and gone.exclude(offer__in=offers.values("pk")).exists():
        messages.warning(
            request, "The offer of that draft is no longer in the catalog. Choose another model."
        )
        return redirect("requests")
    offer = get_object_or_404(offers, pk=number_in(request, "offer"))
    if offer.reach.word == "listed":
        return wish_page(request, offer, person)
    form = request_form(request, offer, person, at)
    if request.method == "POST" and form.is_valid() and (asked := submitted(form, offer, person, at)):
        drafts.drop(person, offer.pk)
        messages.success(request, "Your request is on its way; this page shows who decides.")
        return redirect("request", asked.pk)
    context = {
        "form": form,
        "offer": offer,
        "draft": drafts.of(person, offer),
        "preview": told(previewed(request.POST or form.initial, offer, person, at), person),
        "has_team": bool(choices_of(form, "application")),
    }
    return render(request, "access/new.html", context, status=400 if form.errors else 200)


def request_form(request: HttpRequest, offer: Offer, person: User, at: datetime) -> RequestForm:
    """An empty form with suggestions; for an application that holds the offer, with what it has.

    The application is named, or is the one of the grant that a refused call named.
    """
    initial = suggestions(offer, at)
    lately = Request.objects.filter(requester=person).order_by("-pk").values_list("application", flat=True)
    initial["application"] = lately.first()
    mine = Application.objects.filter(team__memberships__user=person).select_related("team")
    named = Q(pk=number_in(request, "application")) | Q(grants=number_in(request, "grant"))
    if application := mine.filter(named).order_by("pk").first():
        initial["application"] = application.pk
        if held := rules.grant_held(application.team, offer, application, at):
            now = {row.kind: row.maximum for row in held.limits.granted_at(at)}
            initial = {k: v for k, v in initial.items() if k not in LimitKind.values}
            initial |= spoken(now) | {
                "data_class": held.data_class,
                "purpose": held.decision.request.purpose,
                "ends_on": max(initial["ends_on"], last_day(held.ends_at)),
            }
    if (draft := drafts.of(person, offer)) and not {"application", "grant"} & request.GET.keys():
        initial = {k: v for k, v in initial.items() if k not in LimitKind.values} | draft.typed
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
            answers=given_in(fields),
            actor=person,
            at=at,
        )
    except Refused as refused:
        form.tell(refused)
        return None


@require_safe
@login_required
def request_questions(request: HttpRequest) -> HttpResponse:
    """What the offer and the chosen data ask, with what is answered so far."""
    person = signed_in(request)
    offer = get_object_or_404(Offer.objects.seen_by(person).with_names(), pk=number_in(request, "offer"))
    form = RequestForm(initial=request.GET.dict(), offer=offer, person=person)
    return render(request, "access/_questions.html", {"form": form})


@require_safe
@login_required
def request_size(request: HttpRequest) -> HttpResponse:
    """The fields of the size, filled in by the stated use or like another application; as typed where nothing says."""
    person, at = signed_in(request), clock.now()
    offer = get_object_or_404(Offer.objects.seen_by(person).with_names(), pk=number_in(request, "offer"))
    price = rules.price_of(offer, at)
    if request.GET.get("by") == "like":
        size = sizes.like(number_in(request, "like"), person, price, at)
    else:
        size = sizes.of_stated(stated_typed(request.GET), price)
    typed = {name: request.GET.get(name, "") for name in (*rules.STATED, "like", *LimitKind.values)}
    if size.limits:
        typed = {k: v for k, v in typed.items() if k not in LimitKind.values} | spoken(size.limits)
    form = RequestForm(initial=typed, offer=offer, person=person)
    return render(request, "access/_size.html", {"form": form, "offer": offer, "sized": size.words})


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
    context = {"form": form, "offer": offer, "has_team": bool(choices_of(form, "application"))}
    return render(request, "access/wish.html", context, status=400 if form.errors else 200)
