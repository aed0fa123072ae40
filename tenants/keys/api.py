"""`keys/`: prefixes and last use; a secret only in the answer that makes it."""

from decimal import Decimal
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from foundry.api.body import read
from foundry.lib import clock
from foundry.lib.errors import Invalid
from foundry.people.access import signed_in
from foundry.people.models import User
from tenants.access.models import Grant
from tenants.access.personal import application_called, team_called
from tenants.keys import actions, shapes
from tenants.keys.models import ApiKey, ApiKeyQuerySet


class KeyFilter(django_filters.FilterSet):  # type: ignore[misc]
    team = django_filters.CharFilter(field_name="application__team__slug")
    application = django_filters.CharFilter(field_name="application__slug")
    unused_days = django_filters.NumberFilter(
        method="unused", min_value=0, max_value=3650, label="Live keys that nobody used for so many days."
    )

    class Meta:
        model = ApiKey
        fields: list[str] = []

    def unused(self, rows: ApiKeyQuerySet, name: str, days: Decimal) -> ApiKeyQuerySet:
        return rows.unused(clock.now(), int(days))


class KeyView(viewsets.ReadOnlyModelViewSet[ApiKey]):
    """Keys of the caller's teams; people with a site role see all."""

    serializer_class = shapes.KeySerializer
    filterset_class = KeyFilter
    lookup_value_regex = "[0-9]{1,18}"
    queryset = ApiKey.objects.none()

    @property
    def person(self) -> User:
        return signed_in(self.request._request)

    def get_queryset(self) -> QuerySet[ApiKey]:
        if getattr(self, "swagger_fake_view", False):
            return ApiKey.objects.none()
        return (
            ApiKey.objects.seen_by(self.person).with_names().select_related("use").prefetch_related("grants")
        )

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "at": clock.now()}

    def seen(self, pk: str) -> int:
        return get_object_or_404(ApiKey.objects.seen_by(self.person), pk=pk).pk

    @extend_schema(request=shapes.NewKeySerializer, responses={201: shapes.IssuedSerializer})
    def create(self, request: Request) -> Response:
        """Make a key. The answer holds its secret, this once."""
        fields = read(shapes.NewKeySerializer, request)
        team = team_called(fields["team"], self.person)
        key, secret = actions.issue_key(
            application=application_called(fields["application"], team),
            name=fields["name"],
            grants=grants_numbered(fields.get("grants", []), self.person),
            networks=fields.get("networks", []),
            expires_at=fields.get("expires_at"),
            personal=fields["personal"],
            actor=self.person,
            at=clock.now(),
        )
        return issued(key, secret)

    @extend_schema(request=shapes.ChangedKeySerializer, responses=shapes.KeySerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what a live key is called, what it opens, from where, and until when. What is left out stays."""
        fields = read(shapes.ChangedKeySerializer, request)
        key = self.get_queryset().get(pk=self.seen(pk))
        grants = fields.get("grants")
        actions.change_key(
            key.pk,
            name=fields.get("name", key.name),
            grants=list(key.grants.all()) if grants is None else grants_numbered(grants, self.person),
            networks=fields.get("networks", key.networks),
            expires_at=fields.get("expires_at", key.expires_at),
            actor=self.person,
            at=clock.now(),
        )
        return Response(self.get_serializer(self.get_queryset().get(pk=key.pk)).data)

    @extend_schema(request=shapes.RotateSerializer, responses={201: shapes.IssuedSerializer})
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> Response:
        """A new key that carries the same; the old one ends after `overlap_s` seconds."""
        fields = read(shapes.RotateSerializer, request)
        return issued(*actions.rotate_key(self.seen(pk), **fields, actor=self.person, at=clock.now()))

    @extend_schema(request=shapes.RevokeSerializer, responses=shapes.KeySerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """End the key now."""
        fields = read(shapes.RevokeSerializer, request)
        key = actions.revoke_key(self.seen(pk), **fields, actor=self.person, at=clock.now())
        return Response(self.get_serializer(self.get_queryset().get(pk=key.pk)).data)


def grants_numbered(numbers: list[int], person: User) -> list[Grant]:
    found = list(Grant.objects.seen_by(person).filter(pk__in=numbers).distinct())
    if missing := set(numbers) - {grant.pk for grant in found}:
        raise Invalid(
            "grants.unknown",
            f"There is no such grant that you may see: {', '.join(map(str, sorted(missing)))}.",
            remedy="List your grants at /api/v1/grants/.",
            errors={"grants": "Unknown."},
        )
    return found


def issued(key: ApiKey, secret: str) -> Response:
    body = shapes.IssuedSerializer({"id": key.pk, "prefix": key.prefix, "secret": secret}).data
    return Response(body, status=status.HTTP_201_CREATED)


def routes(router: BaseRouter) -> None:
    router.register("keys", KeyView, basename="key")
