"""Filters of offers, runs and changes, the same in pages and API; each lives in the URL."""

from decimal import Decimal
from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from catalog.facets import CONTEXTS, DATA, PRICES, REACHES, SHOWS
from catalog.models import CapacityPool, Change, Model, Offer, SyncRun
from catalog.news import TOPICS
from catalog.states import ChangeKind, ChangeState, Lifecycle, RunState
from foundry.lib import clock

Rows = QuerySet[Any]  # offers with the annotations of OfferQuerySet


class OfferFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Needs offers `with_reach()` and `with_price_at()`."""

    q = django_filters.CharFilter(method="search", label="Part of a model's, maker's or host's name")
    publisher = django_filters.CharFilter(field_name="model__publisher__slug")
    host = django_filters.CharFilter(field_name="host__slug")
    model = django_filters.CharFilter(field_name="model__slug")
    region = django_filters.CharFilter(field_name="region", lookup_expr="iexact")
    lifecycle = django_filters.ChoiceFilter(choices=Lifecycle.choices)
    modality = django_filters.CharFilter(field_name="modalities", method="has_modality")
    reach = django_filters.ChoiceFilter(field_name="reach_word", choices=REACHES)
    show = django_filters.ChoiceFilter(choices=SHOWS, method="shown", label="Usable here, all, unpublished")
    context = django_filters.ChoiceFilter(
        field_name="context_tokens", lookup_expr="gte", choices=CONTEXTS, label="At least so many tokens"
    )
    data = django_filters.ChoiceFilter(choices=DATA, method="may_hold", label="Data that the terms allow")
    max_price = django_filters.NumberFilter(
        field_name="input_now", lookup_expr="lte", min_value=0, max_value=10**9, label="USD per million input"
    )
    price = django_filters.ChoiceFilter(choices=PRICES, method="priced")
    gone = django_filters.BooleanFilter(method="also_gone", label="Also what hosts no longer list")

    class Meta:
        model = Offer
        fields: list[str] = []

    def filter_queryset(self, queryset: Rows) -> Rows:
        rows: Rows = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data.get("gone") else rows.filter(gone_at=None)

    def search(self, rows: Rows, name: str, value: str) -> Rows:
        for word in value.replace("/", " ").replace(":", " ").split()[:6]:
            rows = rows.filter(
                Q(model__slug__icontains=word)
                | Q(model__name__icontains=word)
                | Q(model__publisher__slug__icontains=word)
                | Q(model__publisher__name__icontains=word)
                | Q(host__name__icontains=word)
                | Q(host_model_id__icontains=word)
            )
        return rows

    def has_modality(self, rows: Rows, name: str, value: str) -> Rows:
        return rows.filter(modalities__contains=[value])

    def priced(self, rows: Rows, name: str, value: str) -> Rows:
        if value in {"known", "unknown"}:
            return rows.filter(input_now__isnull=value == "unknown")
        return rows.filter(input_now__lte=Decimal(value))

    def shown(self, rows: Rows, name: str, value: str) -> Rows:
        if value == "usable":
            return rows.filter(reach_rank=0, hidden=False)
        return rows.filter(hidden=True) if value == "unpublished" else rows

    def may_hold(self, rows: Rows, name: str, value: str) -> Rows:
        return rows.filter(terms__data_classes__contains=[value])

    def also_gone(self, rows: Rows, name: str, value: bool) -> Rows:
        return rows  # `filter_queryset` leaves gone offers out unless this is true


class ModelFilter(OfferFilter):
    """Models of which some offer that the person sees fits; the same names as for offers."""

    slug = django_filters.CharFilter(field_name="model__slug")

    class Meta:
        model = Model
        fields: list[str] = []

    def filter_queryset(self, queryset: Rows) -> Rows:
        offers = Offer.objects.seen_by(self.request.user).with_reach().with_price_at(clock.now())
        return queryset.filter(pk__in=super().filter_queryset(offers).order_by().values("model"))


class RunFilter(django_filters.FilterSet):  # type: ignore[misc]
    host = django_filters.CharFilter(field_name="host__slug")
    state = django_filters.ChoiceFilter(choices=RunState.choices)

    class Meta:
        model = SyncRun
        fields: list[str] = []


class ChangeFilter(django_filters.FilterSet):  # type: ignore[misc]
    host = django_filters.CharFilter(field_name="host__slug")
    state = django_filters.ChoiceFilter(choices=ChangeState.choices)
    kind = django_filters.ChoiceFilter(choices=ChangeKind.choices)
    run = django_filters.NumberFilter(field_name="run_id", min_value=0, max_value=2**63 - 1)

    class Meta:
        model = Change
        fields: list[str] = []


class FeedFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What everybody may ask of the feed of changes. A price list that nobody serves is left out unless it is named."""

    host = django_filters.CharFilter(field_name="host__slug")
    maker = django_filters.CharFilter(field_name="offer__model__publisher__slug")
    model = django_filters.CharFilter(field_name="offer__model__slug")
    what = django_filters.ChoiceFilter(
        choices=[(topic, label) for topic, (label, _) in TOPICS.items()], method="about"
    )
    kind = django_filters.ChoiceFilter(choices=ChangeKind.choices)
    on = django_filters.DateFilter(
        field_name="settled_at", lookup_expr="date", label="A day, as in 2026-12-31"
    )

    class Meta:
        model = Change
        fields: list[str] = []

    def filter_queryset(self, queryset: Rows) -> Rows:
        rows: Rows = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data.get("host") else rows.exclude(host__connector="reference")

    def about(self, rows: Rows, name: str, value: str) -> Rows:
        return rows.filter(kind__in=TOPICS[value][1])


class PoolFilter(django_filters.FilterSet):  # type: ignore[misc]
    host = django_filters.CharFilter(field_name="host__slug")

    class Meta:
        model = CapacityPool
        fields: list[str] = []
