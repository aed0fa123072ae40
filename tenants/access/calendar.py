"""What a team's calendar tells: when models go away, when access ends, when terms begin to count. RFC 5545."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event

from catalog.models import Offer
from tenants.access.models import Grant
from tenants.access.periods import last_day
from tenants.teams.models import Team

LOOK_BACK = timedelta(days=90)
PRODUCT = "-//Foundry//Calendar of a team//EN"


def of_team(team: Team, at: datetime) -> bytes:
    """The whole calendar; the same bytes for as long as nothing in it changes. Two queries."""
    made = Calendar()
    for name, value in (("prodid", PRODUCT), ("version", "2.0"), ("calscale", "GREGORIAN"),
                        ("x-wr-calname", f"{team.name}: models"), ("x-published-ttl", "PT1H")):  # fmt: skip
        made.add(name, value)
    grants = Grant.objects.in_force(at).filter(team=team).with_names()
    rows = grants.select_related("offer__terms", "offer__successor__model__publisher", "decision")
    since, seen = (at - LOOK_BACK).date(), set[int]()
    for grant in rows.prefetch_related("named__application").order_by("pk"):
        found = [ending(grant)]
        if grant.offer_id not in seen:
            seen.add(grant.offer_id)
            found += life(grant.offer)
        for event in found:
            if event.start >= since:
                made.add_component(event)
    told: bytes = made.to_ical()
    return told


def ending(grant: Grant) -> Event:
    names = ", ".join(each.application.name for each in grant.named.all())
    return entry(
        f"grant-{grant.pk}-ends",
        last_day(grant.ends_at),
        f"Last day of {grant.offer.model} for {names}",
        f"The grant at {grant.offer.host} ends. Ask for more time on its page.",
        f"/grants/{grant.pk}/",
        grant.decision.at,
    )


def life(offer: Offer) -> Iterator[Event]:
    """What is known of an offer's last days, and from when calls need its terms."""
    page, name = f"/offers/{offer.pk}/", f"{offer.model} at {offer.host}"
    after = offer.successor.model if offer.successor else offer.successor_told
    follows = f" {after} follows it." if after else ""
    told = f"Told by {offer.source}: {offer.lifecycle_told or offer.lifecycle}.{follows}"
    if offer.deprecated_at:
        yield entry(
            f"offer-{offer.pk}-deprecated",
            offer.deprecated_at.date(),
            f"No new use of {name}",
            told,
            page,
            offer.told_at,
        )
    if offer.retires_at:
        yield entry(
            f"offer-{offer.pk}-retires",
            offer.retires_at.date(),
            f"{name} is retired: calls fail",
            told,
            page,
            offer.told_at,
        )
    if offer.terms and offer.terms_from:
        yield entry(
            f"offer-{offer.pk}-terms",
            offer.terms_from.date(),
            f"{name} needs {offer.terms} acknowledged",
            "Calls without the acknowledgement are refused from this day on.",
            f"/terms/{offer.terms.slug}/",
            offer.terms.created_at,
        )


def entry(uid: str, day: date, summary: str, text: str, path: str, revised: datetime) -> Event:
    """One whole day. :param uid: stays when the day moves, so that subscribers see it move."""
    event = Event()
    event.add("uid", f"{uid}@{urlsplit(settings.CONSOLE_URL).hostname}")
    event.add("dtstamp", revised)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", summary)
    event.add("description", text)
    event.add("url", f"{settings.CONSOLE_URL}{path}")
    event.add("transp", "TRANSPARENT")
    return event
