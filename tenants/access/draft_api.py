"""`requests/drafts/`: one's own unsent requests, one per offer, seen by nobody else and checked only when they are sent."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from catalog.models import Offer
from foundry.api.body import read
from foundry.lib import clock
from foundry.people.access import signed_in
from tenants.access import drafts
from tenants.access.models import Draft
from tenants.access.shapes import unknown

MOST = 200


class DraftSerializer(serializers.ModelSerializer[Draft]):
    offer = serializers.IntegerField(source="offer_id")
    offer_name = serializers.CharField(source="offer.call_name")
    typed = serializers.DictField(
        child=serializers.CharField(),
        help_text="The form's fields as typed: application (id), purpose, data_class, ends_on, each limit by its kind.",
    )
    hindrance = serializers.SerializerMethodField(
        help_text="Why it cannot be sent as it is; empty where it can."
    )

    class Meta:
        model = Draft
        fields = ["offer", "offer_name", "typed", "saved_at", "hindrance"]

    def get_hindrance(self, draft: Draft) -> str:
        found: str = self.context["why"].get(draft.pk, "")
        return found


class NewDraftSerializer(serializers.Serializer[Any]):
    offer = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    typed = serializers.DictField(child=serializers.CharField(allow_blank=True, max_length=drafts.LONGEST))

    def validate_typed(self, typed: dict[str, str]) -> dict[str, str]:
        if strange := sorted(name for name in typed if not drafts.is_kept(name)):
            raise serializers.ValidationError(
                f"There is no field {', '.join(strange)[:200]}; there are {', '.join(sorted(drafts.FIELDS))}."
            )
        return typed


class DraftView(viewsets.ViewSet):
    """One's own drafts."""

    lookup_field = "offer"
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(responses=DraftSerializer(many=True))
    def list(self, request: ApiRequest) -> Response:
        person = signed_in(request._request)
        rows = list(Draft.objects.seen_by(person).with_names()[:MOST])
        why = drafts.hindrances(rows, person)
        return Response(DraftSerializer(rows, many=True, context={"why": why}).data)

    @extend_schema(request=NewDraftSerializer, responses=DraftSerializer)
    def create(self, request: ApiRequest) -> Response:
        """Keep what is typed for an offer, in place of what was kept before."""
        person, fields = signed_in(request._request), read(NewDraftSerializer, request)
        offer = Offer.objects.seen_by(person).with_names().filter(pk=fields["offer"]).first()
        if offer is None:
            raise unknown("offer", "offer")
        draft = drafts.keep(person, offer, fields["typed"], clock.now())
        return Response(DraftSerializer(draft, context={"why": drafts.hindrances([draft], person)}).data)

    @extend_schema(parameters=[OpenApiParameter("offer", int, "path")], responses={204: None})
    def destroy(self, request: ApiRequest, offer: str) -> Response:
        """Throw the draft for this offer away."""
        if not drafts.drop(signed_in(request._request), int(offer)):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)
