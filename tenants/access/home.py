"""What waits, what runs out, what changed, for the home page."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from catalog.models import Change
from catalog.states import ChangeState
from foundry.lib import clock
from foundry.people.models import User
from tenants.access.models import Decision, Grant, Request, Step
from tenants.access.states import RequestState
from tenants.access.terms_pages import terms_waiting
from tenants.teams.models import Team

Line = dict[str, Any]
AT_MOST = 6
RUNS_OUT_WITHIN, LATELY = timedelta(days=30), timedelta(days=14)


def blocks(person: User) -> dict[str, list[Line]]:
    """Deciders see their decisions and all teams; everybody sees their own teams."""
    at = clock.now()
    return {
        "waits": distinct(
            terms_waiting(person, at)
            + decisions_due(person, at)
            + own_open(person, at)
            + suspended(person)
            + homeless(person)
        ),
        "runs_out": ending(person, at),
        "changed": (decided(person, at) + moved(person, at))[:AT_MOST],
    }


def line(title: str, detail: str, url: str, tone: str, at: datetime | None, when: str = "") -> Line:
    """:param when: what happens or happened at `at`, in a word, where the title does not say it."""
    return {"title": title, "detail": detail, "url": url, "tone": tone, "at": at, "when": when}


def distinct(lines: list[Line]) -> list[Line]:
    """Each address once: what one may decide is not also told as what one's team waits for."""
    first: dict[str, Line] = {}
    for each in lines:
        first.setdefault(each["url"], each)
    return list(first.values())[:AT_MOST]


def due(step: Step, at: datetime) -> str:
    return "was due" if step.due_at < at else "due"


def decisions_due(person: User, at: datetime) -> list[Line]:
    """What this person may decide, the longest due first."""
    rows = Step.objects.waiting_for(person, at).select_related(
        "request__team", "request__requester", "request__offer__model__publisher", "request__offer__host"
    )
    return [
        line(
            f"{step.request.team} asks for {step.request.offer}",
            f"{step.label} decision; asked by {step.request.requester}.",
            reverse("request", args=[step.request_id]),
            "bad" if step.due_at < at else "info",
            step.due_at,
            due(step, at),
        )
        for step in rows.order_by("due_at")[:AT_MOST]
    ]


def own_open(person: User, at: datetime) -> list[Line]:
    """Own teams' requests that wait for somebody else."""
    rows = (
        Step.objects.next_up()
        .filter(request__team__memberships__user=person)
        .select_related("request__team", "request__offer__model__publisher", "request__offer__host")
    )
    return [
        line(
            f"{step.request.offer} for {step.request.team}",
            f"Waits for the {step.label.lower()} decision.",
            reverse("request", args=[step.request_id]),
            "quiet",
            step.due_at,
            due(step, at),
        )
        for step in rows.order_by("due_at")[:AT_MOST]
    ]


def suspended(person: User) -> list[Line]:
    rows = with_offer(Grant.objects.in_force(clock.now()).filter(team__memberships__user=person))
    return [
        line(
            f"{grant.offer} is suspended for {grant.team}",
            grant.suspended_why,
            reverse("grant", args=[grant.pk]),
            "warn",
            grant.suspended_at,
        )
        for grant in rows.exclude(suspended_at=None)[:AT_MOST]
    ]


def homeless(person: User) -> list[Line]:
    """Access belongs to teams, so somebody in none learns how to join one."""
    if person.sees_everything or Team.objects.filter(memberships__user=person).exists():
        return []
    how = "Ask an owner of your team to add the address you sign in with; then you can ask for models."
    return [line("You are in no team yet", how, reverse("teams"), "info", None)]


def ending(person: User, at: datetime) -> list[Line]:
    """Grants that end soon: own teams', or everybody's for those who see all."""
    rows = with_offer(Grant.objects.seen_by(person).in_force(at))
    own = set(Team.objects.filter(memberships__user=person).values_list("pk", flat=True))
    return [
        line(
            f"{grant.offer} for {grant.team}",
            "Ask for more time before it ends."
            if grant.team_id in own
            else "Its team may ask for more time.",
            reverse("grant", args=[grant.pk]),
            "bad" if grant.ends_at <= at + timedelta(days=3) else "warn",
            grant.ends_at,
            "ends",
        )
        for grant in rows.filter(ends_at__lte=at + RUNS_OUT_WITHIN).order_by("ends_at")[:AT_MOST]
    ]


def with_offer(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    return grants.select_related("team", "offer__model__publisher", "offer__host")


def decided(person: User, at: datetime) -> list[Line]:
    """The last decisions on requests that this person sees."""
    seen = Request.objects.seen_by(person).values("pk")
    rows = Decision.objects.filter(request__in=seen, at__gt=at - LATELY).select_related(
        "by",
        "on_behalf_of",
        "policy",
        "step",
        "request__team",
        "request__offer__model__publisher",
        "request__offer__host",
    )
    return [
        line(
            f"{row.request.offer} {outcome(row)} for {row.request.team}",
            f"By {row.actor}. {row.reason}".strip(),
            reverse("request", args=[row.request_id]),
            "bad" if row.granted is None else "info" if row.request.state == RequestState.OPEN else "good",
            row.at,
        )
        for row in rows.order_by("-at", "-pk")[:AT_MOST]
    ]


def outcome(row: Decision) -> str:
    """One of several steps approved is not yet a grant, and is not told as one."""
    more = row.request.state == RequestState.OPEN
    return f"passed the {row.step.label.lower()} step" if more else row.outcome


def moved(person: User, at: datetime) -> list[Line]:
    """What hosts changed lately about offers that own teams hold."""
    held = Grant.objects.in_force(at).filter(team__memberships__user=person).values("offer")
    rows = Change.objects.filter(offer__in=held, state=ChangeState.APPLIED, at__gt=at - LATELY)
    return [
        line(
            f"{row.offer}: {row.get_kind_display().lower()} changed",
            f"Told by {row.host}.",
            reverse("catalog"),
            "info",
            row.at,
        )
        for row in rows.select_related("host", "offer__model__publisher", "offer__host")[:AT_MOST]
    ]
