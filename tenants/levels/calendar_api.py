"""`budget-calendar/`: where the days and months of budgets begin, from when on."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from catalog.asked import Asked
from foundry.api.body import read
from foundry.lib import clock
from foundry.lib.errors import Invalid
from tenants.access.filters import read_moment
from tenants.levels import actions
from tenants.levels import calendar_rules as rules
from tenants.levels.rules import REASON_LENGTH
from tenants.quotas.models import Calendar
from tenants.quotas.use import period_of

YEARS = 50  # of which the day and month are told


class CalendarSerializer(serializers.ModelSerializer[Calendar]):
    """From `from_at` on budgets' days begin at midnight in `zone`, and months on `first_day`."""

    set_by = serializers.CharField(source="set_by.name")
    withdrawn_by = serializers.CharField(source="withdrawn_by.name", allow_null=True, default=None)
    state = serializers.SerializerMethodField(help_text="planned, begun or withdrawn")

    class Meta:
        model = Calendar
        fields = (
            "id", "zone", "first_day", "from_at", "reason", "state", "set_by", "set_at", "withdrawn_by", "withdrawn_at",
        )  # fmt: skip

    def get_state(self, row: Calendar) -> str:
        return row.state(clock.now())


class NewCalendarSerializer(serializers.Serializer[Any]):
    zone = serializers.CharField(max_length=60, help_text="For example Europe/Berlin.")
    first_day = serializers.IntegerField(
        min_value=1, max_value=rules.LAST_FIRST_DAY, default=1, help_text="Of the month."
    )
    from_day = serializers.DateField(
        help_text="The day there with which it begins; at least an hour from now."
    )
    reason = serializers.CharField(max_length=REASON_LENGTH)


class PeriodSerializer(serializers.Serializer[Any]):
    """The day of budgets that contains a moment, and its month."""

    day = serializers.DateTimeField()
    day_ends = serializers.DateTimeField()
    month = serializers.DateTimeField()
    month_ends = serializers.DateTimeField()


class EffectSerializer(serializers.Serializer[Any]):
    before = PeriodSerializer(help_text="The last day by the calendar until then.")
    after = PeriodSerializer(help_text="The first day by the new one.")
    told = serializers.ListField(child=serializers.CharField(), help_text="What happens, in words.")


class CalendarView(Asked, viewsets.GenericViewSet[Calendar]):
    """Changes of the calendar, the latest first. Before the first one days begin at midnight UTC, months on the first."""

    serializer_class = CalendarSerializer
    queryset = Calendar.objects.none()
    required_scope: str | None = None
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Calendar]:
        return Calendar.objects.select_related("set_by", "withdrawn_by")

    @extend_schema(filters=False)
    def list(self, request: Request) -> Response:
        found = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(CalendarSerializer(found, many=True).data)

    @extend_schema(request=NewCalendarSerializer, responses={201: CalendarSerializer})
    def create(self, request: Request) -> Response:
        """Plan a change. For finance and admins."""
        made = actions.plan_calendar(
            **read(NewCalendarSerializer, request), actor=self.person, at=clock.now()
        )
        return Response(CalendarSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=NewCalendarSerializer, responses=EffectSerializer)
    @action(detail=False, methods=["post"], required_scope="read")
    def preview(self, request: Request) -> Response:
        """What a change would do to the day and month that run then; nothing is planned."""
        row = rules.usable(**read(NewCalendarSerializer, request), actor=self.person, at=clock.now())
        found = rules.effect(row)
        return Response(
            EffectSerializer({"before": found.before, "after": found.after, "told": found.lines}).data
        )

    @extend_schema(parameters=[OpenApiParameter("at", str)], responses=PeriodSerializer, filters=False)
    @action(detail=False, methods=["get"])
    def period(self, request: Request) -> Response:
        """The day and month of budgets that contain a moment; now where none is named."""
        asked, now = request.query_params.get("at", ""), clock.now()
        at = read_moment(asked) if asked else now
        if abs(at.year - now.year) > YEARS:
            raise Invalid(
                "calendar.at", "That is too far away.", remedy=f"Name a moment within {YEARS} years.",
                errors={"at": "Too far away."},
            )  # fmt: skip
        return Response(PeriodSerializer(period_of(at)).data)

    @extend_schema(request=None, responses=CalendarSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """A planned change does not come; until an hour before it."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        return Response(
            CalendarSerializer(actions.withdraw_calendar(row.pk, actor=self.person, at=clock.now())).data
        )


def routes(router: BaseRouter) -> None:
    router.register("budget-calendar", CalendarView, basename="budget-calendar")
