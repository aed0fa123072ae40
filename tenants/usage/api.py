"""`usage/`: sums, single calls, and the same as CSV."""

from collections.abc import Mapping

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from foundry.api.paging import CursorPages
from foundry.lib import clock, csv
from foundry.lib.errors import Invalid
from foundry.people.access import signed_in
from tenants.usage import shapes
from tenants.usage.hits_api import HitsView
from tenants.usage.models import UsageEvent, UsageEventQuerySet
from tenants.usage.period import read_period
from tenants.usage.summary import KEYS, Question, Row, read_by, summarise, total

FILTERS = ("team", "model", "host", "offer", "key", "grant", "application", "tag", "outcome")
ASKED = [
    OpenApiParameter("from", str, description="A date or an RFC 3339 moment; thirty days back unless said."),
    OpenApiParameter("to", str, description="A date (its whole day) or a moment; now unless said."),
    OpenApiParameter("by", str, description=f"Some of {', '.join(KEYS)}, separated by commas."),
    *(OpenApiParameter(name, str, description=f"Only this {name}.") for name in FILTERS),
]


def read_question(query: Mapping[str, str], by: str) -> Question:
    """The question in a URL. Raises Invalid."""
    period = read_period(query.get("from", ""), query.get("to", ""), query.get("range", ""), clock.now())
    return Question(period, read_by(by), {name: query[name] for name in FILTERS if query.get(name)})


class NewestFirst(CursorPages):
    ordering = ("-started_at", "-id")


class UsageView(viewsets.ViewSet):
    """Sums over hours. A team sees its own; ops, finance, auditors and admins see all."""

    @extend_schema(parameters=ASKED, responses=shapes.SummarySerializer, operation_id="usage_summary")
    @action(detail=False, methods=["get"])
    def summary(self, request: Request) -> Response:
        question = read_question(request.query_params, request.query_params.get("by", ""))
        rows = summarise(question, signed_in(request._request))
        totals = shapes.told(total(rows))
        del totals["total"]
        return Response({"results": [shapes.told(row) for row in rows], "totals": totals})

    @extend_schema(
        parameters=[*ASKED, OpenApiParameter("format", str, enum=["csv"])],
        responses={(200, "text/csv"): OpenApiTypes.STR},
        operation_id="usage_export",
    )
    @action(detail=False, methods=["get"])
    def export(self, request: Request) -> HttpResponseBase:
        """The summary as CSV, a line per group; grouped by day, team and model unless `by` says otherwise."""
        if request.query_params.get("format", "csv") != "csv":
            raise Invalid(
                "usage.format", "Only CSV is exported.", remedy="Use format=csv.", errors={"format": "csv"}
            )
        question = read_question(request.query_params, request.query_params.get("by", "day,team,model"))
        return csv_answer(question, summarise(question, signed_in(request._request)))


def csv_answer(question: Question, rows: list[Row]) -> StreamingHttpResponse:
    """A download whose columns are what it is grouped by, then the sums."""
    header = [*question.by, *shapes.CSV_COLUMNS]
    told = (shapes.told(row) for row in rows)
    lines = csv.lines(header, ([row[name] for name in header] for row in told))
    name = f"usage-{question.period.start:%Y%m%d}-{question.period.end:%Y%m%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


class EventView(mixins.ListModelMixin, viewsets.GenericViewSet[UsageEvent]):
    """Single calls, the newest first."""

    serializer_class = shapes.EventSerializer
    pagination_class = NewestFirst
    filter_backends = []
    queryset = UsageEvent.objects.none()

    @extend_schema(parameters=[each for each in ASKED if each.name in {"from", "to"}])
    def list(self, request: Request) -> Response:
        return super().list(request)

    def get_queryset(self) -> UsageEventQuerySet:
        if getattr(self, "swagger_fake_view", False):
            return UsageEvent.objects.none()
        query = self.request.query_params
        period = read_period(query.get("from", ""), query.get("to", ""), "", clock.now())
        rows = UsageEvent.objects.seen_by(signed_in(self.request._request))
        return rows.filter(started_at__gte=period.start, started_at__lt=period.end)


def routes(router: BaseRouter) -> None:
    router.register("hits", HitsView, basename="hits")
    router.register("usage/events", EventView, basename="usage-event")
    router.register("usage", UsageView, basename="usage")
