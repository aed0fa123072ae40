"""Limits that are higher for a while: raise, break the glass, end it early, review, and the rules of it all."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse

from foundry.audit.actions import record
from foundry.lib.errors import Conflict, Forbidden
from foundry.notify.outbox import tell
from foundry.people.models import User
from tenants.access import deciders, raise_rules, rules
from tenants.access.actions.ending import locked_grant
from tenants.access.actions.laying import lay_down
from tenants.access.amounts import speak_limits
from tenants.access.models import Grant, Limit, Raise, RaiseRules
from tenants.access.periods import working_days_after
from tenants.access.states import RaiseKind, StepRole

OWNERS = frozenset({StepRole.TEAM_OWNER})
CONCERNED = frozenset(
    {StepRole.TEAM_OWNER, StepRole.OFFER_OWNER, StepRole.ADMIN, StepRole.FINANCE, StepRole.SECURITY}
)
REVIEWERS = frozenset({StepRole.ADMIN, StepRole.FINANCE, StepRole.SECURITY})
MOST = {
    "days_at_most": (1, 366),
    "glass_hours_at_most": (1, 168),
    "glass_percent_at_most": (100, 1_000),
    "glass_per_month": (0, 31),
    "review_within_days": (1, 30),
}


@transaction.atomic
def raise_limits(
    grant_id: int, *, limits: Mapping[str, int], ends_at: datetime, reason: str, actor: User, at: datetime
) -> Raise:
    """An approver raises limits of another team's live grant until a moment; then what was granted counts again.

    :param limits: kind -> maximum, in internal units, each above what was granted.

    Raises Invalid, Forbidden, Conflict.
    """
    grant, laid = locked_for_raise(grant_id), RaiseRules.objects.current()
    raise_rules.require_raiser(grant, actor)
    raise_rules.require_live(grant, at)
    held = raise_rules.require_above(grant, limits)
    longest = timedelta(days=laid.days_at_most)
    raise_rules.require_end(grant, ends_at, at, longest, f"{laid.days_at_most} days")
    raise_rules.require_roles(grant, limits, actor, at)
    raise_rules.require_headroom(grant, limits, laid, at)
    made = write_raise(grant, laid, RaiseKind.RAISE, limits, ends_at, reason, actor, at)
    tell_of(
        made, "grant.raised", f"{actor} raised {what(grant)} until {ends_at:%Y-%m-%d %H:%M} UTC", made.reason, OWNERS,
        but=actor, at=at,
    )  # fmt: skip
    record("grant.raise", grant, actor=actor, at=at, before=speak_limits(held), after=in_words(made))
    return made


@transaction.atomic
def break_glass(
    grant_id: int, *, limits: Mapping[str, int], hours: int, reason: str, actor: User, at: datetime
) -> Raise:
    """An owner of the team raises limits of its grant for hours; everybody concerned is told, and somebody outside reviews it.

    Raises Invalid, Forbidden, Conflict.
    """
    grant, laid = locked_for_raise(grant_id), RaiseRules.objects.current()
    rules.refuse_unless(raise_rules.may_break_glass(grant, actor), "an owner of the team")
    raise_rules.require_live(grant, at)
    raise_rules.require_glass(grant, laid, at)
    held = raise_rules.require_above(grant, limits)
    raise_rules.require_within_glass(held, limits, laid)
    longest, ends_at = timedelta(hours=laid.glass_hours_at_most), at + timedelta(hours=hours)
    raise_rules.require_end(grant, ends_at, at, longest, f"{laid.glass_hours_at_most} hours")
    due_at = working_days_after(at, laid.review_within_days)
    made = write_raise(grant, laid, RaiseKind.BREAK_GLASS, limits, ends_at, reason, actor, at, due_at)
    tell_of(
        made, "grant.break_glass", f"{actor} broke the glass: {what(grant)} raised for {hours} hours", made.reason,
        CONCERNED, but=actor, at=at,
    )  # fmt: skip
    told = in_words(made) | {"review_due_at": due_at}
    record("grant.break_glass", grant, actor=actor, at=at, before=speak_limits(held), after=told)
    return made


@transaction.atomic
def end_raise(raise_id: int, *, actor: User, at: datetime) -> Raise:
    """What was granted counts again now: whoever raised it, an owner of the team, or somebody who may raise."""
    held = locked_raise(raise_id)
    rules.refuse_unless(
        raise_rules.may_end(held, actor), "who raised it, an owner of the team, or another team's approver"
    )
    if held.ended_at is not None or held.state(at) == "over":
        raise Conflict("raise.over", "It is over already.", remedy="Nothing is left to do.")
    held.carried_out.filter(ends_at__gt=at).update(ends_at=at)
    held.ended_at, held.ended_by = at, actor
    held.save(update_fields=["ended_at", "ended_by"])
    tell_of(
        held,
        "grant.raise_ended",
        f"{actor} ended the raise of {what(held.grant)}",
        "",
        OWNERS,
        but=actor,
        at=at,
    )
    before = {"limits": speak_limits(held.limits), "until": held.ends_at}
    record("grant.end_raise", held.grant, actor=actor, at=at, before=before, after={"raise": held.pk})
    return held


@transaction.atomic
def review(raise_id: int, *, justified: bool, finding: str, actor: User, at: datetime) -> Raise:
    """Somebody outside the team closes a broken glass as justified or not, with words. Raises Invalid, Forbidden, Conflict."""
    held = locked_raise(raise_id)
    if not raise_rules.may_review(held, actor):
        raise Forbidden(
            "raise.reviewer",
            "An approver outside the team reviews a broken glass.",
            remedy="The page of the raise says who can.",
        )
    if held.kind != RaiseKind.BREAK_GLASS:
        raise Conflict(
            "raise.no_review", "A raise by an approver is not reviewed.", remedy="Nothing is left to do."
        )
    if held.reviewed_at is not None:
        raise Conflict(
            "raise.reviewed",
            f"{held.reviewed_by} reviewed it at {held.reviewed_at:%Y-%m-%d %H:%M:%S} UTC.",
            remedy="Reload to see what was found.",
        )
    held.reviewed_at, held.reviewed_by, held.justified = at, actor, justified
    held.finding = rules.clean_text(finding, "finding", rules.REASON_LENGTH)
    held.save(update_fields=["reviewed_at", "reviewed_by", "justified", "finding"])
    word = "justified" if justified else "not justified"
    tell_of(
        held, "grant.glass_reviewed", f"{actor} found the broken glass of {what(held.grant)} {word}", held.finding,
        OWNERS, but=actor, also=[held.by], at=at,
    )  # fmt: skip
    told = {"raise": held.pk, "justified": justified, "finding": held.finding}
    record("grant.review_glass", held.grant, actor=actor, at=at, after=told)
    return held


@transaction.atomic
def set_raise_rules(*, actor: User, at: datetime, **changes: Any) -> RaiseRules:
    """An admin says what may be raised from now on; what runs keeps its own. Raises Invalid, Forbidden."""
    return lay_down(
        RaiseRules.objects.current(), changes, ranges=MOST, flags=("keeps_headroom",), word="raise", verb="policy.raises",
        actor=actor, at=at,
    )  # fmt: skip


def locked_for_raise(grant_id: int) -> Grant:
    locked_grant(grant_id)
    return Grant.objects.with_names().select_related("decision__request").get(pk=grant_id)


def locked_raise(raise_id: int) -> Raise:
    """The raise under its grant's lock, so that it meets no decision half-way."""
    locked_grant(Raise.objects.values_list("grant", flat=True).get(pk=raise_id))
    return (
        Raise.objects.with_names()
        .select_related("grant__request", "grant__decision__request")
        .get(pk=raise_id)
    )


def write_raise(
    grant: Grant, laid: RaiseRules, kind: RaiseKind, limits: Mapping[str, int], ends_at: datetime, reason: str,
    actor: User, at: datetime, review_due_at: datetime | None = None,
) -> Raise:  # fmt: skip
    made = Raise.objects.create(
        grant=grant, kind=kind, limits=dict(limits), by=actor, at=at, ends_at=ends_at, rules=laid,
        reason=rules.clean_text(reason, "reason", rules.REASON_LENGTH), review_due_at=review_due_at,
    )  # fmt: skip
    Limit.objects.bulk_create(
        Limit(
            grant=grant, kind=each, maximum=maximum, starts_at=at, ends_at=ends_at, decision=grant.decision, raised=made
        )
        for each, maximum in limits.items()
    )  # fmt: skip
    return made


def in_words(made: Raise) -> dict[str, Any]:
    """As the audit keeps it."""
    return {
        "raise": made.pk, "team": made.grant.team.slug, "limits": speak_limits(made.limits), "until": made.ends_at,
        "reason": made.reason,
    }  # fmt: skip


def what(grant: Grant) -> str:
    return f"{grant.team}'s limits of {grant.offer.model.name}"


def tell_of(
    made: Raise, kind: str, title: str, text: str, roles: frozenset[StepRole], *, but: User | None, also: Iterable[User] = (),
    key: str = "", at: datetime,
) -> bool:  # fmt: skip
    """Whether it was told: each of `roles` around the grant once, but not whoever did it; it leads to the raise's page."""
    people = {user.pk: user for _, user in deciders.holders(set(roles), made.grant.team, made.grant.offer)}
    people |= {user.pk: user for user in also}
    people.pop(but.pk if but else 0, None)
    event = tell(
        kind,
        key=key or f"{kind}:{made.pk}",
        title=title,
        text=text,
        url=reverse("raise", args=[made.pk]),
        to=people.values(),
        scope=f"team:{made.grant.team.slug}",
        data={"grant": made.grant_id, "raise": made.pk},
        at=at,
    )
    return event is not None


def remind_of_review(made: Raise, at: datetime) -> bool:
    """Tell the reviewers outside the team, once per day that it is overdue. Inside a transaction."""
    assert made.review_due_at is not None
    event = tell(
        "grant.review_overdue",
        key=f"grant.review_overdue:{made.pk}:{(at - made.review_due_at).days}",
        title=f"The broken glass of {what(made.grant)} waits for a review since {made.review_due_at:%Y-%m-%d}",
        text=made.reason,
        url=reverse("raise", args=[made.pk]),
        to=reviewers(made),
        scope=f"team:{made.grant.team.slug}",
        data={"grant": made.grant_id, "raise": made.pk},
        at=at,
    )
    return event is not None


def reviewers(made: Raise) -> list[User]:
    """Everybody who may review it, in the order of names."""
    people = {user.pk: user for _, user in deciders.holders(set(REVIEWERS), None, None) if user.is_active}
    inside = set(made.grant.team.memberships.values_list("user", flat=True)) | {made.by_id}
    return sorted((user for pk, user in people.items() if pk not in inside), key=lambda user: user.name)
