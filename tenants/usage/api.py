"""`usage/`: sums, single calls, and the same as CSV."""

from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from foundry.api.paging import CursorPages
from foundry.lib import csv
from foundry.lib.errors import Invalid
from foundry.people.access import signed_in
from tenants.usage import one, shapes
from tenants.usage.asking import FILTERS, WHEN, read_question, require_names, require_seen
from tenants.usage.calls import GATEWAY, find, gather
from tenants.usage.envelope import Outcome
from tenants.usage.hits_api import HitsView
from tenants.usage.models import UsageEvent, UsageEventQuerySet
from tenants.usage.period import RANGES
from tenants.usage.summary import IDS, KEYS, Question, Row, conditions, summarise, total

NO_SLUG = ("model", "tag", "outcome")

WHEN_ASKED = [
    OpenApiParameter("from", str, description="A date or an RFC 3339 moment; thirty days back unless said."),
    OpenApiParameter("to", str, description="A date (its whole day) or a moment; now unless said."),
    OpenApiParameter("range", str, enum=list(RANGES), description="A length instead of `from`."),
]
BY = OpenApiParameter("by", str, description=f"Some of {', '.join(KEYS)}, separated by commas.")
ONLY = [
    OpenApiParameter(
        name,
        int if name in IDS else str,
        enum=list(map(str, Outcome)) if name == "outcome" else None,
        description=f"Only this {name}{'' if name in IDS + NO_SLUG else ', by its slug'}.",
    )
    for name in FILTERS
]
ASKED = [*WHEN_ASKED, BY, *ONLY]


def asked(request: Request, by: str, *more: str) -> Question:
    """The question of a script. Raises Invalid, also for what it does not know and for what the person may not see."""
    query = request.query_params
    require_names(query, (*WHEN, *FILTERS, *more))
    question = read_question(query, query.get("by", by) if "by" in more else by)
    require_seen(question.only, signed_in(request._request))
    return question


class NewestFirst(CursorPages):
    ordering = ("-started_at", "-id")


class UsageView(viewsets.ViewSet):
    """Sums over hours. A team sees its own; ops, finance, auditors and admins see all."""

    @extend_schema(parameters=ASKED, responses=shapes.SummarySerializer, operation_id="usage_summary")
    @action(detail=False, methods=["get"])
    def summary(self, request: Request) -> Response:
        question = asked(request, "", "by")
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
        question = asked(request, "day,team,model", "by", "format")
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
    lookup_url_kwarg, lookup_value_regex = "call_id", "[^/]+"

    @extend_schema(parameters=[*WHEN_ASKED, *ONLY])
    def list(self, request: Request) -> Response:
        return super().list(request)

    @extend_schema(
        parameters=[OpenApiParameter("source", str, description="Who told of it; the gateway unless said.")],
        responses=one.CallSerializer,
    )
    def retrieve(self, request: Request, call_id: str) -> Response:
        """One call with what it went by: the limits that it was under, its price, how its cost comes together."""
        require_names(request.query_params, ["source"])
        event = find(call_id, signed_in(request._request), request.query_params.get("source") or GATEWAY)
        if event is None:
            raise Http404
        return Response(one.told(gather(event)))

    def get_queryset(self) -> UsageEventQuerySet:
        if getattr(self, "swagger_fake_view", False):
            return UsageEvent.objects.none()
        question = asked(self.request, "", "cursor", "limit")
        rows = UsageEvent.objects.seen_by(signed_in(self.request._request))
        rows = rows.filter(started_at__gte=question.period.start, started_at__lt=question.period.end)
        return rows.filter(*conditions(question.only))


def routes(router: BaseRouter) -> None:
    router.register("hits", HitsView, basename="hits")
    router.register("usage/events", EventView, basename="usage-event")
    router.register("usage", UsageView, basename="usage")
