"""`approvals/`: what waits for the caller to decide, and approving several after seeing exactly what would happen."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from foundry.api.body import read
from foundry.api.paging import CursorPages
from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.lib.units import usd_text
from foundry.people.access import signed_in
from tenants.access import inbox
from tenants.access.filters import InboxFilter
from tenants.access.models import Step
from tenants.access.models.requests import BY_RISK, BY_URGENCY
from tenants.access.preview_shapes import ObstacleSerializer
from tenants.access.shapes import LimitsField

ORDER = [
    OpenApiParameter(
        "sort", str, enum=["due", "risk"], description="By day and risk, or the riskiest first."
    ),
    OpenApiParameter("late", bool, description="Only what is overdue."),
]


class WaitingSerializer(serializers.ModelSerializer[Step]):
    team = serializers.CharField(source="request.team.slug")
    offer_name = serializers.CharField(source="request.offer.call_name")
    data_class = serializers.CharField(source="request.data_class")
    decides = serializers.CharField(source="label", help_text="As whom it is decided.")
    risk = serializers.IntegerField(help_text="0 to 5: data, production, and whether finance has to decide.")
    limits = LimitsField(source="request.asked")
    cost_usd_per_month = serializers.SerializerMethodField()
    handed_to_me = serializers.BooleanField(source="is_handed_to_me")

    class Meta:
        model = Step
        fields = [
            "id", "request", "position", "decides", "due_at", "risk", "team", "offer_name", "data_class", "limits",
            "cost_usd_per_month", "handed_to_me",
        ]  # fmt: skip

    @extend_schema_field({"type": ["string", "null"]})
    def get_cost_usd_per_month(self, step: Any) -> str | None:
        """A full month as asked; null where nobody knows."""
        return None if step.cost_nanos is None else usd_text(step.cost_nanos)


class ChosenSerializer(serializers.Serializer[Any]):
    steps = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=inbox.AT_ONCE,
    )


class RehearsedSerializer(serializers.Serializer[Any]):
    """What approving one as it stands leads to."""

    step = serializers.IntegerField(source="step.pk")
    request = serializers.IntegerField(source="step.request_id")
    refused = ObstacleSerializer(allow_null=True)
    limits = serializers.SerializerMethodField()
    until = serializers.DateField(allow_null=True, help_text="The last day of the grant.")
    opens = serializers.BooleanField(help_text="A grant opens or changes at once.")
    next = serializers.CharField(source="next_label", help_text="Who decides then, where more do.")

    @extend_schema_field(LimitsField)
    def get_limits(self, outcome: inbox.Outcome) -> Any:
        return LimitsField().to_representation(dict(outcome.limits))


class ApprovedSerializer(serializers.Serializer[Any]):
    step = serializers.IntegerField()
    request = serializers.IntegerField()
    refused = ObstacleSerializer(allow_null=True, help_text="null: it is approved.")


class ApprovalsSerializer(serializers.Serializer[Any]):
    results = ApprovedSerializer(many=True)
    left_alone = serializers.ListField(
        child=serializers.IntegerField(), help_text="Steps that did not wait for you, or no longer did."
    )


class InboxPages(CursorPages):
    """By the day it is due, on each day the riskier first; or the riskiest first."""

    def get_ordering(self, request: ApiRequest, queryset: Any, view: Any) -> tuple[str, ...]:
        return BY_RISK if request.query_params.get("sort") == "risk" else BY_URGENCY


class ApprovalView(mixins.ListModelMixin, viewsets.GenericViewSet[Step]):
    """The next steps that wait for the caller."""

    serializer_class = WaitingSerializer
    filterset_class = InboxFilter
    pagination_class = InboxPages
    queryset = Step.objects.none()
    required_scope: str | None = None

    def get_queryset(self) -> QuerySet[Step]:
        if getattr(self, "swagger_fake_view", False):
            return Step.objects.none()
        person, at, asked = signed_in(self.request._request), clock.now(), self.request.query_params
        rows = Step.objects.next_up().waiting_for(person, at)
        if asked.get("late", "") in {"1", "true"}:
            rows = rows.filter(due_at__lt=at)
        return inbox.with_requests(rows.with_risk(), at)

    def paginate_queryset(self, queryset: Any) -> Any:
        return inbox.shown(super().paginate_queryset(queryset) or [], signed_in(self.request._request))

    @extend_schema(parameters=ORDER)
    def list(self, request: ApiRequest, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(request=ChosenSerializer, responses=RehearsedSerializer(many=True), filters=False)
    @action(detail=False, methods=["post"], pagination_class=None, required_scope="read")
    def preview(self, request: ApiRequest) -> Response:
        """Exactly what approving these as they stand would do. Writes nothing."""
        person, at = signed_in(request._request), clock.now()
        rows = inbox.chosen(read(ChosenSerializer, request)["steps"], person, at)
        return Response(
            RehearsedSerializer([inbox.rehearse(step, person, at) for step in rows], many=True).data
        )

    @extend_schema(request=ChosenSerializer, responses=ApprovalsSerializer, filters=False)
    @action(detail=False, methods=["post"], pagination_class=None, required_scope="decide")
    def approve(self, request: ApiRequest) -> Response:
        """Approve each as it stands, each by itself; one that is refused stops no other."""
        person, at = signed_in(request._request), clock.now()
        asked = read(ChosenSerializer, request)["steps"]
        rows = inbox.chosen(asked, person, at)
        results = [approved(step, why) for step, why in inbox.approve_each(rows, person, at)]
        left = sorted(set(asked) - {step.pk for step in rows})
        return Response(ApprovalsSerializer({"results": results, "left_alone": left}).data)


def approved(step: Step, refused: Refused | None) -> dict[str, Any]:
    return {"step": step.pk, "request": step.request_id, "refused": refused}
