"""`limits/`: what the organisation, teams, keys and shares of grants may use at most."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.module_loading import import_string
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from catalog.asked import Asked
from foundry.api.body import read
from foundry.api.toll import TollSerializer
from foundry.lib import clock
from foundry.lib.errors import Invalid
from foundry.people.models import User
from foundry.web.confirm import toll_of
from tenants.access.amounts import read_amount
from tenants.access.models import Grant
from tenants.access.states import LimitKind
from tenants.keys.models import ApiKey
from tenants.levels import actions, calendar_api, rules
from tenants.levels.models import LevelLimit, Mode, Scope
from tenants.levels.rules import REASON_LENGTH, Target
from tenants.levels.showing import Line, lines
from tenants.teams.models import Application, Team

FILTERS = [
    OpenApiParameter("scope", str, enum=Scope.values),
    OpenApiParameter("team", str, description="Its own, and those of its keys and shares."),
    OpenApiParameter("grant", int, description="Shares of it."),
    OpenApiParameter("key", int),
]


class BesideLimitSerializer(serializers.Serializer[Any]):
    """A limit beside those of grants, and what is used of it in its window."""

    id = serializers.IntegerField()
    scope = serializers.CharField(help_text=", ".join(Scope.values))
    team = serializers.CharField(allow_null=True, help_text="Whose it is; null for the organisation.")
    grant = serializers.IntegerField(allow_null=True)
    application = serializers.CharField(allow_null=True)
    key = serializers.IntegerField(allow_null=True)
    kind = serializers.CharField()
    mode = serializers.CharField(help_text=", ".join(Mode.values))
    maximum = serializers.JSONField(help_text="A number, or a decimal string in USD, like the next two.")
    used = serializers.JSONField()
    held = serializers.JSONField(help_text="Set aside for calls that run, and leased by gateways.")
    passed = serializers.IntegerField(
        help_text="Calls of the last 30 days that went on beyond it: a hard limit had refused them."
    )
    resets_at = serializers.DateTimeField(allow_null=True)
    state = serializers.CharField(help_text="planned, in_force or ended")
    enforced = serializers.BooleanField(help_text="Every gateway process that lives has confirmed it.")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()
    set_by = serializers.CharField()
    set_at = serializers.DateTimeField()


class NewLimitSerializer(serializers.Serializer[Any]):
    """Nothing named is the organisation; `team`, `key`, or `grant` with `application` or `key` for a share of it."""

    team = serializers.CharField(required=False, max_length=50)
    grant = serializers.IntegerField(required=False, min_value=1, max_value=2**62)
    application = serializers.CharField(
        required=False, max_length=50, help_text="Its slug, in the grant's team."
    )
    key = serializers.IntegerField(required=False, min_value=1, max_value=2**62)
    kind = serializers.ChoiceField(choices=LimitKind.choices)
    maximum = serializers.JSONField(help_text="A whole number, or a decimal string in USD.")
    mode = serializers.ChoiceField(choices=Mode.choices, default=Mode.HARD)
    starts_at = serializers.DateTimeField(required=False, help_text="Now where it is left out.")
    ends_at = serializers.DateTimeField(required=False, allow_null=True)
    reason = serializers.CharField(max_length=REASON_LENGTH)


def told(line: Line) -> dict[str, Any]:
    row, level = line.row, line.row.level
    owner = level.owner
    return {
        "id": row.pk,
        "scope": level.scope,
        "team": owner.slug if owner else None,
        "grant": level.grant_id,
        "application": level.application.slug if level.application else None,
        "key": level.key_id,
        "kind": row.kind,
        "mode": row.mode,
        "maximum": line.spoken(row.maximum),
        "used": line.spoken(line.used),
        "held": line.spoken(line.held),
        "passed": line.passed,
        "resets_at": line.resets_at,
        "state": line.state,
        "enforced": line.enforced,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "reason": row.reason,
        "set_by": row.set_by.name,
        "set_at": row.set_at,
    }


class MetSerializer(TollSerializer):
    """Whom a limit would hit."""

    refuses_more = serializers.BooleanField(
        help_text="It is hard, and nothing of its kind allows as little so far."
    )
    met = serializers.CharField(help_text="How the last 30 days would have met it, in words.")


class LimitView(Asked, viewsets.GenericViewSet[LevelLimit]):
    """Limits in force or planned beside those of grants; own teams', and all for people with a site role."""

    serializer_class = BesideLimitSerializer
    queryset = LevelLimit.objects.none()
    required_scope: str | None = None
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[LevelLimit]:
        if self.nobody:
            return LevelLimit.objects.none()
        return LevelLimit.objects.seen_by(self.person).select_related("set_by")

    @extend_schema(parameters=FILTERS, filters=False)
    def list(self, request: Request) -> Response:
        rows, at = self.get_queryset().open(clock.now()), clock.now()  # type: ignore[attr-defined]
        asked = request.query_params
        if scope := asked.get("scope"):
            rows = rows.filter(level__scope=scope)
        if team := asked.get("team"):
            mine = Team.objects.filter(slug=team)
            rows = rows.filter(level__in=actions.levels_of(mine))
        for name in ("grant", "key"):
            if (number := asked.get(name, "")).isascii() and number.isdigit():
                rows = rows.filter(**{f"level__{name}": int(number)})
        found = self.paginate_queryset(rows.order_by("-pk"))
        return self.get_paginated_response([told(line) for line in lines(found or [], at)])

    @extend_schema(request=NewLimitSerializer, responses={201: BesideLimitSerializer})
    def create(self, request: Request) -> Response:
        """Set a limit. One of the same kind and mode ends where it starts."""
        body, at = read(NewLimitSerializer, request), clock.now()
        target = target_of(body, self.person)
        told_of = {name: body[name] for name in ("mode", "starts_at", "ends_at", "reason") if name in body}
        maximum = amount(body["kind"], body["maximum"])
        row = actions.set_limit(
            target, kind=body["kind"], maximum=maximum, **told_of, actor=self.person, at=at
        )
        return Response(told(lines([row], at)[0]), status=status.HTTP_201_CREATED)

    @extend_schema(request=NewLimitSerializer, responses=MetSerializer)
    @action(detail=False, methods=["post"], required_scope="read")
    def preview(self, request: Request) -> Response:
        """Whom such a limit would hit; nothing is set. For those who may set it."""
        body, at = read(NewLimitSerializer, request), clock.now()
        target, maximum = target_of(body, self.person), amount(body["kind"], body["maximum"])
        rules.require_setter(target, self.person)
        met = import_string(settings.LIMIT_MET)(target, body["kind"], maximum, at)
        less = actions.is_less(target, body["kind"], body["mode"], maximum, at)
        return Response({"refuses_more": less, "met": met, **TollSerializer(toll_of("level", target)).data})

    @extend_schema(request=None, responses=BesideLimitSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """End it now, or call off one that is planned."""
        row, at = get_object_or_404(self.get_queryset(), pk=pk), clock.now()
        return Response(told(lines([actions.end_limit(row.pk, actor=self.person, at=at)], at)[0]))


def amount(kind: str, spoken: object) -> int:
    try:
        return read_amount(kind, spoken)
    except ValueError as error:
        raise Invalid(
            "limit.unusable", f"maximum: {error}", remedy="Mend it.", errors={"maximum": str(error)}
        ) from None


def target_of(body: dict[str, Any], person: User) -> Target:
    """What the body names, of what the person sees. Raises Http404, Invalid."""
    named = {name for name in ("team", "grant", "application", "key") if name in body}
    if named not in ({"team"}, {"key"}, {"grant", "application"}, {"grant", "key"}, set()):
        raise Invalid(
            "limit.of", "Name a team, a key, or a grant with an application or a key of it; or nothing for the organisation.",
            remedy="Send one of these.", errors={"team": "See the schema."},
        )  # fmt: skip
    team = grant = application = key = None
    if "team" in body:
        team = get_object_or_404(Team.objects.seen_by(person).distinct(), slug=body["team"])
    if "grant" in body:
        grant = get_object_or_404(Grant.objects.seen_by(person).with_names().distinct(), pk=body["grant"])
    if "application" in body and grant is not None:
        application = get_object_or_404(Application, team=grant.team, slug=body["application"])
    if "key" in body:
        key = get_object_or_404(ApiKey.objects.seen_by(person).with_names().distinct(), pk=body["key"])
    return Target(team, grant, application, key)


def routes(router: BaseRouter) -> None:
    router.register("limits", LimitView, basename="limit")
    calendar_api.routes(router)
