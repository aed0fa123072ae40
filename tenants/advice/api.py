"""`retirements/`: campaigns that touch own teams, who is how far, what follows, and the acts of teams and keepers."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from foundry.api.body import read
from foundry.lib import clock
from foundry.lib.units import usd_text
from foundry.people.access import signed_in
from tenants.access.models import Grant
from tenants.access.personal import offer_numbered
from tenants.access.shapes import unknown
from tenants.advice import actions
from tenants.advice.affected import Affected, affected, burn_down, days_shown, own_teams, volume_of
from tenants.advice.models import Campaign
from tenants.advice.moving import Asked, ask_for_successor
from tenants.advice.successors import Candidate, candidates
from tenants.teams.models import Team

LARGEST = 2**63 - 1


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    """`report`: what came of it, once it is closed, for those who see every team."""

    report = serializers.SerializerMethodField()
    offer_name = serializers.CharField(source="offer.call_name")
    successor_name = serializers.CharField(source="successor.call_name", default=None, allow_null=True)

    class Meta:
        model = Campaign
        fields = [
            "id", "offer", "offer_name", "successor", "successor_name", "retires_at", "opened_at", "closed_at", "closed_why",
            "report",
        ]  # fmt: skip

    @extend_schema_field({"type": ["object", "null"]})
    def get_report(self, row: Campaign) -> dict[str, Any] | None:
        report: dict[str, Any] | None = row.report
        return report if signed_in(self.context["request"]._request).sees_everything else None


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


class SuccessorSerializer(serializers.Serializer[Any]):
    """What can follow, with price and terms; the cost is of the same thirty days' volume there."""

    offer = serializers.IntegerField()
    offer_name = serializers.CharField()
    why = serializers.CharField()
    input_usd_per_million = serializers.CharField(allow_null=True)
    output_usd_per_million = serializers.CharField(allow_null=True)
    cost_usd_30d = serializers.CharField(allow_null=True, help_text="null without a price.")
    terms = serializers.CharField(allow_null=True)
    terms_version = serializers.IntegerField(allow_null=True)
    retires_at = serializers.DateTimeField(allow_null=True)


class BurnDownSerializer(serializers.Serializer[Any]):
    days = serializers.ListField(child=serializers.DateField())
    calls = serializers.DictField(child=serializers.ListField(child=serializers.IntegerField()))


class OfferSerializer(serializers.Serializer[Any]):
    offer = serializers.IntegerField(min_value=1, max_value=LARGEST)


class ClosingSerializer(serializers.Serializer[Any]):
    why = serializers.CharField(max_length=200)


class MoveSerializer(serializers.Serializer[Any]):
    grant = serializers.IntegerField(min_value=1, max_value=LARGEST)
    successor = serializers.IntegerField(min_value=1, max_value=LARGEST)
    terms_version = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=10**6,
        default=None,
        help_text="The version that you acknowledge.",
    )


class MovedToSuccessorSerializer(serializers.Serializer[Any]):
    """What came of one application: a request, or why there is none."""

    application = serializers.CharField(source="application.slug")
    request = serializers.IntegerField(source="request.pk", default=None, allow_null=True)
    state = serializers.CharField(source="request.state", default=None, allow_null=True)
    why_not = serializers.CharField()


def candidate(each: Candidate) -> dict[str, Any]:
    price, terms = each.price, each.offer.terms
    return {
        "offer": each.offer.pk,
        "offer_name": each.offer.call_name,
        "why": each.why,
        "input_usd_per_million": price and str(price.input_per_million),
        "output_usd_per_million": price and str(price.output_per_million),
        "cost_usd_30d": None if each.cost_nanos is None else usd_text(each.cost_nanos),
        "terms": terms and str(terms),
        "terms_version": terms and terms.version,
        "retires_at": each.offer.retires_at,
    }


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
    lookup_value_regex = "[0-9]{1,18}"

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

    @extend_schema(responses=SuccessorSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def successors(self, request: Request, pk: str) -> Response:
        """What can follow, side by side, priced at the volume of the teams that `teams/` lists."""
        campaign, at = self.get_object(), clock.now()
        volume = volume_of(affected(campaign, at, own_teams(signed_in(request._request))))
        rows = [candidate(each) for each in candidates(campaign, volume, at)]
        return Response(SuccessorSerializer(rows, many=True).data)

    @extend_schema(responses=BurnDownSerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, url_path="burn-down")
    def burn_down(self, request: Request, pk: str) -> Response:
        """Calls a day that still come, by team, for 45 days until now or the retirement."""
        campaign, at = self.get_object(), clock.now()
        rows, days = affected(campaign, at, own_teams(signed_in(request._request))), days_shown(campaign, at)
        calls = dict(burn_down(campaign, [each.team for each in rows], days))
        return Response({"days": [day.date().isoformat() for day in days], "calls": calls})

    @extend_schema(request=PlanSerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def plan(self, request: Request, pk: str) -> Response:
        """Say by when a team of yours will have moved."""
        person, campaign = signed_in(request._request), self.get_object()
        fields = read(PlanSerializer, request)
        team = Team.objects.seen_by(person).filter(slug=fields["team"]).first()
        if team is None:
            raise unknown("team", "team")
        actions.plan(campaign.pk, team, fields["planned_on"], fields["note"], actor=person, at=clock.now())
        return self.answer(campaign.pk)

    @extend_schema(request=MoveSerializer, responses=MovedToSuccessorSerializer(many=True))
    @action(detail=True, methods=["post"], pagination_class=None)
    def move(self, request: Request, pk: str) -> Response:
        """Ask for what follows at the same size, for every application of one of your grants."""
        person, campaign, at = signed_in(request._request), self.get_object(), clock.now()
        fields = read(MoveSerializer, request)
        held = Grant.objects.seen_by(person).in_force(at).filter(offer=campaign.offer_id)
        grant = held.select_related("team").filter(pk=fields["grant"]).first()
        if grant is None:
            raise unknown("grant", "grant")
        successor = offer_numbered(fields["successor"], person)
        made: list[Asked] = ask_for_successor(
            campaign, grant, successor, terms_version=fields["terms_version"], actor=person, at=at
        )
        return Response(MovedToSuccessorSerializer(made, many=True).data)

    @extend_schema(request=OfferSerializer, responses={201: CampaignSerializer})
    def create(self, request: Request) -> Response:
        """Open one by hand for an offer that has a date: admins and ops."""
        person = signed_in(request._request)
        actions.require_keeper(person)
        offer = offer_numbered(read(OfferSerializer, request)["offer"], person)
        made = actions.open_campaign(offer, actor=person, at=clock.now())
        return self.answer(made.pk, status.HTTP_201_CREATED)

    @extend_schema(request=OfferSerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def successor(self, request: Request, pk: str) -> Response:
        """Name what follows: admins and ops."""
        person, campaign = signed_in(request._request), self.get_object()
        actions.require_keeper(person)
        offer = offer_numbered(read(OfferSerializer, request)["offer"], person)
        actions.choose_successor(campaign.pk, offer, actor=person, at=clock.now())
        return self.answer(campaign.pk)

    @extend_schema(request=ClosingSerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """End it with its report: admins and ops."""
        person, campaign = signed_in(request._request), self.get_object()
        actions.require_keeper(person)
        actions.close_campaign(
            campaign.pk, read(ClosingSerializer, request)["why"], actor=person, at=clock.now()
        )
        return self.answer(campaign.pk)

    def answer(self, number: int, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=number)).data, status=code)


def routes(router: BaseRouter) -> None:
    router.register("retirements", RetirementView, basename="retirement")
