"""`grants/`: the same actions as the pages."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from foundry.api.body import read
from foundry.lib import clock
from tenants.access import actions, blocks, grant_shapes, shapes
from tenants.access.filters import GrantFilter, read_moment
from tenants.access.models import Grant, LifeRules, Raise, Request
from tenants.access.move_shapes import MoveSerializer, NewMoveSerializer
from tenants.access.personal import PersonalView
from tenants.access.raise_shapes import NewGlassSerializer, NewRaiseSerializer, RaiseSerializer

AT = OpenApiParameter("at", datetime, description="As of this moment (RFC 3339): only grants in force then.")


@extend_schema(parameters=[AT])
class GrantView(PersonalView):
    """Who may call what, how much of it and until when; `?at=` asks of a moment."""

    serializer_class = grant_shapes.GrantSerializer
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

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        blocks.attach(page or [], self.moment())
        return page

    def get_object(self) -> Grant:
        grant: Grant = super().get_object()
        blocks.attach([grant], self.moment())
        return grant

    def seen(self, pk: str) -> int:
        found = Grant.objects.seen_by(self.person).filter(pk=pk).first()
        if found is None:
            raise Http404
        return found.pk

    def answer(self, number: int) -> Response:
        row = self.get_queryset().get(pk=number)
        blocks.attach([row], self.moment())
        return Response(self.get_serializer(row).data)

    @extend_schema(request=shapes.RenewSerializer, responses={201: shapes.RequestSerializer})
    @action(detail=True, methods=["post"])
    def renew(self, request: ApiRequest, pk: str) -> Response:
        """Ask for more time, at the size it has or the size its use calls for; answers the request."""
        number, fields = self.seen(pk), read(shapes.RenewSerializer, request)
        asked = actions.renew(number, **fields, actor=self.person, at=clock.now())
        row = Request.objects.with_names().with_decisions().prefetch_related("notes__by").get(pk=asked.pk)
        return Response(shapes.RequestSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=grant_shapes.AskAgainSerializer, responses={201: shapes.RequestSerializer})
    @action(detail=True, methods=["post"], url_path="ask-again")
    def ask_again(self, request: ApiRequest, pk: str) -> Response:
        """Ask for what a grant that is over allowed, at the same size; answers the request."""
        number, fields = self.seen(pk), read(grant_shapes.AskAgainSerializer, request)
        asked = actions.ask_again(number, **fields, actor=self.person, at=clock.now())
        row = Request.objects.with_names().with_decisions().prefetch_related("notes__by").get(pk=asked.pk)
        return Response(shapes.RequestSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.WhySerializer, responses=grant_shapes.GrantSerializer)
    @action(detail=True, methods=["post"])
    def keep(self, request: ApiRequest, pk: str) -> Response:
        """Keep a grant that nobody calls: an owner of the team, once until its next decision."""
        number, fields = self.seen(pk), read(shapes.WhySerializer, request)
        actions.keep_idle(number, **fields, actor=self.person, at=clock.now())
        return self.answer(number)

    @extend_schema(request=shapes.WhySerializer, responses=grant_shapes.GrantSerializer)
    @action(detail=True, methods=["post"], url_path="give-back")
    def give_back(self, request: ApiRequest, pk: str) -> Response:
        """It is needed no more: an owner of the team, or an admin. Its capacity is free at once."""
        number, fields = self.seen(pk), read(shapes.WhySerializer, request)
        actions.give_back(number, **fields, actor=self.person, at=clock.now())
        return self.answer(number)

    @extend_schema(request=None, responses=grant_shapes.LifeRulesSerializer, filters=False)
    @action(detail=False, methods=["get"], url_path="rules")
    def laid(self, request: ApiRequest) -> Response:
        """What happens to grants by the clock."""
        return Response(grant_shapes.LifeRulesSerializer(LifeRules.objects.current()).data)

    @extend_schema(request=grant_shapes.LifeRulesSerializer, responses=grant_shapes.LifeRulesSerializer)
    @laid.mapping.patch
    def set_rules(self, request: ApiRequest) -> Response:
        """An admin changes it; what runs keeps its own."""
        form = read(grant_shapes.LifeRulesSerializer, request, partial=True)
        laid = actions.set_life_rules(**form, actor=self.person, at=clock.now())
        return Response(grant_shapes.LifeRulesSerializer(laid).data)

    @extend_schema(request=NewRaiseSerializer, responses={201: RaiseSerializer})
    @action(detail=True, methods=["post"], url_path="raise", required_scope="decide")
    def raise_limits(self, request: ApiRequest, pk: str) -> Response:
        """Raise limits until a moment: an approver, never for their own team."""
        number, fields = self.seen(pk), read(NewRaiseSerializer, request)
        return raised(actions.raise_limits(number, **fields, actor=self.person, at=clock.now()))

    @extend_schema(request=NewGlassSerializer, responses={201: RaiseSerializer})
    @action(detail=True, methods=["post"], url_path="break-glass")
    def break_glass(self, request: ApiRequest, pk: str) -> Response:
        """Raise limits of your own team's grant for hours: an owner. Everybody concerned is told, and it is reviewed."""
        number, fields = self.seen(pk), read(NewGlassSerializer, request)
        return raised(actions.break_glass(number, **fields, actor=self.person, at=clock.now()))

    @extend_schema(request=NewMoveSerializer, responses={201: MoveSerializer})
    @action(detail=True, methods=["post"])
    def move(self, request: ApiRequest, pk: str) -> Response:
        """Move part of one limit to another grant of your team, of the same offer or pool: an owner. The sum stays."""
        number, fields = self.seen(pk), read(NewMoveSerializer, request)
        made = actions.move_allocation(number, **fields, actor=self.person, at=clock.now())
        return Response(MoveSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.WhySerializer, responses=grant_shapes.GrantSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: ApiRequest, pk: str) -> Response:
        """End it now and for good: an admin or an owner of the team."""
        number, fields = self.seen(pk), read(shapes.WhySerializer, request)
        actions.revoke(number, **fields, actor=self.person, at=clock.now())
        return self.answer(number)

    @extend_schema(request=shapes.WhySerializer, responses=grant_shapes.GrantSerializer)
    @action(detail=True, methods=["post"], required_scope="admin")
    def suspend(self, request: ApiRequest, pk: str) -> Response:
        number, fields = self.seen(pk), read(shapes.WhySerializer, request)
        actions.suspend(number, **fields, actor=self.person, at=clock.now())
        return self.answer(number)

    @extend_schema(request=grant_shapes.LiftSerializer, responses=grant_shapes.GrantSerializer)
    @action(detail=True, methods=["post"], required_scope="admin")
    def resume(self, request: ApiRequest, pk: str) -> Response:
        """Lift one suspension; other reasons go on to block it."""
        number, fields = self.seen(pk), read(grant_shapes.LiftSerializer, request)
        actions.resume(number, **fields, actor=self.person, at=clock.now())
        return self.answer(number)


def raised(made: Raise) -> Response:
    row = Raise.objects.with_names().get(pk=made.pk)
    return Response(RaiseSerializer(row).data, status=status.HTTP_201_CREATED)
