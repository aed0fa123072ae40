"""`notices/` of the person who asks, and `hooks/` for admins. Addresses and secrets are never among the fields."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from foundry.api.auth import needs_scope
from foundry.api.body import read
from foundry.lib import clock
from foundry.notify import actions
from foundry.notify.models import Delivery, Hook, HookKind, Notice, Preference, Preset
from foundry.people.access import signed_in
from foundry.people.models import Role


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    kind = serializers.CharField(source="event.kind")
    title = serializers.CharField(source="event.title")
    text = serializers.CharField(source="event.text")
    url = serializers.CharField(source="event.url", help_text="Path of the page where the next step is.")
    scope = serializers.CharField(source="event.scope")
    data = serializers.JSONField(source="event.data")  # type: ignore[assignment]
    at = serializers.DateTimeField(source="event.at")

    class Meta:
        model = Notice
        fields = ["id", "kind", "title", "text", "url", "scope", "data", "at", "mine", "read_at"]


class ReadSerializer(serializers.Serializer[Any]):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        required=False,
        max_length=500,
        help_text="All without it.",
    )


class ReadAnswerSerializer(serializers.Serializer[Any]):
    read = serializers.IntegerField()


class PresetSerializer(serializers.Serializer[Any]):
    preset = serializers.CharField(help_text=f"What comes by mail: {', '.join(Preset.values)}.")


class NoticeView(viewsets.ReadOnlyModelViewSet[Notice]):
    """What I was told, newest first."""

    serializer_class = NoticeSerializer
    queryset = Notice.objects.none()

    def get_queryset(self) -> QuerySet[Notice]:
        if getattr(self, "swagger_fake_view", False):
            return Notice.objects.none()
        return Notice.objects.seen_by(signed_in(self.request._request)).select_related("event")

    @extend_schema(request=ReadSerializer, responses=ReadAnswerSerializer)
    @action(detail=False, methods=["post"])
    def read(self, request: Request) -> Response:
        """Mark as read."""
        body = read(ReadSerializer, request)
        count = actions.mark_read(signed_in(request._request), body.get("ids"), clock.now())
        return Response({"read": count})

    @extend_schema(responses=PresetSerializer, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def preset(self, request: Request) -> Response:
        """How I am told by mail."""
        return Response({"preset": Preference.objects.of(signed_in(request._request))})

    @extend_schema(request=PresetSerializer, responses=PresetSerializer)
    @preset.mapping.patch
    def choose(self, request: Request) -> Response:
        body = read(PresetSerializer, request)
        person = signed_in(request._request)
        chosen = actions.choose_preset(person, body["preset"], actor=person, at=clock.now())
        return Response({"preset": chosen.preset})


class HookSerializer(serializers.ModelSerializer[Hook]):
    kind = serializers.CharField()

    class Meta:
        model = Hook
        fields = [
            "id",
            "name",
            "kind",
            "place",
            "kinds",
            "scope",
            "trusted_networks",
            "created_at",
            "disabled_at",
        ]


class NewHookSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    kind = serializers.CharField(help_text=", ".join(HookKind.values))
    address = serializers.CharField(max_length=2000, write_only=True)
    kinds = serializers.ListField(child=serializers.CharField(max_length=64), default=list)
    scope = serializers.CharField(max_length=80, allow_blank=True, default="")
    trusted_networks = serializers.ListField(child=serializers.CharField(max_length=50), default=list)


class MadeHookSerializer(HookSerializer):
    secret = serializers.CharField(help_text="Signs what it gets; shown this once. Empty for chats.")

    class Meta(HookSerializer.Meta):
        fields = [*HookSerializer.Meta.fields, "secret"]


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    kind = serializers.CharField(source="event.kind")
    title = serializers.CharField(source="event.title")
    state = serializers.CharField(help_text="waiting, sent, failed")

    class Meta:
        model = Delivery
        fields = ["id", "message_id", "kind", "title", "state", "attempts", "due_at", "sent_at", "error"]


class SwitchSerializer(serializers.Serializer[Any]):
    on = serializers.BooleanField()


class HookView(mixins.RetrieveModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Hook]):
    """Addresses outside that are told of events; admins."""

    serializer_class = HookSerializer
    required_scope: str | None = None
    queryset = Hook.objects.none()

    def get_queryset(self) -> QuerySet[Hook]:
        if getattr(self, "swagger_fake_view", False):
            return Hook.objects.none()
        may = signed_in(self.request._request).is_any(Role.ADMIN)
        return Hook.objects.all() if may else Hook.objects.none()

    @needs_scope("admin")
    @extend_schema(request=NewHookSerializer, responses={201: MadeHookSerializer})
    def create(self, request: Request) -> Response:
        person = signed_in(request._request)
        actions.require_admin(person)
        body = read(NewHookSerializer, request)
        told: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in body.items()
        }
        hook, secret = actions.add_hook(actions.HookFacts(**told), actor=person, at=clock.now())
        return Response(HookSerializer(hook).data | {"secret": secret}, status=status.HTTP_201_CREATED)

    @extend_schema(responses=DeliverySerializer(many=True))
    @action(detail=True, methods=["get"])
    def deliveries(self, request: Request, pk: str) -> Response:
        """What was sent to it, newest first."""
        rows: Any = self.get_object().deliveries.select_related("event")
        return self.get_paginated_response(
            DeliverySerializer(self.paginate_queryset(rows) or [], many=True).data
        )

    @extend_schema(request=None, responses={202: None})
    @action(detail=True, methods=["post"], url_path="try", required_scope="admin")
    def trial(self, request: Request, pk: str) -> Response:
        """Send it one trial event."""
        actions.try_hook(self.get_object().pk, actor=signed_in(request._request), at=clock.now())
        return Response(status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=SwitchSerializer, responses=HookSerializer)
    @action(detail=True, methods=["post"], required_scope="admin")
    def switch(self, request: Request, pk: str) -> Response:
        """Stop telling it, or begin again with what comes from now on."""
        number, body = self.get_object().pk, read(SwitchSerializer, request)
        row = actions.switch_hook(number, on=body["on"], actor=signed_in(request._request), at=clock.now())
        return Response(HookSerializer(row).data)

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(
        detail=True,
        methods=["post"],
        url_path="deliveries/(?P<delivery>[0-9]{1,18})/again",
        required_scope="admin",
    )
    def again(self, request: Request, pk: str, delivery: str) -> Response:
        """Send one delivery again, under the same id. 409 while it is on its way."""
        row = get_object_or_404(self.get_object().deliveries, pk=delivery)
        sent = actions.redeliver(row.pk, actor=signed_in(request._request), at=clock.now())
        return Response(DeliverySerializer(sent).data, status=status.HTTP_202_ACCEPTED)


def routes(router: BaseRouter) -> None:
    router.register("notices", NoticeView, basename="notice")
    router.register("hooks", HookView, basename="hook")
