"""`moving-in/`: what another gateway held, as proposals. Admins."""

import json
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from catalog.asked import Asked
from catalog.models import Offer
from foundry.api.auth import needs_scope
from foundry.api.body import read
from foundry.lib import clock
from foundry.lib.errors import Invalid
from tenants.access.shapes import LimitsField
from tenants.access.states import DataClass
from tenants.moving import accepting, actions, litellm
from tenants.moving.models import Proposal, Reading, State
from tenants.moving.rules import require_admin
from tenants.teams.models import Environment

LARGEST_ID = 2**63 - 1


class ProposalSerializer(serializers.ModelSerializer[Proposal]):
    """What it was `there`, and what it becomes."""

    team = serializers.CharField(source="team_slug")
    application = serializers.CharField(source="application_slug")
    offer = serializers.IntegerField(
        source="offer_id", allow_null=True, help_text="Null where there is no such offer."
    )
    limits = LimitsField()
    source = serializers.CharField(source="reading.source")  # type: ignore[assignment]
    there = serializers.JSONField(
        help_text="team, application, model, backs, keys, limits, spent_usd, ends_on, notes."
    )
    request = serializers.IntegerField(source="request_id", allow_null=True)

    class Meta:
        model = Proposal
        fields = [
            "id", "state", "team", "team_name", "owner", "application", "environment", "offer", "limits", "ends_on", "data_class",
            "there", "source", "request",
        ]  # fmt: skip


class ProposalChangeSerializer(serializers.Serializer[Any]):
    """What is left out stays."""

    team = serializers.CharField(max_length=50, required=False)
    owner = serializers.EmailField(required=False, allow_blank=True)
    application = serializers.CharField(max_length=50, required=False)
    environment = serializers.ChoiceField(choices=Environment.choices, required=False)
    offer = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False, allow_null=True)
    limits = LimitsField(required=False)
    ends_on = serializers.DateField(required=False)
    data_class = serializers.ChoiceField(choices=DataClass.choices, required=False)


class LiteLLMExportSerializer(serializers.Serializer[Any]):
    """LiteLLM's answers, or the lists in them."""

    teams = serializers.JSONField(help_text="Of /v2/team/list or /team/list.")
    keys = serializers.JSONField(help_text="Of /key/list with return_full_object=true.")
    models = serializers.JSONField(required=False, help_text="Of /v1/model/info.")
    users = serializers.JSONField(required=False, help_text="Of /user/list.")


class MovingReadingSerializer(serializers.ModelSerializer[Reading]):
    told = serializers.JSONField(help_text="new, again, stands; and left_out, by reason.")

    class Meta:
        model = Reading
        fields = ["id", "source", "at", "told"]


class MovingChosenSerializer(serializers.Serializer[Any]):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), max_length=accepting.MOST_AT_ONCE
    )
    cost_centre = serializers.CharField(
        max_length=20, default="", allow_blank=True, help_text="Of teams that are set up."
    )


class MovedRowSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="proposal.pk")
    steps = serializers.ListField(child=serializers.CharField())
    why_not = serializers.CharField()
    request = serializers.IntegerField(source="request.pk", default=None, allow_null=True)


class MovedInSerializer(serializers.Serializer[Any]):
    results = MovedRowSerializer(many=True)


class MovingView(Asked, viewsets.GenericViewSet[Proposal]):
    """Proposals that wait, and those that were decided."""

    serializer_class = ProposalSerializer
    queryset = Proposal.objects.none()
    lookup_value_regex = "[0-9]{1,18}"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        require_admin(self.person)

    def get_queryset(self) -> QuerySet[Proposal]:
        return Proposal.objects.none() if self.nobody else Proposal.objects.select_related("reading")

    @extend_schema(parameters=[OpenApiParameter("state", str, enum=State.values)], filters=False)
    def list(self, request: Request) -> Response:
        rows, state = self.get_queryset(), request.query_params.get("state")
        found = self.paginate_queryset(
            (rows.filter(state=state) if state in State.values else rows).order_by("-pk")
        )
        return self.get_paginated_response(ProposalSerializer(found, many=True).data)

    @needs_scope("admin")
    @extend_schema(request=ProposalChangeSerializer, responses=ProposalSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Say otherwise what it becomes."""
        row, body = self.get_object(), read(ProposalChangeSerializer, request)
        values = {
            {"team": "team_slug", "application": "application_slug"}.get(name, name): told
            for name, told in body.items()
        }
        if values.get("offer") is not None:
            values["offer"] = self.offer(values["offer"])
        return Response(
            ProposalSerializer(actions.change(row.pk, values, actor=self.person, at=clock.now())).data
        )

    def offer(self, number: int) -> Offer:
        found = Offer.objects.seen_by(self.person).with_names().filter(pk=number).first()
        if found is None:
            raise Invalid(
                "moving.offer",
                "There is no such offer.",
                remedy="Name one of the catalog.",
                errors={"offer": "Unknown."},
            )
        return found

    @needs_scope("admin")
    @extend_schema(request=LiteLLMExportSerializer, responses=MovingReadingSerializer)
    @action(detail=False, methods=["post"], url_path="read")
    def read_export(self, request: Request) -> Response:
        """Take in an export. What was decided or changed before stays."""
        body, at = read(LiteLLMExportSerializer, request), clock.now()
        try:
            found = litellm.read(litellm.opened(json.dumps(body).encode()), at.date())
        except litellm.Unreadable as error:
            raise Invalid(
                "moving.unreadable", str(error), remedy="Mend that row and send it again."
            ) from error
        done = actions.take_in(found, source="LiteLLM (the API)", actor=self.person, at=at)
        return Response(MovingReadingSerializer(done).data)

    @needs_scope("admin")
    @extend_schema(request=MovingChosenSerializer, responses=MovedInSerializer)
    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        """What accepting these would do; nothing is done."""
        body = read(MovingChosenSerializer, request)
        found = accepting.preview(
            body["ids"], cost_centre=body["cost_centre"], actor=self.person, at=clock.now()
        )
        for each in found:
            each.request = None
        return Response(MovedInSerializer({"results": found}).data)

    @needs_scope("decide")
    @extend_schema(request=MovingChosenSerializer, responses=MovedInSerializer)
    @action(detail=False, methods=["post"])
    def accept(self, request: Request) -> Response:
        """Each by itself: what is refused leaves nothing behind and says why."""
        body = read(MovingChosenSerializer, request)
        found = accepting.accept_all(
            body["ids"], cost_centre=body["cost_centre"], actor=self.person, at=clock.now()
        )
        return Response(MovedInSerializer({"results": found}).data)

    @needs_scope("admin")
    @extend_schema(request=None, responses=ProposalSerializer)
    @action(detail=True, methods=["post"], url_path="leave-out")
    def leave_out(self, request: Request, pk: str) -> Response:
        """It stays behind, also at the next reading."""
        row = actions.leave_out(self.get_object().pk, actor=self.person, at=clock.now())
        return Response(ProposalSerializer(row).data)


def routes(router: BaseRouter) -> None:
    router.register("moving-in", MovingView, basename="moving")
