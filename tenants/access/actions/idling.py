"""Grants that nobody calls: tell, keep, give back, take back; and ask again for what is over."""

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse

from foundry.audit.actions import record
from foundry.lib.errors import Conflict
from foundry.notify.outbox import tell
from foundry.people.models import User
from tenants.access import grant_rules, idle_rules, opening, rules
from tenants.access.actions.asking import approve_if_automatic, ask_like
from tenants.access.actions.ending import locked_grant
from tenants.access.actions.renewing import RENEW_DAYS
from tenants.access.actions.requests import ask_in_words
from tenants.access.actions.telling import responsible, tell_team
from tenants.access.models import Grant, Idle, LifeRules, Request, Return
from tenants.access.states import ReturnKind
from tenants.teams import rules as team_rules


@transaction.atomic
def notice_idle(grant_id: int, since: datetime, *, at: datetime) -> Idle | None:
    """Tell the owners of a grant that nobody called since `since`; None where they have been told already."""
    grant, laid = locked_grant(grant_id), LifeRules.objects.current()
    if grant.idles.open_at(at).exists() or grant.state(at) != "live":
        return None
    made = Idle.objects.create(
        grant=grant,
        decision=grant.decision,
        rules=laid,
        since=since,
        noticed_at=at,
        due_at=at + timedelta(days=laid.idle_answer_days),
    )
    days = (at - since).days
    tell(
        "grant.idle",
        key=f"grant.idle:{made.pk}",
        title=f"{grant.team} has not called {grant.offer.model.name} for {days} days",
        text=f"Say that you keep it, or give it back. Without a call or a word it goes back on {made.due_at:%Y-%m-%d}.",
        url=reverse("grant-idle", args=[grant.pk]),
        to=responsible(grant.team),
        scope=f"team:{grant.team.slug}",
        data={"grant": grant.pk, "days": days},
        at=at,
    )
    told = {"since": since, "due_at": made.due_at, "rules": str(laid)}
    record("grant.idle", grant, actor="schedule", at=at, after=told)
    return made


@transaction.atomic
def keep_idle(grant_id: int, *, reason: str, actor: User, at: datetime) -> Idle:
    """An owner of the team keeps an idle grant, and says why; once until its next decision.

    Raises Invalid, Forbidden, Conflict.
    """
    grant = locked_grant(grant_id)
    rules.refuse_unless(team_rules.is_owner(grant.team, actor), "an owner of the team")
    grant_rules.require_in_force(grant, at)
    held = idle_rules.require_keepable(grant, at)
    held.kept_at, held.kept_by = at, actor
    held.kept_why = rules.clean_text(reason, "reason", rules.SHORT_REASON_LENGTH)
    held.save(update_fields=["kept_at", "kept_by", "kept_why"])
    told = {"since": held.since, "reason": held.kept_why}
    record("grant.keep", grant, actor=actor, at=at, after=told)
    return held


@transaction.atomic
def give_back(grant_id: int, *, reason: str, actor: User, at: datetime) -> Return:
    """The team needs it no more: an owner of it, or an admin. Raises Invalid, Forbidden, Conflict."""
    grant = locked_grant(grant_id)
    rules.refuse_unless(grant_rules.may_revoke(grant, actor), "an admin or an owner of the team")
    grant_rules.require_in_force(grant, at)
    why = rules.clean_text(reason, "reason", rules.SHORT_REASON_LENGTH)
    made = end_with(grant, Return(kind=ReturnKind.OWNER, by=actor, why=why), at)
    tell_team(
        grant,
        "grant.given_back",
        f"{actor} gave back {grant.team}'s access to {grant.offer.model.name}",
        why,
        key=f"grant.given_back:{grant.pk}",
        but=actor,
        at=at,
    )
    record("grant.give_back", grant, actor=actor, at=at, after={"reason": why})
    return made


@transaction.atomic
def take_back(idle_id: int, *, at: datetime) -> Return | None:
    """What nobody called nor kept goes back to the pool when it is due, by the rules that its owners were told of.

    None where it was kept, used or ended meanwhile.
    """
    grant = locked_grant(Idle.objects.values_list("grant", flat=True).get(pk=idle_id))
    held = Idle.objects.select_related("rules").get(pk=idle_id)
    if held.kept_at or held.used_at or held.due_at > at or grant.state(at) != "live":
        return None
    if idle_rules.last_call(grant, at) > held.noticed_at:
        held.used_at = at
        held.save(update_fields=["used_at"])
        record("grant.used_again", grant, actor="schedule", at=at)
        return None
    why = f"Nobody called it since {held.since:%Y-%m-%d}."
    made = end_with(grant, Return(kind=ReturnKind.IDLE, idle=held, why=why), at)
    tell_team(
        grant,
        "grant.taken_back",
        f"{grant.team}'s access to {grant.offer.model.name} went back to the pool",
        f"{why} Ask for it again on its page.",
        key=f"grant.taken_back:{grant.pk}",
        but=None,
        at=at,
    )
    record("grant.take_back", grant, actor=str(held.rules), at=at, after={"reason": why, "since": held.since})
    return made


def end_with(grant: Grant, made: Return, at: datetime) -> Return:
    """Revoked at that moment, with the row that says by whom and why."""
    grant.revoked_at, grant.revoked_why = at, made.why
    grant.save(update_fields=["revoked_at", "revoked_why"])
    opening.close_names(grant, at)
    made.grant, made.at = grant, at
    made.save()
    return made


@transaction.atomic
def ask_again(grant_id: int, *, days: int = RENEW_DAYS, actor: User, at: datetime) -> Request:
    """Ask for what a grant that is over allowed: same application, purpose, data and limits.

    Raises Invalid, Forbidden, Conflict.
    """
    grant = locked_grant(grant_id)
    if grant.state(at) not in {"revoked", "ended"}:
        raise Conflict("grant.in_force", "This grant is not over.", remedy="Renew it, or ask to change it.")
    request, planned = ask_like(
        grant,
        limits=dict(grant.limits.filter(ends_at=None).values_list("kind", "maximum")),
        ends_on=at.date() + timedelta(days=days),
        actor=actor,
        at=at,
    )
    told = ask_in_words(request) | {"steps": planned, "again": grant.pk}
    record("request.submit", request, actor=actor, at=at, after=told)
    approve_if_automatic(request, at=at)
    return request
