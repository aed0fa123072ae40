"""Open, plan, choose and close. One function = one transaction = one audit verb."""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from catalog.models import Offer
from foundry.audit.actions import record
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import Role, User
from tenants.advice import report, telling
from tenants.advice.models import Campaign, Plan
from tenants.teams import rules as team_rules
from tenants.teams.models import Team

NOTE_LENGTH = 500


@transaction.atomic
def open_campaign(offer: Offer, *, actor: User | str, at: datetime) -> Campaign:
    """An offer has a retirement date: tell the teams that hold it. Conflict when one is open, or there is no date."""
    require_keeper(actor)
    if offer.retires_at is None:
        raise Conflict(
            "campaign.no_date", f"{offer} has no retirement date.", remedy="Set the date on the offer first."
        )
    label = actor if isinstance(actor, str) else actor.name
    try:
        with transaction.atomic():
            campaign = Campaign.objects.create(
                offer=offer,
                successor=offer.successor,
                retires_at=offer.retires_at,
                opened_at=at,
                opened_by=label[:120],
            )
    except IntegrityError as error:
        raise Conflict(
            "campaign.open",
            f"A campaign for {offer} is open already.",
            remedy="Look at it under Retirements.",
        ) from error
    telling.opened(campaign, at)
    record(
        "campaign.open",
        campaign,
        actor=actor,
        at=at,
        after={"offer": str(offer), "retires_at": offer.retires_at},
    )
    return campaign


@transaction.atomic
def move_date(campaign_id: int, retires_at: datetime, *, actor: User | str, at: datetime) -> Campaign:
    """The date moved: the campaign follows it and everybody affected is told."""
    campaign = open_one(campaign_id)
    before, campaign.retires_at = campaign.retires_at, retires_at
    campaign.save(update_fields=["retires_at"])
    telling.moved(campaign, before, at)
    record("campaign.move_date", campaign, actor=actor, at=at, before=before, after=retires_at)
    return campaign


@transaction.atomic
def plan(
    campaign_id: int, team: Team, planned_on: date, note: str = "", *, actor: User, at: datetime
) -> Plan:
    """A member says by when the team will have moved. Raises Forbidden, Invalid, Conflict when it is closed."""
    campaign = open_one(campaign_id)
    if not team_rules.is_member(team, actor):
        raise Forbidden(
            "campaign.foreign_team",
            f"You are not in {team.name}.",
            remedy="Somebody of the team has to say it.",
        )
    if planned_on < at.date() or planned_on > campaign.retires_at.date():
        raise Invalid(
            "campaign.planned_on",
            f"{planned_on:%Y-%m-%d} is not between today and the retirement on {campaign.retires_at:%Y-%m-%d}.",
            remedy="Choose a day before the calls end.",
            errors={"planned_on": "Between today and the retirement."},
        )
    said, _ = Plan.objects.update_or_create(
        campaign=campaign,
        team=team,
        defaults={"planned_on": planned_on, "note": note.strip()[:NOTE_LENGTH], "by": actor, "at": at},
    )
    record("campaign.plan", campaign, actor=actor, at=at, after={"team": team.slug, "planned_on": planned_on})
    return said


@transaction.atomic
def choose_successor(campaign_id: int, successor: Offer | None, *, actor: User, at: datetime) -> Campaign:
    """Name what follows, where the host names nothing or something that does not fit."""
    require_keeper(actor)
    campaign = open_one(campaign_id)
    if successor is not None and successor.pk == campaign.offer_id:
        raise Invalid(
            "campaign.successor", "An offer does not follow itself.", remedy="Choose another offer."
        )
    before, campaign.successor = campaign.successor, successor
    campaign.save(update_fields=["successor"])
    record(
        "campaign.choose_successor", campaign, actor=actor, at=at,
        before=before and before.call_name, after=successor and successor.call_name,
    )  # fmt: skip
    return campaign


@transaction.atomic
def close_campaign(campaign_id: int, why: str, *, actor: User | str, at: datetime) -> Campaign:
    """End it with its report: who moved, who did not, what it cost before and after."""
    require_keeper(actor)
    campaign = open_one(campaign_id)
    campaign.report = report.write(campaign, at)
    campaign.closed_at, campaign.closed_why = at, why.strip()[:200] or "closed"
    campaign.save(update_fields=["report", "closed_at", "closed_why"])
    record(
        "campaign.close",
        campaign,
        actor=actor,
        at=at,
        after={"why": campaign.closed_why, **campaign.report["sums"]},
    )
    return campaign


def open_one(campaign_id: int) -> Campaign:
    """The campaign, locked, while it is open. Raises Conflict."""
    rows = Campaign.objects.select_for_update(of=("self",)).with_names()
    campaign = rows.get(pk=campaign_id)
    if campaign.closed_at:
        raise Conflict(
            "campaign.closed",
            f"This campaign was closed on {campaign.closed_at:%Y-%m-%d}: {campaign.closed_why}.",
            remedy="Its report stays on its page.",
        )
    return campaign


def require_keeper(actor: User | str) -> None:
    """Admins and ops run campaigns; so does the schedule."""
    if isinstance(actor, User) and not actor.is_any(Role.ADMIN, Role.OPS):
        raise Forbidden(
            "campaign.keepers_only", "Only admins and ops run retirements.", remedy="Ask an admin."
        )
