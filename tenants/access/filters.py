"""Filters of lists, the same in pages and API; each lives in the URL."""

from datetime import UTC, datetime, timedelta

import django_filters
from django.db.models import QuerySet
from django.utils.dateparse import parse_date, parse_datetime

from foundry.lib.errors import Invalid
from tenants.access.models import Grant, Request
from tenants.access.states import RequestState

SOON = timedelta(days=30)
GRANT_STATES = [
    ("live", "Live"),
    ("ending", "Ends within 30 days"),
    ("suspended", "Suspended"),
    ("revoked", "Revoked"),
    ("ended", "Ended"),
]


class RequestFilter(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(choices=RequestState.choices)
    team = django_filters.CharFilter(field_name="team__slug")
    offer = django_filters.NumberFilter(field_name="offer_id", min_value=0, max_value=2**63 - 1)

    class Meta:
        model = Request
        fields: list[str] = []


class GrantFilter(django_filters.FilterSet):  # type: ignore[misc]
    team = django_filters.CharFilter(field_name="team__slug")
    offer = django_filters.NumberFilter(field_name="offer_id", min_value=0, max_value=2**63 - 1)

    class Meta:
        model = Grant
        fields: list[str] = []


def read_moment(text: str) -> datetime:
    """A moment or a day (its midnight, UTC) from an address. Raises Invalid."""
    try:
        moment = parse_datetime(text.replace(" ", "+"))
        day = parse_date(text) if moment is None else None
    except ValueError:
        moment, day = None, None
    if moment is None and day is not None:
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if moment is None:
        raise Invalid(
            "at.invalid",
            "That is no moment.",
            remedy="Use RFC 3339, for example 2026-11-24T15:00:00Z.",
            errors={"at": "Not a moment."},
        )
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def in_state(grants: QuerySet[Grant], state: str, at: datetime) -> QuerySet[Grant]:
    """Grants that are in `state` at `at`, as `Grant.state` judges it; all for an unknown word."""
    alive = grants.filter(ends_at__gt=at).exclude(revoked_at__lte=at)
    return {
        "live": alive.filter(suspended_at=None, starts_at__lte=at),
        "ending": alive.filter(suspended_at=None, starts_at__lte=at, ends_at__lte=at + SOON),
        "suspended": alive.filter(suspended_at__lte=at),
        "revoked": grants.filter(revoked_at__lte=at),
        "ended": grants.filter(ends_at__lte=at, revoked_at=None),
    }.get(state, grants)
