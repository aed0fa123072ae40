"""Take in what another gateway held, change a proposal, leave it out, note what it became. Admins."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from catalog.models import Offer
from foundry.audit.actions import record
from foundry.lib.errors import Conflict, Invalid
from foundry.people.models import User
from tenants.access.amounts import require_limits, speak_limits
from tenants.access.models import Request
from tenants.access.rules import DAYS_AT_MOST, require_data_class, require_end
from tenants.moving.litellm import Found, Read
from tenants.moving.match import Offers, slug_of, teams_by_name, usable_offers
from tenants.moving.models import Proposal, Reading, State
from tenants.moving.rules import require_admin
from tenants.teams import rules as team_rules
from tenants.teams.models import Environment

USUAL_DAYS = 180
NAMED = ("team_slug", "owner", "application_slug", "offer", "limits", "ends_on")
FIELDS = (*NAMED, "team_name", "application_name", "there")
CHANGEABLE = frozenset({*NAMED, "environment", "data_class"})


@transaction.atomic
def take_in(read: Read, *, source: str, actor: User, at: datetime) -> Reading:
    """Proposals from what was read. What somebody decided or changed stays; what is only proposed follows the new reading.

    :param source: where it was read, without a credential. Raises Forbidden.
    """
    require_admin(actor)
    reading = Reading.objects.create(source=source[:200], by=actor, at=at)
    offers, teams = Offers.of(usable_offers()), teams_by_name()
    held = {row.ref: row for row in Proposal.objects.select_for_update()}
    new, again, stands = [], [], 0
    for each in read.found:
        row = held.get(each.ref)
        if row is not None and (row.state != State.PROPOSED or row.changed_at is not None):
            stands += 1
            continue
        team = teams.get(each.team.lower()) or teams.get(slug_of(each.team))
        fields = {
            "team_name": team.name if team else each.team,
            "team_slug": team.slug if team else slug_of(each.team),
            "owner": each.owner,
            "application_name": each.application,
            "application_slug": slug_of(each.application),
            "offer": offers.match(each.model, each.backs),
            "limits": each.limits,
            "ends_on": end_of(each, at),
            "there": what_it_was(each),
        }
        if row is None:
            new.append(Proposal(ref=each.ref, reading=reading, **fields))
        else:
            for name, value in fields.items():
                setattr(row, name, value)
            again.append(row)
    Proposal.objects.bulk_create(new, batch_size=500)
    Proposal.objects.bulk_update(again, FIELDS, batch_size=500)
    reading.told = {"new": len(new), "again": len(again), "stands": stands, "left_out": read.left_out}
    reading.save(update_fields=["told"])
    record("moving.read", reading, actor=actor, at=at, after={"source": reading.source} | reading.told)
    return reading


def end_of(found: Found, at: datetime) -> date:
    """The key's own end, at most as far as a grant may go; half a year where it has none."""
    usual = at.date() + timedelta(days=USUAL_DAYS)
    last = at.date() + timedelta(days=DAYS_AT_MOST)
    return min(found.ends_on, last) if found.ends_on else usual


def what_it_was(found: Found) -> dict[str, Any]:
    return {
        "team": found.team,
        "application": found.application,
        "model": found.model,
        "backs": found.backs,
        "keys": found.keys,
        "spent_usd": str(found.spent_usd.quantize(type(found.spent_usd)("0.01"))),
        "ends_on": found.ends_on.isoformat() if found.ends_on else None,
        "limits": speak_limits(found.limits),
        "team_limits": found.team_limits,
        "notes": found.notes,
    }


@transaction.atomic
def change(proposal_id: int, values: Mapping[str, Any], *, actor: User, at: datetime) -> Proposal:
    """Say otherwise what it becomes. :param values: some of CHANGEABLE. Raises Forbidden, Conflict, Invalid."""
    require_admin(actor)
    row = undecided(proposal_id)
    if unknown := sorted(set(values) - CHANGEABLE):
        raise Invalid("moving.field", f"Nobody can change {', '.join(unknown)}.", remedy="Leave it out.")
    before = in_words(row)
    for name, value in values.items():
        setattr(row, name, clean(name, value, at))
    row.changed_at = at
    row.save(update_fields=[*sorted(values), "changed_at"])
    record("moving.change", row, actor=actor, at=at, before=before, after=in_words(row))
    return row


def clean(name: str, value: Any, at: datetime) -> Any:
    """Raises Invalid for what no request could say."""
    if name in ("team_slug", "application_slug"):
        return team_rules.clean_slug(value)
    if name == "owner":
        return team_rules.person_called(value, "owner").email if value else ""
    if name == "environment" and value not in Environment.values:
        raise Invalid(
            "moving.environment",
            "That is no environment.",
            remedy=f"Use one of {', '.join(Environment.values)}.",
        )
    if name == "data_class":
        require_data_class(value)
    if name == "limits":
        require_limits(value)
        return dict(value)
    if name == "ends_on":
        require_end(value, at)
    assert name != "offer" or value is None or isinstance(value, Offer)
    return value


@transaction.atomic
def leave_out(proposal_id: int, *, actor: User, at: datetime) -> Proposal:
    """It stays behind; a new reading does not bring it back. Raises Forbidden, Conflict."""
    require_admin(actor)
    row = undecided(proposal_id)
    row.state, row.decided_by, row.decided_at = State.LEFT_OUT, actor, at
    row.save(update_fields=["state", "decided_by", "decided_at"])
    record("moving.leave_out", row, actor=actor, at=at, before=in_words(row))
    return row


@transaction.atomic
def note_accepted(row: Proposal, request: Request, *, actor: User, at: datetime) -> None:
    """What the proposal became. Raises Forbidden, Conflict."""
    require_admin(actor)
    row = undecided(row.pk)
    row.state, row.request, row.decided_by, row.decided_at = State.ACCEPTED, request, actor, at
    row.save(update_fields=["state", "request", "decided_by", "decided_at"])
    told = in_words(row) | {"request": request.pk, "source": row.reading.source, "there": row.there}
    record("moving.accept", row, actor=actor, at=at, after=told)


def undecided(proposal_id: int) -> Proposal:
    """Under a lock. Raises Conflict."""
    rows = Proposal.objects.select_for_update(of=("self",)).select_related(
        "reading", "decided_by", "offer__model__publisher", "offer__host", "offer__terms"
    )
    row = rows.get(pk=proposal_id)
    if row.state != State.PROPOSED:
        raise Conflict(
            "moving.decided",
            f"{row.decided_by} decided this already: {row.get_state_display().lower()}.",
            remedy="Reload the list.",
        )
    return row


def in_words(row: Proposal) -> dict[str, Any]:
    return {
        "team": row.team_slug,
        "owner": row.owner,
        "application": row.application_slug,
        "environment": row.environment,
        "offer": row.offer.call_name if row.offer else None,
        "limits": speak_limits(row.limits),
        "ends_on": row.ends_on,
        "data_class": row.data_class,
    }
