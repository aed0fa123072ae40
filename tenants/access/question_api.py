"""`questions/`: what the form asks beside the usual; admins add, change and retire."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from catalog.models import Offer
from foundry.api.auth import needs_scope
from foundry.api.body import read
from foundry.lib import clock
from tenants.access import actions
from tenants.access.models import Question
from tenants.access.personal import PersonalView, offer_numbered
from tenants.access.states import DataClass, QuestionKind


class AskedSerializer(serializers.ModelSerializer[Question]):
    offer = serializers.IntegerField(source="offer_id", allow_null=True, help_text="null: of every offer.")
    kind = serializers.CharField(help_text="text, choice or yes_no")
    options = serializers.ListField(
        child=serializers.CharField(), help_text="What may be answered; empty: words."
    )
    data_class = serializers.CharField(help_text="Empty: of every class.")

    class Meta:
        model = Question
        fields = [
            "id", "version", "text", "kind", "options", "required", "position", "offer", "data_class", "retired_at",
        ]  # fmt: skip


class NewAskedSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=300)
    kind = serializers.ChoiceField(choices=QuestionKind.choices, default=QuestionKind.TEXT)
    choices = serializers.ListField(child=serializers.CharField(max_length=80), default=list)
    required = serializers.BooleanField(default=True)  # type: ignore[assignment]  # a field of that name
    position = serializers.IntegerField(default=1, min_value=1, max_value=999)
    offer = serializers.IntegerField(default=None, allow_null=True, min_value=1, max_value=2**63 - 1)
    data_class = serializers.ChoiceField(choices=DataClass.choices, default="", allow_blank=True)


class AskedView(PersonalView):
    """Questions in use; `?offer=` and `?data_class=` name what a request would be for."""

    serializer_class = AskedSerializer
    filter_backends = ()
    queryset = Question.objects.none()

    def get_queryset(self) -> QuerySet[Question]:
        if self.is_schema:
            return Question.objects.none()
        rows = Question.objects.seen_by(self.person).in_use()
        number, data_class = (self.request.query_params.get(name, "") for name in ("offer", "data_class"))
        if number.isascii() and number.isdecimal() and len(number) <= 18 and data_class in DataClass.values:
            offer = Offer.objects.seen_by(self.person).filter(pk=int(number)).first()
            return rows.asked_for(offer, data_class) if offer else rows.none()
        return rows

    @extend_schema(
        parameters=[OpenApiParameter("offer", int), OpenApiParameter("data_class", str)],
        responses=AskedSerializer(many=True),
    )
    def list(self, request: ApiRequest, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    def facts(self, request: ApiRequest) -> dict[str, Any]:
        fields = read(NewAskedSerializer, request)
        number = fields.pop("offer")
        return fields | {"offer": offer_numbered(number, self.person) if number else None}

    @needs_scope("admin")
    @extend_schema(request=NewAskedSerializer, responses={201: AskedSerializer})
    def create(self, request: ApiRequest) -> Response:
        """Ask this of requests from now on: an admin."""
        row = actions.add_question(**self.facts(request), actor=self.person, at=clock.now())
        return Response(AskedSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=NewAskedSerializer, responses={201: AskedSerializer})
    @action(detail=True, methods=["post"], required_scope="admin")
    def change(self, request: ApiRequest, pk: str) -> Response:
        """Its next version, which has an id of its own."""
        row = actions.change_question(int(pk), **self.facts(request), actor=self.person, at=clock.now())
        return Response(AskedSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"], required_scope="admin")
    def retire(self, request: ApiRequest, pk: str) -> Response:
        actions.retire_question(int(pk), actor=self.person, at=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
