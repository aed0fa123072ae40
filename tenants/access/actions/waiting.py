"""Wait for an offer that no call reaches yet; when it opens, what waits becomes requests in one step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from catalog.models import Change, Offer
from catalog.rules import label_of, require_admin
from catalog.states import ChangeKind, ChangeState
from foundry.audit.actions import record
from foundry.lib.errors import Conflict, Refused
from foundry.notify.outbox import tell
from foundry.people.models import User
from tenants.access import rules
from tenants.access.actions.asking import submit
from tenants.access.amounts import require_limits, speak_limits
from tenants.access.models import Request, Wish
from tenants.access.served import require_served
from tenants.teams import rules as team_rules
from tenants.teams.models import Application, Team


@transaction.atomic
def wish(
    team: Team,
    offer: Offer,
    *,
    why: str,
    application: Application | None = None,
    data_class: str = "",
    limits: Mapping[str, int] | None = None,
    actor: User,
    at: datetime,
) -> Wish:
    """A team waits for an offer that no call reaches yet: what for, with which data, how much.

    :param limits: as in `submit`; without application, data class and limits it is a wish and cannot become a request.

    Raises Invalid, Forbidden, Conflict.
    """
    if not team_rules.is_member(team, actor):
        rules.refuse_unless(False, f"a member of {team.name}")
    team_rules.require_active(team)
    why = rules.clean_text(why, "reason", rules.PURPOSE_LENGTH)
    if application is not None:
        rules.require_asker(team, application, actor)
        rules.require_data_class(data_class)
        require_served(offer, data_class)
        require_limits(limits or {})
    if offer.opened_at:
        raise Conflict("offer.opened", f"{offer} has opened.", remedy="Ask for what it opened as.")
    fields = {"application": application, "data_class": data_class, "asked": dict(limits or {})}
    try:
        with transaction.atomic():
            wished = Wish.objects.create(team=team, offer=offer, by=actor, why=why, at=at, **fields)
    except IntegrityError as there:
        raise Conflict(
            "wish.exists",
            f"{team.name} waits for {offer} already.",
            remedy="It is counted; leave the list first to say something else.",
        ) from there
    record("offer.wish", wished, actor=actor, at=at, after=in_words(wished))
    return wished


@transaction.atomic
def stop_waiting(wish_id: int, *, actor: User, at: datetime) -> None:
    """Leave the list: a member of the team. Raises Forbidden; Conflict once it became a request."""
    names = ("team", "offer__host", "offer__model__publisher", "application__team")
    held = Wish.objects.select_for_update(of=("self",)).select_related(*names).get(pk=wish_id)
    if not team_rules.is_member(held.team, actor):
        rules.refuse_unless(False, f"a member of {held.team.name}")
    if held.request_id is not None:
        raise Conflict("wish.asked", "It became a request already.", remedy="Withdraw the request.")
    record("offer.stop_waiting", held, actor=actor, at=at, before=in_words(held))
    held.delete()


def in_words(wished: Wish) -> dict[str, object]:
    told: dict[str, object] = {"team": wished.team.slug, "offer": wished.offer.call_name, "why": wished.why}
    if wished.application is None:
        return told
    return told | {
        "application": str(wished.application), "data_class": wished.data_class, "limits": speak_limits(wished.asked),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one team's waiting: a request, or why it could not be one."""

    wish: Wish
    request: Request | None
    why_not: str = ""


@transaction.atomic
def open_offer(offer_id: int, opened_as: Offer, *, ends_on: date, actor: User, at: datetime) -> list[Outcome]:
    """An announced offer can be had as another one: what waits becomes requests, each by the person who waited.

    Again, it tries those that could not become one. Terms that a team has not acknowledged are acknowledged on the
    request's page. Raises Forbidden, Conflict.
    """
    require_admin(actor)
    names = ("host", "model__publisher", "terms")
    offer = Offer.objects.select_for_update(of=("self",)).select_related(*names).get(pk=offer_id)
    require_openable(offer, opened_as)
    if offer.opened_at is None:
        offer.opened_as, offer.opened_at, offer.gone_at = opened_as, at, offer.gone_at or at
        offer.save(update_fields=["opened_as", "opened_at", "gone_at"])
        note_opening(offer, opened_as, actor, at)
    waiting = Wish.objects.waiting().filter(offer=offer).select_for_update(of=("self",)).order_by("pk")
    done = [
        turn(each, opened_as, ends_on, at)
        for each in waiting.select_related("team", "application__team", "by")
    ]
    told = {
        "opened_as": opened_as.call_name,
        "requests": [each.request.pk for each in done if each.request],
        "stay": {each.wish.team.slug: each.why_not for each in done if each.why_not},
    }
    record("offer.open", offer, actor=actor, at=at, after=told)
    return done


def note_opening(offer: Offer, opened_as: Offer, actor: User, at: datetime) -> None:
    """The announcement leaves the list; its history says why."""
    Change.objects.create(
        host=offer.host,
        offer=offer,
        key=offer.key,
        kind=ChangeKind.GONE,
        before={"listed": True},
        after={"listed": False},
        source=f"opened as {opened_as.call_name}"[:160],
        state=ChangeState.APPLIED,
        at=at,
        settled_at=at,
        settled_by=label_of(actor),
    )


def turn(waited: Wish, offer: Offer, ends_on: date, at: datetime) -> Outcome:
    """One wish as a request through the same door as any other; what is refused stays, and says why."""
    try:
        with transaction.atomic():
            request = asked_for(waited, offer, ends_on, at)
    except Refused as refused:
        waited.why_not = str(refused)[:400]
        waited.save(update_fields=["why_not"])
        return Outcome(waited, None, waited.why_not)
    waited.request, waited.why_not = request, ""
    waited.save(update_fields=["request", "why_not"])
    tell(
        "offer.open", key=f"offer.open:{waited.pk}", title=f"{offer} can be had; {waited.team}'s request is on its way",
        text="What you waited for became a request. Its page shows who decides.", url=f"/requests/{request.pk}/",
        to=[waited.by], scope=waited.team.slug, at=at,
    )  # fmt: skip
    return Outcome(waited, request)


def asked_for(waited: Wish, offer: Offer, ends_on: date, at: datetime) -> Request:
    if waited.application is None:
        raise Conflict("wish.bare", "It names no application.", remedy="Ask for the offer on its page.")
    known = offer.terms is not None and waited.team.acknowledgements.filter(terms=offer.terms).exists()
    return submit(
        team=waited.team,
        offer=offer,
        application=waited.application,
        purpose=waited.why,
        data_class=waited.data_class,
        limits=waited.asked,
        ends_on=ends_on,
        terms_version=offer.terms.version if offer.terms and known else None,
        terms_later=offer.terms is not None and not known,
        answers=None,
        actor=waited.by,
        at=at,
    )


def require_openable(offer: Offer, opened_as: Offer) -> None:
    """Raise Conflict for what can be called already, or what nobody could ask for."""
    if offer.opened_at is None and offer.reach.word != "listed":
        raise Conflict(
            "offer.callable", f"{offer} can be called already.", remedy="Nothing has to be opened."
        )
    if offer.opened_as_id not in (None, opened_as.pk):
        raise Conflict("offer.opened", f"{offer} opened as another offer.", remedy="Reload to see which.")
    if opened_as.pk == offer.pk:
        raise Conflict(
            "offer.itself", "An offer cannot open as itself.", remedy="Choose the one that can be called."
        )
    rules.require_requestable(opened_as)
