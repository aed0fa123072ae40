"""`raises/`: limits that are higher for a while, and the review of a broken glass."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from foundry.api.body import read
from foundry.lib import clock
from tenants.access import actions
from tenants.access.models import Raise, RaiseRules
from tenants.access.personal import PersonalView
from tenants.access.raise_shapes import RaiseRulesSerializer, RaiseSerializer, ReviewSerializer


class RaiseView(PersonalView):
    """Limits that were or are higher for a while; `?review=open` lists what waits for your review."""

    serializer_class = RaiseSerializer
    filter_backends = ()
    queryset = Raise.objects.none()

    def get_queryset(self) -> QuerySet[Raise]:
        if self.is_schema:
            return Raise.objects.none()
        rows = Raise.objects.seen_by(self.person).with_names()
        waits = self.request.query_params.get("review") == "open"
        return rows.filter(pk__in=Raise.objects.waiting_for(self.person)) if waits else rows

    def answered(self, row: Raise) -> Response:
        return Response(RaiseSerializer(Raise.objects.with_names().get(pk=row.pk)).data)

    def seen(self, pk: str) -> int:
        return get_object_or_404(Raise.objects.seen_by(self.person), pk=pk).pk

    @extend_schema(request=None, responses=RaiseSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: ApiRequest, pk: str) -> Response:
        """What was granted counts again now."""
        return self.answered(actions.end_raise(self.seen(pk), actor=self.person, at=clock.now()))

    @extend_schema(request=ReviewSerializer, responses=RaiseSerializer)
    @action(detail=True, methods=["post"], required_scope="decide")
    def review(self, request: ApiRequest, pk: str) -> Response:
        """Close a broken glass as justified or not: an approver outside the team."""
        number, fields = self.seen(pk), read(ReviewSerializer, request)
        return self.answered(actions.review(number, **fields, actor=self.person, at=clock.now()))

    @extend_schema(request=RaiseRulesSerializer, responses=RaiseRulesSerializer)
    @action(detail=False, methods=["get"], url_path="rules")
    def laid(self, request: ApiRequest) -> Response:
        """How far and how long limits may be raised."""
        return Response(RaiseRulesSerializer(RaiseRules.objects.current()).data)

    @extend_schema(request=RaiseRulesSerializer, responses=RaiseRulesSerializer)
    @laid.mapping.patch
    def set_rules(self, request: ApiRequest) -> Response:
        """An admin changes them; what runs keeps its own."""
        form = read(RaiseRulesSerializer, request, partial=True)
        laid = actions.set_raise_rules(**form, actor=self.person, at=clock.now())
        return Response(RaiseRulesSerializer(laid).data)
