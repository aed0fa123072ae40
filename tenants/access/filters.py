"""Filters of lists, the same in pages and API; each lives in the URL."""

from datetime import UTC, datetime, timedelta

import django_filters
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_date, parse_datetime

from foundry.lib.errors import Invalid
from tenants.access.models import Grant, GrantQuerySet, Request, Step
from tenants.access.states import DataClass, RequestState

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


class InboxFilter(django_filters.FilterSet):  # type: ignore[misc]
    team = django_filters.CharFilter(field_name="request__team__slug")
    data = django_filters.ChoiceFilter(field_name="request__data_class", choices=DataClass.choices)

    class Meta:
        model = Step
        fields: list[str] = []


class GrantFilter(django_filters.FilterSet):  # type: ignore[misc]
    team = django_filters.CharFilter(field_name="team__slug")
    offer = django_filters.NumberFilter(field_name="offer_id", min_value=0, max_value=2**63 - 1)
    model = django_filters.CharFilter(method="of_model")

    class Meta:
        model = Grant
        fields: list[str] = []

    def of_model(self, grants: QuerySet[Grant], _: str, name: str) -> QuerySet[Grant]:
        """:param name: as calls name it, `xai/grok-3`."""
        publisher, _, model = name.partition("/")
        return grants.filter(offer__model__publisher__slug=publisher, offer__model__slug=model)


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


def in_state(grants: GrantQuerySet, state: str, at: datetime) -> GrantQuerySet:
    """Grants that are in `state` at `at`, as `Grant.state` judges it; all for an unknown word."""
    if state == "ending":
        return grants.live(at).filter(ends_at__lte=at + SOON)
    known = {name for name, _ in GRANT_STATES}
    return grants.judged(at).filter(Q(state_then=state)) if state in known else grants
