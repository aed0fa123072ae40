"""Review what a team holds: begin, and answer for each grant."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.module_loading import import_string

from foundry.audit.actions import record
from foundry.lib.errors import Conflict, Invalid
from foundry.notify.outbox import tell
from foundry.people.models import User
from tenants.access import rules
from tenants.access.actions.asking import approve_if_automatic, ask_like
from tenants.access.actions.ending import locked_grant
from tenants.access.actions.idling import end_with
from tenants.access.actions.renewing import SUGGESTED, sized
from tenants.access.actions.telling import responsible, tell_team
from tenants.access.amounts import speak_limits
from tenants.access.models import Certification, Certified, Grant, LifeRules, Request, Return
from tenants.access.periods import last_day
from tenants.access.states import Answer, ReturnKind
from tenants.teams import rules as team_rules
from tenants.teams.models import Team


@transaction.atomic
def open_certification(team: Team, *, actor: User | str, at: datetime) -> Certification:
    """Begin a review of everything that a team holds: its owners, admins, or the schedule. Raises Forbidden, Conflict."""
    if isinstance(actor, User):
        team_rules.require_manager(team, actor)
    laid = LifeRules.objects.current()
    made = Certification(
        team=team,
        rules=laid,
        opened_at=at,
        opened_by=actor if isinstance(actor, User) else None,
        due_at=at + timedelta(days=laid.certify_within_days),
    )
    if not made.grants(at).exists():
        raise Conflict("certify.nothing", f"{team} holds nothing.", remedy="There is nothing to review.")
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as there:
        raise Conflict(
            "certify.open", f"A review of {team} is open already.", remedy="Answer that one."
        ) from there
    tell(
        "team.certify",
        key=f"team.certify:{made.pk}",
        title=f"Say of each model that {team} may call whether it is still needed",
        text=f"Keep, reduce or give back, in one list, until {made.due_at:%Y-%m-%d}.",
        url=page_of(team),
        to=[person for person in responsible(team) if person != actor],
        scope=f"team:{team.slug}",
        data={"certification": made.pk},
        at=at,
    )
    record("certification.open", made, actor=actor, at=at, after={"team": team.slug, "due_at": made.due_at})
    return made


def page_of(team: Team) -> str:
    return reverse("team-certify", args=[team.slug])


@transaction.atomic
def certify(
    certification_id: int, grant_id: int, *, answer: str, reason: str = "", actor: User, at: datetime
) -> Certified:
    """Answer for one grant: keep it, ask for less, or give it back. The last answer closes the review.

    Raises Invalid, Forbidden, Conflict.
    """
    held = Certification.objects.select_for_update(of=("self",)).with_names().get(pk=certification_id)
    team_rules.require_manager(held.team, actor)
    grant = locked_grant(grant_id)
    require_open(held, grant, answer, at)
    lately = import_string(settings.GRANTS_LATELY)([grant.pk], at)[grant.pk]
    said = Certified(
        certification=held, grant=grant, answer=answer, by=actor, at=at, reason=clean_words(reason), calls=lately.calls,
        cost_nanos=lately.cost_nanos, idle_days=lately.idle_days(grant.starts_at, at),
    )  # fmt: skip
    if answer == Answer.REDUCE:
        said.request = ask_for_less(grant, actor, at)
    elif answer == Answer.GIVE_BACK:
        why = said.reason or "Not needed any more, said the review."
        end_with(grant, Return(kind=ReturnKind.REVIEW, by=actor, why=why), at)
        title = f"{actor} gave back {grant.team}'s access to {grant.offer.model.name}"
        tell_team(grant, "grant.given_back", title, why, key=f"grant.given_back:{grant.pk}", but=actor, at=at)
    said.save()
    close_when_done(held, at)
    told = {"grant": grant.pk, "answer": answer, "reason": said.reason, "done": held.closed_at is not None}
    if said.request:
        told |= {"request": said.request.pk, "limits": speak_limits(said.request.asked)}
    record("certification.answer", held, actor=actor, at=at, after=told)
    return said


def require_open(held: Certification, grant: Grant, answer: str, at: datetime) -> None:
    if answer not in Answer.values:
        raise Invalid(
            "certify.answer",
            f"'{answer[:20]}' is no answer.",
            remedy=f"Use one of {', '.join(Answer.values)}.",
            errors={"answer": "Unknown."},
        )
    if held.closed_at is not None:
        raise Conflict("certify.closed", "This review is done.", remedy="Begin another one.")
    if not held.grants(at).filter(pk=grant.pk).exists():
        raise Conflict(
            "certify.foreign", f"The review does not ask about grant {grant.pk}.", remedy="Reload the list."
        )
    before = held.answers.select_related("by").filter(grant=grant).first()
    if before is not None:
        raise Conflict(
            "certify.answered",
            f"{before.by} said {before.get_answer_display().lower()} of it already.",
            remedy="Reload the list.",
        )


def clean_words(reason: str) -> str:
    return rules.clean_text(reason, "reason", rules.SHORT_REASON_LENGTH) if reason.strip() else ""


def smaller(held: dict[str, int], suggested: dict[str, int]) -> dict[str, int] | None:
    """What use calls for where that is less than what is held; None where it is not."""
    wanted = {kind: min(most, suggested.get(kind, most)) for kind, most in held.items()}
    return None if wanted == held else wanted


def ask_for_less(grant: Grant, actor: User, at: datetime) -> Request:
    """A request to change the grant to the size that its use calls for, until the same end; decided like any other."""
    wanted = smaller(
        dict(grant.limits.granted_at(at).values_list("kind", "maximum")), sized(grant, SUGGESTED, at)
    )
    if wanted is None:
        raise Conflict(
            "certify.not_smaller",
            "Its use calls for no less than it has.",
            remedy="Keep it, or ask to change it.",
        )
    request, _ = ask_like(grant, limits=wanted, ends_on=last_day(grant.ends_at), actor=actor, at=at)
    approve_if_automatic(request, at=at)
    return request


def close_when_done(held: Certification, at: datetime) -> bool:
    """Under the lock of the review: nothing is left that it asks about."""
    if held.grants(at).exclude(certified__certification=held).exists():
        return False
    held.closed_at = at
    held.save(update_fields=["closed_at"])
    return True
