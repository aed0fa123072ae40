"""Ask, answer, hand on, accept, appeal: what is said on a request's thread, and who hears of it."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from foundry.audit.actions import record
from foundry.lib.errors import Conflict, Forbidden
from foundry.notify.outbox import tell
from foundry.people.models import User
from tenants.access import rules
from tenants.access.actions.asking import approve_if_automatic, write_down
from tenants.access.actions.requests import ask_in_words, locked
from tenants.access.mentions import mentioned
from tenants.access.models import Decision, Note, Request
from tenants.access.periods import working_days_after
from tenants.access.states import NoteKind, RequestState
from tenants.teams import rules as team_rules

ANSWERED_WITHIN_WORKING_DAYS = 1
ASKER = "the requester or an owner of the team"


def write(
    request: Request, kind: NoteKind, text: str, *, by: User | None, to: Iterable[User] = (), at: datetime
) -> Note:
    """One note, and a notice to those it is for and to everybody it mentions. Raises Invalid for an unknown mention."""
    note = Note.objects.create(request=request, kind=kind, text=text, by=by, at=at)
    hearers = {person.pk: person for person in [*to, *mentioned(text, request)]}
    hearers.pop(by.pk if by else None, None)  # type: ignore[arg-type]
    who = by.name if by else "The schedule"
    tell(
        f"request.{kind}",
        key=f"request.note:{note.pk}",
        title=f"{who} {NOTE_VERBS[kind]} {request.team}'s request for {request.offer.model.name}",
        text=text,
        url=reverse("request", args=[request.pk]),
        to=hearers.values(),
        scope=f"team:{request.team.slug}",
        data={"request": request.pk},
        at=at,
    )
    return note


NOTE_VERBS = {
    NoteKind.COMMENT: "wrote on",
    NoteKind.QUESTION: "asks about",
    NoteKind.ANSWER: "answered on",
    NoteKind.HANDED_ON: "handed on",
    NoteKind.PASSED_ON: "passed on",
    NoteKind.ACCEPTED: "accepted what was granted of",
    NoteKind.APPEAL: "appeals the decision on",
}


@transaction.atomic
def ask(request_id: int, *, question: str, actor: User, at: datetime) -> Note:
    """The decider of the open step asks the team; while no answer is there, the step is not passed on."""
    request = locked(request_id)
    rules.require_decider(request, actor, None, at)
    text = rules.clean_text(question, "question", rules.REASON_LENGTH)
    note = write(request, NoteKind.QUESTION, text, by=actor, to=[request.requester], at=at)
    record("request.ask", request, actor=actor, at=at, after={"question": text})
    return note


@transaction.atomic
def answer(request_id: int, *, answer: str, actor: User, at: datetime) -> Note:
    """The team answers the open question; the decider has at least a working day from then."""
    request = locked(request_id)
    rules.refuse_unless(team_rules.is_member(request.team, actor), f"a member of {request.team.name}")
    asked = rules.open_question(request)
    step = rules.open_step(request)
    if asked is None or step is None:
        raise Conflict("request.no_question", "No question is open.", remedy="Write a comment instead.")
    text = rules.clean_text(answer, "answer", rules.REASON_LENGTH)
    step.due_at = max(step.due_at, working_days_after(at, ANSWERED_WITHIN_WORKING_DAYS))
    step.save(update_fields=["due_at"])
    note = write(request, NoteKind.ANSWER, text, by=actor, to=[asked.by] if asked.by else [], at=at)
    record("request.answer", request, actor=actor, at=at, after={"answer": text, "due_at": step.due_at})
    return note


@transaction.atomic
def comment(request_id: int, *, text: str, actor: User, at: datetime) -> Note:
    """Anybody who sees the request says something; whom it mentions hears of it."""
    request = locked(request_id)
    if not Request.objects.seen_by(actor).filter(pk=request.pk).exists():
        raise Forbidden(
            "request.foreign_team", f"You are not in {request.team.name}.", remedy="Ask an owner to add you."
        )
    text = rules.clean_text(text, "comment", rules.REASON_LENGTH)
    note = write(request, NoteKind.COMMENT, text, by=actor, at=at)
    record("request.comment", request, actor=actor, at=at, after={"text": text})
    return note


@transaction.atomic
def hand_on(request_id: int, *, to: User, why: str = "", actor: User, at: datetime) -> Note:
    """Give the open step to another person who may decide it. Everybody with its role still may."""
    request = locked(request_id)
    step = rules.require_decider(request, actor, None, at)
    if to.pk == actor.pk or not to.is_active or not rules.may_decide(request, step, to, at):
        raise Conflict(
            "request.hand_on",
            f"{to} cannot decide this step.",
            remedy=f"Choose somebody else with the role {step.label}.",
        )
    step.assignee = to
    step.save(update_fields=["assignee"])
    words = rules.clean_text(why, "reason", rules.REASON_LENGTH) if why.strip() else ""
    note = write(request, NoteKind.HANDED_ON, f"To {to}. {words}".strip(), by=actor, to=[to], at=at)
    record(
        "request.hand_on",
        request,
        actor=actor,
        at=at,
        after={"to": to.email, "step": step.role, "why": words},
    )
    return note


@transaction.atomic
def accept(request_id: int, *, actor: User, at: datetime) -> Note:
    """The team takes what was granted instead of what it asked; the thread is closed by that."""
    request = locked(request_id)
    rules.refuse_unless(rules.may_ask_again(request, actor), ASKER)
    if not rules.differs(request, last_decision(request)):
        raise Conflict("request.as_asked", "It was granted as it was asked.", remedy="Nothing is left to do.")
    if request.notes.filter(kind=NoteKind.ACCEPTED).exists():
        raise Conflict("request.accepted", "The team accepted it already.", remedy="Nothing is left to do.")
    decider = last_decision(request).by
    note = write(request, NoteKind.ACCEPTED, "Accepted.", by=actor, to=[decider] if decider else [], at=at)
    record("request.accept", request, actor=actor, at=at)
    return note


@transaction.atomic
def appeal(request_id: int, *, reason: str, actor: User, at: datetime) -> Request:
    """Ask once more for what was denied or granted smaller: a new request that names the old one and says why."""
    old = locked(request_id)
    rules.refuse_unless(rules.may_ask_again(old, actor), ASKER)
    decision = last_decision(old)
    if not rules.differs(old, decision):
        raise Conflict("request.as_asked", "It was granted as it was asked.", remedy="Ask for more instead.")
    reason = rules.clean_text(reason, "reason", rules.REASON_LENGTH)
    current = old.offer.terms
    known = current is not None and old.team.acknowledgements.filter(terms=current).exists()
    new, planned = write_down(
        team=old.team,
        offer=old.offer,
        application=old.application,
        purpose=old.purpose,
        data_class=old.data_class,
        limits=old.asked,
        ends_on=old.ends_on,
        terms_version=current.version if current and known else None,
        stated=old.stated,
        answers=old.answers,
        appeals=old,
        actor=actor,
        at=at,
    )
    hearers = [decision.by] if decision.by else []
    write(new, NoteKind.APPEAL, reason, by=actor, to=hearers, at=at)
    record(
        "request.appeal",
        new,
        actor=actor,
        at=at,
        after=ask_in_words(new) | {"appeals": old.pk, "reason": reason, "steps": planned},
    )
    approve_if_automatic(new, at=at)
    return new


def last_decision(request: Request) -> Decision:
    """The decision that closed a request. Conflict while it is open, or where it was withdrawn."""
    decision = request.decisions.select_related("by").order_by("-step__position").first()
    if decision is None or request.state not in {RequestState.APPROVED, RequestState.DENIED}:
        raise Conflict("request.open", "This request is not decided.", remedy="Wait for the decision.")
    return decision
