"""`waiting-list/`: teams that wait for an offer, and the step that turns them into requests."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from catalog.rules import require_admin
from foundry.api.auth import needs_scope
from foundry.api.body import read
from foundry.lib import clock
from foundry.people.access import signed_in
from tenants.access import actions
from tenants.access.models import Wish
from tenants.access.personal import application_called, offer_numbered, team_called
from tenants.access.shapes import IdOrSlugField, LimitsField
from tenants.access.states import DataClass

LARGEST_ID = 2**63 - 1


class WishSerializer(serializers.ModelSerializer[Wish]):
    team = serializers.CharField(source="team.slug")
    offer = serializers.IntegerField(source="offer_id")
    application = serializers.CharField(source="application.slug", default=None, allow_null=True)
    purpose = serializers.CharField(source="why")
    limits = LimitsField(source="asked")
    by = serializers.CharField(source="by.name")
    request = serializers.IntegerField(source="request_id", allow_null=True, help_text="What it became.")
    why_not = serializers.CharField(help_text="Why it could not become a request.")

    class Meta:
        model = Wish
        fields = [
            "id",
            "team",
            "offer",
            "application",
            "purpose",
            "data_class",
            "limits",
            "by",
            "at",
            "request",
            "why_not",
        ]


class NewWishSerializer(serializers.Serializer[Any]):
    team = serializers.CharField(max_length=50)
    offer = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    application = IdOrSlugField()
    purpose = serializers.CharField(max_length=2_000)
    data_class = serializers.ChoiceField(choices=DataClass.choices)
    limits = LimitsField()


class OpenSerializer(serializers.Serializer[Any]):
    offer = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, help_text="The announced one.")
    opened_as = serializers.IntegerField(
        min_value=1, max_value=LARGEST_ID, help_text="What it can be had as."
    )
    ends_on = serializers.DateField(help_text="Until when the requests ask.")


class OutcomeSerializer(serializers.Serializer[Any]):
    team = serializers.CharField(source="wish.team.slug")
    request = serializers.IntegerField(source="request.pk", default=None, allow_null=True)
    why_not = serializers.CharField()


class OutcomesSerializer(serializers.Serializer[Any]):
    results = OutcomeSerializer(many=True)


@extend_schema(parameters=[OpenApiParameter("offer", int)])
class WaitingView(mixins.ListModelMixin, viewsets.GenericViewSet[Wish]):
    """Own teams that wait; admins see all. A member joins and leaves; an admin opens."""

    serializer_class = WishSerializer
    queryset = Wish.objects.none()
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Wish]:
        if getattr(self, "swagger_fake_view", False):
            return Wish.objects.none()
        rows = Wish.objects.seen_by(signed_in(self.request._request)).select_related(
            "team", "application", "by"
        )
        offer = self.request.query_params.get("offer", "")
        return (
            rows.filter(offer=int(offer)) if offer.isascii() and offer.isdigit() and len(offer) < 19 else rows
        )

    @extend_schema(request=NewWishSerializer, responses={201: WishSerializer})
    def create(self, request: ApiRequest) -> Response:
        """Join the waiting list of an offer that no call reaches yet."""
        fields, person = read(NewWishSerializer, request), signed_in(request._request)
        team = team_called(fields["team"], person)
        made = actions.wish(
            team,
            offer_numbered(fields["offer"], person),
            why=fields["purpose"],
            application=application_called(fields["application"], team),
            data_class=fields["data_class"],
            limits=fields["limits"],
            actor=person,
            at=clock.now(),
        )
        return Response(WishSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: ApiRequest, pk: str) -> Response:
        """Leave the list."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        actions.stop_waiting(row.pk, actor=signed_in(request._request), at=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @needs_scope("admin")
    @extend_schema(request=OpenSerializer, responses=OutcomesSerializer)
    @action(detail=False, methods=["post"], url_path="open")
    def open(self, request: ApiRequest) -> Response:
        """What waits for an announced offer becomes requests for the one it opened as; again, tries those that stayed."""
        person = signed_in(request._request)
        require_admin(person)
        fields = read(OpenSerializer, request)
        done = actions.open_offer(
            offer_numbered(fields["offer"], person).pk,
            offer_numbered(fields["opened_as"], person),
            ends_on=fields["ends_on"],
            actor=person,
            at=clock.now(),
        )
        return Response(OutcomesSerializer({"results": done}).data)
