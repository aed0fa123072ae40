"""`acknowledgements/`: which team accepted which version of terms."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from catalog.models import Terms
from foundry.api.body import read
from foundry.lib import clock
from foundry.people.access import signed_in
from tenants.access import actions
from tenants.access.models import Acknowledgement
from tenants.access.shapes import unknown
from tenants.teams.models import Team


class AcknowledgementSerializer(serializers.ModelSerializer[Acknowledgement]):
    team = serializers.CharField(source="team.slug")
    terms = serializers.CharField(source="terms.slug")
    version = serializers.IntegerField(source="terms.version")
    by = serializers.CharField(source="by.name")

    class Meta:
        model = Acknowledgement
        fields = ["team", "terms", "version", "by", "at"]


class NewAcknowledgementSerializer(serializers.Serializer[Any]):
    team = serializers.CharField(max_length=50)
    terms = serializers.CharField(max_length=50, help_text="Short name of the terms.")
    version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, help_text="The version that was read."
    )


@extend_schema(parameters=[OpenApiParameter("team", str), OpenApiParameter("terms", str)])
class AcknowledgementView(mixins.ListModelMixin, viewsets.GenericViewSet[Acknowledgement]):
    """Own teams' acknowledgements of terms; a member of a team adds one."""

    serializer_class = AcknowledgementSerializer
    queryset = Acknowledgement.objects.none()

    def get_queryset(self) -> QuerySet[Acknowledgement]:
        if getattr(self, "swagger_fake_view", False):
            return Acknowledgement.objects.none()
        seen = Team.objects.seen_by(signed_in(self.request._request))
        rows = Acknowledgement.objects.filter(team__in=seen).select_related("team", "terms", "by")
        asked = {"team": "team__slug", "terms": "terms__slug"}
        params = self.request.query_params
        return rows.filter(
            **{field: params[name] for name, field in asked.items() if name in params}
        ).order_by("-pk")

    @extend_schema(request=NewAcknowledgementSerializer, responses={201: AcknowledgementSerializer})
    def create(self, request: ApiRequest) -> Response:
        """Accept a version of terms for a team. 409 when it is accepted already."""
        fields, person = read(NewAcknowledgementSerializer, request), signed_in(request._request)
        team = Team.objects.seen_by(person).filter(slug=fields["team"]).first()
        terms = Terms.objects.filter(slug=fields["terms"], version=fields["version"]).first()
        if team is None:
            raise unknown("team", "team")
        if terms is None:
            raise unknown("terms", "version of these terms")
        made = actions.acknowledge(team, terms, actor=person, at=clock.now())
        return Response(AcknowledgementSerializer(made).data, status=status.HTTP_201_CREATED)
