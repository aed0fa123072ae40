"""What waits, what runs out, what changed, for the home page."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from catalog.models import Change
from catalog.states import ChangeState
from foundry.lib import clock
from foundry.people.models import Role, User
from tenants.access import to_ask
from tenants.access.models import Block, Certification, Decision, Grant, Idle, Raise, Request, Step
from tenants.access.states import RequestState
from tenants.access.terms_pages import terms_waiting
from tenants.teams.models import Team, Vacancy

Line = dict[str, Any]
AT_MOST = 6
RUNS_OUT_WITHIN, LATELY = timedelta(days=30), timedelta(days=14)


def blocks(person: User) -> dict[str, list[Line]]:
    """Deciders see their decisions and all teams; everybody sees their own teams."""
    at = clock.now()
    return {
        "waits": distinct(
            terms_waiting(person, at)
            + reviews_due(person, at)
            + decisions_due(person, at)
            + to_ask.kept(person)
            + own_open(person, at)
            + suspended(person, at)
            + idle(person, at)
            + reviews(person, at)
            + ownerless(person)
            + homeless(person)
        ),
        "runs_out": ending(person, at),
        "changed": (decided(person, at) + moved(person, at))[:AT_MOST],
        "to_ask": to_ask.lines(person, at),
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


def reviews_due(person: User, at: datetime) -> list[Line]:
    """Broken glasses that this person may review, the longest due first."""
    rows = Raise.objects.waiting_for(person).with_names().order_by("review_due_at", "pk")
    return [
        line(
            f"{row.by} broke the glass: {row.grant.offer} for {row.grant.team}",
            "Was it justified?",
            reverse("raise", args=[row.pk]),
            "bad" if row.review_due_at and row.review_due_at < at else "warn",
            row.review_due_at,
            "was due" if row.review_due_at and row.review_due_at < at else "due",
        )
        for row in rows[:AT_MOST]
    ]


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


def suspended(person: User, at: datetime) -> list[Line]:
    """Own teams' grants that somebody suspended; terms that block have their own line."""
    rows = Block.objects.at(at).filter(team__memberships__user=person).with_names()
    return [
        line(
            f"{row.grant.offer} is suspended for {row.team}" if row.grant else f"{row.team} is suspended",
            row.why,
            reverse("grant", args=[row.grant_id]) if row.grant_id else reverse("team", args=[row.team.slug]),
            "warn",
            row.since,
        )
        for row in rows.order_by("-since", "-pk")[:AT_MOST]
        if row.grant is None or row.grant.ends_at > at
    ]


def idle(person: User, at: datetime) -> list[Line]:
    """Grants of teams that this person owns which nobody calls."""
    owned = Team.objects.owned_by(person).values("pk")
    rows = Idle.objects.open_at(at).filter(grant__in=Grant.objects.live(at).filter(team__in=owned))
    return [
        line(
            f"Nobody calls {row.grant.offer} for {row.grant.team}",
            "Keep it or give it back; without a word it goes back.",
            reverse("grant-idle", args=[row.grant_id]),
            "warn",
            row.due_at,
            "due",
        )
        for row in rows.select_related(
            "grant__team", "grant__offer__model__publisher", "grant__offer__host"
        ).order_by("due_at", "pk")[:AT_MOST]
    ]


def reviews(person: User, at: datetime) -> list[Line]:
    """Open reviews of teams that this person owns; admins also see every overdue one."""
    rows = Certification.objects.open().filter(team__in=Team.objects.owned_by(person))
    if person.is_any(Role.ADMIN):
        rows = rows | Certification.objects.overdue(at)
    return [
        line(
            f"Review what {row.team} may call",
            "Keep, reduce or give back each grant, in one list.",
            reverse("team-certify", args=[row.team.slug]),
            "bad" if row.due_at <= at else "info",
            row.due_at,
            "was due" if row.due_at <= at else "due",
        )
        for row in rows.distinct().select_related("team").order_by("due_at", "pk")[:AT_MOST]
    ]


def ownerless(person: User) -> list[Line]:
    """Teams that an admin has to give an owner."""
    if not person.is_any(Role.ADMIN):
        return []
    rows = Vacancy.objects.filter(filled_at=None, team__closed_at=None).select_related("team")
    return [
        line(
            f"{row.team} has no owner",
            "Nothing of it is renewed until somebody owns it.",
            reverse("team", args=[row.team.slug]),
            "warn",
            row.since,
        )
        for row in rows.order_by("since", "pk")[:AT_MOST]
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
            ending_words(grant, own, at),
            reverse("grant", args=[grant.pk]),
            "bad" if grant.ends_at <= at + timedelta(days=3) else "warn",
            grant.ends_at,
            "ends" if grant.ends_at > at else "ended",
        )
        for grant in rows.filter(ends_at__lte=at + RUNS_OUT_WITHIN).order_by("ends_at")[:AT_MOST]
    ]


def ending_words(grant: Grant, own: set[int], at: datetime) -> str:
    if grant.ends_at <= at:
        return "It goes on while its renewal is decided."
    return "Ask for more time before it ends." if grant.team_id in own else "Its team may ask for more time."


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
