"""`requests/`, `blocks/` and `delegations/`: the same actions as the pages; and the routes of all of access."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from foundry.api.auth import needs_scope
from foundry.api.body import read
from foundry.lib import clock
from foundry.people.access import signed_in
from tenants.access import actions, grant_shapes, preview_shapes, shapes
from tenants.access.certify_api import CertificationView
from tenants.access.cost_api import CostCentreView
from tenants.access.draft_api import DraftView
from tenants.access.filters import RequestFilter
from tenants.access.grant_api import GrantView
from tenants.access.inbox_api import ApprovalView
from tenants.access.models import Block, Delegation, Request
from tenants.access.personal import PersonalView, application_called, offer_numbered, team_called
from tenants.access.policy_api import PolicyView
from tenants.access.preview import preview
from tenants.access.question_api import AskedView
from tenants.access.raise_api import RaiseView
from tenants.access.terms_api import AcknowledgementView
from tenants.access.waiting_api import WaitingView
from tenants.teams.rules import person_called


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

    @extend_schema(
        request=preview_shapes.PreviewRequestSerializer, responses=preview_shapes.PreviewSerializer
    )
    @action(detail=False, methods=["post"], required_scope="read")
    def preview(self, request: ApiRequest) -> Response:
        """Steps, price, cost and headroom of a request; writes nothing."""
        fields = read(preview_shapes.PreviewRequestSerializer, request)
        offer = offer_numbered(fields.pop("offer"), self.person)
        slug, name = fields.pop("team"), fields.pop("application")
        application = application_called(name, team_called(slug, self.person)) if slug and name else None
        seen = preview(offer, **fields, application=application, requester=self.person, at=clock.now())
        return Response(preview_shapes.PreviewSerializer(seen).data)

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


class BlockView(PersonalView):
    """Why calls were and are refused: suspended grants and teams, open and lifted."""

    serializer_class = grant_shapes.BlockSerializer
    filter_backends = ()
    queryset = Block.objects.none()

    def get_queryset(self) -> QuerySet[Block]:
        if self.is_schema:
            return Block.objects.none()
        return Block.objects.seen_by(self.person).with_names().order_by("-pk")

    @needs_scope("admin")
    @extend_schema(request=grant_shapes.NewBlockSerializer, responses={201: grant_shapes.BlockSerializer})
    def create(self, request: ApiRequest) -> Response:
        """Suspend a team: every grant of it is refused until this is lifted."""
        fields = read(grant_shapes.NewBlockSerializer, request)
        team = team_called(fields["team"], self.person)
        made = actions.suspend_team(team, reason=fields["reason"], actor=self.person, at=clock.now())
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=grant_shapes.BlockSerializer)
    @action(detail=True, methods=["post"], required_scope="admin")
    def lift(self, request: ApiRequest, pk: str) -> Response:
        """Free the grant or team of this reason; others go on to block."""
        row = self.get_object()
        if row.grant_id is None:
            actions.resume_team(row.pk, actor=self.person, at=clock.now())
        else:
            actions.resume(row.grant_id, block=row.pk, actor=self.person, at=clock.now())
        return Response(self.get_serializer(self.get_queryset().get(pk=row.pk)).data)


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

    @needs_scope("decide")
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


def routes(router: BaseRouter) -> None:
    router.register("policies", PolicyView, basename="policy")
    router.register("questions", AskedView, basename="question")
    router.register("requests/drafts", DraftView, basename="draft")
    router.register("requests", RequestView, basename="request")
    router.register("waiting-list", WaitingView, basename="wish")
    router.register("acknowledgements", AcknowledgementView, basename="acknowledgement")
    router.register("delegations", DelegationView, basename="delegation")
    router.register("certifications", CertificationView, basename="certification")
    router.register("blocks", BlockView, basename="block")
    router.register("approvals", ApprovalView, basename="approval")
    router.register("grants", GrantView, basename="grant")
    router.register("cost-centres", CostCentreView, basename="cost-centre")
    router.register("raises", RaiseView, basename="raise")
