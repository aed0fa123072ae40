"""`retirements/`: campaigns that touch own teams, who is how far, and the team's own plan."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from foundry.lib import clock
from foundry.lib.errors import Invalid
from foundry.lib.units import usd_text
from foundry.people.access import signed_in
from tenants.advice import actions
from tenants.advice.affected import Affected, affected, own_teams
from tenants.advice.models import Campaign
from tenants.teams.models import Team


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    offer_name = serializers.CharField(source="offer.call_name")
    successor_name = serializers.CharField(source="successor.call_name", default=None, allow_null=True)

    class Meta:
        model = Campaign
        fields = [
            "id", "offer", "offer_name", "successor", "successor_name", "retires_at", "opened_at", "closed_at", "closed_why",
        ]  # fmt: skip


class AffectedSerializer(serializers.Serializer[Any]):
    """One team: thirty days' volume, the last week's calls, and how far it is."""

    team = serializers.CharField()
    applications = serializers.ListField(child=serializers.CharField())
    keys = serializers.IntegerField()
    calls_30d = serializers.IntegerField()
    tokens_30d = serializers.IntegerField()
    cost_usd_30d = serializers.CharField()
    calls_7d = serializers.IntegerField()
    progress = serializers.CharField(help_text="moved, planned, late, silent, unaware")
    planned_on = serializers.DateField(allow_null=True)
    note = serializers.CharField()


class PlanSerializer(serializers.Serializer[Any]):
    team = serializers.SlugField(max_length=50)
    planned_on = serializers.DateField()
    note = serializers.CharField(max_length=actions.NOTE_LENGTH, allow_blank=True, default="")


def told(each: Affected) -> dict[str, Any]:
    return {
        "team": each.team.slug,
        "applications": each.applications,
        "keys": each.keys,
        "calls_30d": each.volume.calls,
        "tokens_30d": each.volume.tokens,
        "cost_usd_30d": usd_text(each.volume.cost_nanos),
        "calls_7d": each.lately,
        "progress": each.progress(clock.now()).value,
        "planned_on": each.plan.planned_on if each.plan else None,
        "note": each.plan.note if each.plan else "",
    }


class RetirementView(viewsets.ReadOnlyModelViewSet[Campaign]):
    """Offers that go away, while somebody holds them."""

    serializer_class = CampaignSerializer
    queryset = Campaign.objects.none()

    def get_queryset(self) -> QuerySet[Campaign]:
        if getattr(self, "swagger_fake_view", False):
            return Campaign.objects.none()
        return Campaign.objects.seen_by(signed_in(self.request._request)).with_names()

    @extend_schema(responses=AffectedSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def teams(self, request: Request, pk: str) -> Response:
        """Whom it hits: own teams, or all for those who see everything."""
        rows = affected(self.get_object(), clock.now(), own_teams(signed_in(request._request)))
        return Response(AffectedSerializer([told(each) for each in rows], many=True).data)

    @extend_schema(request=PlanSerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def plan(self, request: Request, pk: str) -> Response:
        """Say by when a team of yours will have moved."""
        person, campaign = signed_in(request._request), self.get_object()
        body = PlanSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        team = Team.objects.seen_by(person).filter(slug=body.validated_data["team"]).first()
        if team is None:
            raise Invalid(
                "campaign.team",
                "There is no such team.",
                remedy="Name one of your teams.",
                errors={"team": "Unknown."},
            )
        facts = body.validated_data
        actions.plan(campaign.pk, team, facts["planned_on"], facts["note"], actor=person, at=clock.now())
        return Response(CampaignSerializer(campaign).data)


def routes(router: BaseRouter) -> None:
    router.register("retirements", RetirementView, basename="retirement")
