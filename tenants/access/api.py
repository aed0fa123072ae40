"""`requests/` and `grants/`: the same actions as the pages."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from catalog.models import Offer
from foundry.lib import clock
from foundry.people.access import signed_in
from foundry.people.models import User
from tenants.access import actions, shapes
from tenants.access.filters import GrantFilter, RequestFilter, read_moment
from tenants.access.models import Delegation, Grant, Request
from tenants.access.preview import preview
from tenants.access.shapes import unknown
from tenants.access.terms_api import AcknowledgementView
from tenants.access.waiting_api import WaitingView
from tenants.teams.api import read
from tenants.teams.models import Application, Team
from tenants.teams.rules import person_called

AT = OpenApiParameter("at", datetime, description="As of this moment (RFC 3339): only grants in force then.")
LARGEST_ID = 2**63 - 1


def team_called(slug: str, person: User) -> Team:
    team = Team.objects.seen_by(person).filter(slug=slug).first()
    if team is None:
        raise unknown("team", "team")
    return team


def offer_numbered(number: int, person: User) -> Offer:
    offer = Offer.objects.seen_by(person).with_names().filter(pk=number).first()
    if offer is None:
        raise unknown("offer", "offer")
    return offer


def application_called(name: int | str, team: Team) -> Application:
    """By id, or by slug within the team."""
    named = {"slug": name} if isinstance(name, str) else {"pk": min(name, LARGEST_ID)}
    application = team.applications.filter(**named).first()
    if application is None:
        raise unknown("application", f"application of {team.slug}")
    return application


class PersonalView(viewsets.ReadOnlyModelViewSet[Any]):
    """Rows that the caller may see; `required_scope` of an action is what a token needs for it."""

    required_scope: str | None = None
    lookup_value_regex = "[0-9]{1,18}"

    @property
    def person(self) -> User:
        return signed_in(self.request._request)

    @property
    def is_schema(self) -> bool:
        return getattr(self, "swagger_fake_view", False)


class RequestView(PersonalView):
    """What teams asked for, and what was decided."""

    serializer_class = shapes.RequestSerializer
    filterset_class = RequestFilter
    queryset = Request.objects.none()

    def get_queryset(self) -> QuerySet[Request]:
        if self.is_schema:
            return Request.objects.none()
        return (
            Request.objects.seen_by(self.person).with_names().with_decisions().prefetch_related("notes__by")
        )

    def answered(self, number: int, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=number)).data, status=code)

    def seen(self, pk: str) -> int:
        """The id, where the caller may see that request; 404 otherwise."""
        return get_object_or_404(Request.objects.seen_by(self.person), pk=pk).pk

    @extend_schema(request=shapes.NewRequestSerializer, responses={201: shapes.RequestSerializer})
    def create(self, request: ApiRequest) -> Response:
        fields = read(shapes.NewRequestSerializer, request)
        team = team_called(fields.pop("team"), self.person)
        asked = actions.submit(
            team=team,
            offer=offer_numbered(fields.pop("offer"), self.person),
            application=application_called(fields.pop("application"), team),
            **fields,
            actor=self.person,
            at=clock.now(),
        )
        return self.answered(asked.pk, status.HTTP_201_CREATED)

    @extend_schema(request=shapes.PreviewRequestSerializer, responses=shapes.PreviewSerializer)
    @action(detail=False, methods=["post"], required_scope="read")
    def preview(self, request: ApiRequest) -> Response:
        """Steps, price, cost and headroom of a request; writes nothing."""
        fields = read(shapes.PreviewRequestSerializer, request)
        offer = offer_numbered(fields.pop("offer"), self.person)
        slug, name = fields.pop("team"), fields.pop("application")
        application = application_called(name, team_called(slug, self.person)) if slug and name else None
        seen = preview(offer, **fields, application=application, requester=self.person, at=clock.now())
        return Response(shapes.PreviewSerializer(seen).data)

    @extend_schema(request=shapes.ApproveSerializer, responses=shapes.RequestSerializer)
    @action(detail=True, methods=["post"], required_scope="decide")
    def approve(self, request: ApiRequest, pk: str) -> Response:
        """Decide the open step with these limits, or with those asked. 409 when somebody was faster."""
        number, fields = self.seen(pk), read(shapes.ApproveSerializer, request)
        actions.approve(number, **fields, actor=self.person, at=clock.now())
        return self.answered(number)

    @extend_schema(request=shapes.DenySerializer, responses=shapes.RequestSerializer)
    @action(detail=True, methods=["post"], required_scope="decide")
    def deny(self, request: ApiRequest, pk: str) -> Response:
        number, fields = self.seen(pk), read(shapes.DenySerializer, request)
        actions.deny(number, **fields, actor=self.person, at=clock.now())
        return self.answered(number)

    @extend_schema(request=shapes.QuestionSerializer, responses=shapes.RequestSerializer)
    @action(detail=True, methods=["post"], required_scope="decide")
    def ask(self, request: ApiRequest, pk: str) -> Response:
        """Ask the team; the step is not passed on while it owes an answer."""
        number, fields = self.seen(pk), read(shapes.QuestionSerializer, request)
        actions.ask(number, **fields, actor=self.person, at=clock.now())
        return self.answered(number)

    @extend_schema(request=shapes.AnswerSerializer, responses=shapes.RequestSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: ApiRequest, pk: str) -> Response:
        """A member of the team answers the open question."""
        number, fields = self.seen(pk), read(shapes.AnswerSerializer, request)
        actions.answer(number, **fields, actor=self.person, at=clock.now())
        return self.answered(number)

    @extend_schema(request=shapes.CommentSerializer, responses=shapes.RequestSerializer)
    @action(detail=True, methods=["post"])
    def comment(self, request: ApiRequest, pk: str) -> Response:
        number, fields = self.seen(pk), read(shapes.CommentSerializer, request)
        actions.comment(number, **fields, actor=self.person, at=clock.now())
        return self.answered(number)

    @extend_schema(request=shapes.HandOnSerializer, responses=shapes.RequestSerializer)
    @action(detail=True, methods=["post"], url_path="hand-on", required_scope="decide")
    def hand_on(self, request: ApiRequest, pk: str) -> Response:
        """Give the open step to another person who may decide it."""
        number, fields = self.seen(pk), read(shapes.HandOnSerializer, request)
        to = person_called(fields["to"], "to")
        actions.hand_on(number, to=to, why=fields["why"], actor=self.person, at=clock.now())
        return self.answered(number)

    @extend_schema(request=None, responses=shapes.RequestSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: ApiRequest, pk: str) -> Response:
        """The team takes what was granted instead of what it asked."""
        number = self.seen(pk)
        actions.accept(number, actor=self.person, at=clock.now())
        return self.answered(number)

    @extend_schema(request=shapes.AppealSerializer, responses={201: shapes.RequestSerializer})
    @action(detail=True, methods=["post"])
    def appeal(self, request: ApiRequest, pk: str) -> Response:
        """Ask once more for what was denied or granted smaller; answers the new request."""
        number, fields = self.seen(pk), read(shapes.AppealSerializer, request)
        new = actions.appeal(number, **fields, actor=self.person, at=clock.now())
        return self.answered(new.pk, status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=shapes.RequestSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: ApiRequest, pk: str) -> Response:
        number = self.seen(pk)
        actions.withdraw(number, actor=self.person, at=clock.now())
        return self.answered(number)


@extend_schema(parameters=[AT])
class GrantView(PersonalView):
    """Who may call what, how much of it and until when; `?at=` asks of a moment."""

    serializer_class = shapes.GrantSerializer
    filterset_class = GrantFilter
    queryset = Grant.objects.none()

    def moment(self) -> datetime:
        asked = self.request.query_params.get("at") if not self.is_schema else None
        return read_moment(asked) if asked else clock.now()

    def get_queryset(self) -> QuerySet[Grant]:
        if self.is_schema:
            return Grant.objects.none()
        rows = Grant.objects.seen_by(self.person).with_everything(self.moment())
        return rows.in_force(self.moment()) if "at" in self.request.query_params else rows

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "at": self.moment()}

    def seen(self, pk: str) -> int:
        found = Grant.objects.seen_by(self.person).filter(pk=pk).first()
        if found is None:
            raise Http404
        return found.pk

    def answer(self, number: int) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=number)).data)

    @extend_schema(request=shapes.RenewSerializer, responses={201: shapes.RequestSerializer})
    @action(detail=True, methods=["post"])
    def renew(self, request: ApiRequest, pk: str) -> Response:
        """Ask for more time, at the size it has or the size its use calls for; answers the request."""
        number, fields = self.seen(pk), read(shapes.RenewSerializer, request)
        asked = actions.renew(number, **fields, actor=self.person, at=clock.now())
        row = Request.objects.with_names().with_decisions().prefetch_related("notes__by").get(pk=asked.pk)
        return Response(shapes.RequestSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.WhySerializer, responses=shapes.GrantSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: ApiRequest, pk: str) -> Response:
        """End it now and for good: an admin or an owner of the team."""
        number, fields = self.seen(pk), read(shapes.WhySerializer, request)
        actions.revoke(number, **fields, actor=self.person, at=clock.now())
        return self.answer(number)

    @extend_schema(request=shapes.WhySerializer, responses=shapes.GrantSerializer)
    @action(detail=True, methods=["post"], required_scope="admin")
    def suspend(self, request: ApiRequest, pk: str) -> Response:
        number, fields = self.seen(pk), read(shapes.WhySerializer, request)
        actions.suspend(number, **fields, actor=self.person, at=clock.now())
        return self.answer(number)

    @extend_schema(request=None, responses=shapes.GrantSerializer)
    @action(detail=True, methods=["post"], required_scope="admin")
    def resume(self, request: ApiRequest, pk: str) -> Response:
        number = self.seen(pk)
        actions.resume(number, actor=self.person, at=clock.now())
        return self.answer(number)


class DelegationView(mixins.ListModelMixin, viewsets.GenericViewSet[Delegation]):
    """Who stands in for whom: one's own, given and received; admins and auditors see all."""

    serializer_class = shapes.DelegationSerializer
    filter_backends = ()
    queryset = Delegation.objects.none()
    lookup_value_regex = "[0-9]{1,18}"
    required_scope: str | None = None

    def get_queryset(self) -> QuerySet[Delegation]:
        if getattr(self, "swagger_fake_view", False):
            return Delegation.objects.none()
        return (
            Delegation.objects.seen_by(signed_in(self.request._request))
            .select_related("by", "to")
            .order_by("-pk")
        )

    @extend_schema(request=shapes.NewDelegationSerializer, responses={201: shapes.DelegationSerializer})
    def create(self, request: ApiRequest) -> Response:
        """Let somebody decide in your name between two moments."""
        fields, person = read(shapes.NewDelegationSerializer, request), signed_in(self.request._request)
        to = person_called(fields.pop("to"), "to")
        held = actions.delegate(to, **fields, actor=person, at=clock.now())
        return Response(self.get_serializer(held).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=shapes.DelegationSerializer)
    @action(detail=True, methods=["post"], required_scope="decide")
    def end(self, request: ApiRequest, pk: str) -> Response:
        held = self.get_object()
        ended = actions.end_delegation(held.pk, actor=signed_in(self.request._request), at=clock.now())
        return Response(self.get_serializer(ended).data)

    create.required_scope = "decide"  # type: ignore[attr-defined]


def routes(router: BaseRouter) -> None:
    from tenants.access.policy_api import PolicyView  # it stands on PersonalView

    router.register("policies", PolicyView, basename="policy")
    router.register("requests", RequestView, basename="request")
    router.register("waiting-list", WaitingView, basename="wish")
    router.register("acknowledgements", AcknowledgementView, basename="acknowledgement")
    router.register("delegations", DelegationView, basename="delegation")
    router.register("grants", GrantView, basename="grant")
