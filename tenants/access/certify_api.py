"""`certifications/`: reviews of what teams hold, with use and cost beside each grant."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from foundry.api.body import read
from foundry.lib import clock
from foundry.lib.units import usd_text
from tenants.access import actions
from tenants.access.certify import Row, rows_of
from tenants.access.models import Certification, Grant
from tenants.access.personal import PersonalView, team_called
from tenants.access.shapes import LimitsField
from tenants.access.states import Answer


class CertificationSerializer(serializers.ModelSerializer[Certification]):
    team = serializers.CharField(source="team.slug")
    state = serializers.SerializerMethodField(help_text="open, overdue or done")
    opened_by = serializers.CharField(
        source="opened_by.name", default=None, allow_null=True, help_text="null: the rules."
    )

    class Meta:
        model = Certification
        fields = ["id", "team", "state", "opened_at", "opened_by", "due_at", "closed_at"]

    def get_state(self, row: Certification) -> str:
        return row.state(clock.now())


class CertifiedRowSerializer(serializers.Serializer[Any]):
    grant = serializers.IntegerField()
    offer_name = serializers.CharField()
    calls_30d = serializers.IntegerField()
    cost_usd_30d = serializers.CharField()
    idle_days = serializers.IntegerField()
    less = LimitsField(allow_null=True, help_text="What its use calls for, where that is less than it has.")
    answer = serializers.CharField(
        allow_null=True, help_text="keep, reduce, give_back; null is not answered."
    )
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    request = serializers.IntegerField(allow_null=True)


class NewCertificationSerializer(serializers.Serializer[Any]):
    team = serializers.CharField(max_length=50)


class CertifyAnswerSerializer(serializers.Serializer[Any]):
    grant = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    answer = serializers.ChoiceField(choices=Answer.choices)
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


def told(row: Row) -> dict[str, Any]:
    said = row.said
    return {
        "grant": row.grant.pk,
        "offer_name": row.grant.offer.call_name,
        "calls_30d": row.lately.calls,
        "cost_usd_30d": usd_text(row.lately.cost_nanos),
        "idle_days": row.idle_days,
        "less": dict(row.less) if row.less else None,
        "answer": said.answer if said else None,
        "by": said.by.name if said else None,
        "at": said.at if said else None,
        "request": said.request_id if said else None,
    }


class CertificationView(PersonalView):
    """Reviews of what teams hold; `?state=overdue` lists what should be done already."""

    serializer_class = CertificationSerializer
    filter_backends = ()
    queryset = Certification.objects.none()

    def get_queryset(self) -> QuerySet[Certification]:
        if self.is_schema:
            return Certification.objects.none()
        rows = Certification.objects.seen_by(self.person).with_names().order_by("-pk")
        state = self.request.query_params.get("state")
        return rows.overdue(clock.now()) if state == "overdue" else rows.open() if state == "open" else rows

    @extend_schema(request=NewCertificationSerializer, responses={201: CertificationSerializer})
    def create(self, request: ApiRequest) -> Response:
        """Begin one: an owner of the team, or an admin."""
        team = team_called(read(NewCertificationSerializer, request)["team"], self.person)
        made = actions.open_certification(team, actor=self.person, at=clock.now())
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=CertifiedRowSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], filter_backends=[])
    def rows(self, request: ApiRequest, pk: str) -> Response:
        """Each grant that it asks about, with what it did in 30 days and what was said of it."""
        held, at = self.get_object(), clock.now()
        page = self.paginate_queryset(held.grants(at).with_everything(at).order_by("-pk"))
        found = [told(row) for row in rows_of(held, list(page or []), at)]
        return self.get_paginated_response(CertifiedRowSerializer(found, many=True).data)

    @extend_schema(request=CertifyAnswerSerializer, responses=CertificationSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: ApiRequest, pk: str) -> Response:
        """Keep a grant, ask for less, or give it back; the last answer closes the review."""
        held, fields = self.get_object(), read(CertifyAnswerSerializer, request)
        number = get_object_or_404(Grant.objects.seen_by(self.person), pk=fields.pop("grant")).pk
        actions.certify(held.pk, number, **fields, actor=self.person, at=clock.now())
        return Response(self.get_serializer(self.get_queryset().get(pk=held.pk)).data)
