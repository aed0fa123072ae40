"""`policies/`: the versions of who decides what; admins draft, try and switch on."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from foundry.api.auth import needs_scope
from foundry.api.body import read
from foundry.lib import clock
from tenants.access import actions, trial
from tenants.access.actions.policies import require_admin
from tenants.access.models import Policy
from tenants.access.personal import PersonalView
from tenants.access.policy_rules import speak_rules


class RuleShape(serializers.Serializer[Any]):
    """Only for the schema: one rule."""

    name = serializers.CharField(max_length=80)
    match = serializers.DictField(required=False, help_text="What it is about; nothing is everything.")
    steps = serializers.ListField(child=serializers.ListField(child=serializers.CharField()), required=False)
    automatic = serializers.BooleanField(required=False)
    longest_days = serializers.IntegerField(required=False, allow_null=True)
    ends = serializers.BooleanField(required=False)


class PolicySerializer(serializers.ModelSerializer[Policy]):
    rules = serializers.SerializerMethodField()
    state = serializers.SerializerMethodField()
    switched_on_by = serializers.CharField(source="switched_on_by.name", default=None, allow_null=True)

    class Meta:
        model = Policy
        fields = ["id", "number", "state", "note", "rules", "created_at", "switched_on_at", "switched_on_by"]

    @extend_schema_field(RuleShape(many=True))
    def get_rules(self, policy: Policy) -> list[dict[str, Any]]:
        return speak_rules(policy.rules)

    def get_state(self, policy: Policy) -> str:
        """draft, in_force or past."""
        if policy.is_draft:
            return "draft"
        return "in_force" if policy.number == self.context["current"] else "past"


@extend_schema_field({"type": "array", "items": {"type": "object"}})
class RulesField(serializers.Field[Any, Any, Any, Any]):
    """Rules as they are sent; the action reads them and names every mistake."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class NewPolicySerializer(serializers.Serializer[Any]):
    of = serializers.IntegerField(
        required=False, min_value=1, max_value=10**8, default=None, help_text="Start from this version."
    )
    rules = RulesField(required=False, default=None)
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)


class ChangedPolicySerializer(serializers.Serializer[Any]):
    rules = RulesField(required=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)


class TriedSerializer(serializers.Serializer[Any]):
    request = serializers.IntegerField(source="request.pk")
    verdict = serializers.CharField(help_text="same, automatic, fewer, more, other or refused")
    had = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    would_have = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    rule = serializers.CharField(source="would.automatic", allow_null=True)


class TrialSerializer(serializers.Serializer[Any]):
    counts = serializers.DictField(child=serializers.IntegerField())
    results = TriedSerializer(many=True)


class PolicyView(PersonalView):
    """Who decides what, as versions of ordered rules."""

    serializer_class = PolicySerializer
    filter_backends = ()
    queryset = Policy.objects.none()

    def get_queryset(self) -> QuerySet[Policy]:
        if self.is_schema:
            return Policy.objects.none()
        return Policy.objects.seen_by(self.person).select_related("switched_on_by").order_by("-pk")

    def get_serializer_context(self) -> dict[str, Any]:
        current = None if self.is_schema else Policy.objects.current().number
        return {**super().get_serializer_context(), "current": current}

    def answer(self, number: int, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=number)).data, status=code)

    @needs_scope("admin")
    @extend_schema(request=NewPolicySerializer, responses={201: PolicySerializer})
    def create(self, request: ApiRequest) -> Response:
        """Start the draft: of these rules, of a version, or of the one in force."""
        require_admin(self.person)
        draft = actions.start_draft(**read(NewPolicySerializer, request), actor=self.person, at=clock.now())
        return self.answer(draft.pk, status.HTTP_201_CREATED)

    @needs_scope("admin")
    @extend_schema(request=ChangedPolicySerializer, responses=PolicySerializer)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        """Change the draft's rules or note."""
        policy, fields = self.get_object(), read(ChangedPolicySerializer, request)
        actions.change_draft(policy.pk, **fields, actor=self.person, at=clock.now())
        return self.answer(policy.pk)

    @needs_scope("admin")
    @extend_schema(responses={204: None})
    def destroy(self, request: ApiRequest, pk: str) -> Response:
        """Discard the draft."""
        actions.discard_draft(self.get_object().pk, actor=self.person, at=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=TrialSerializer)
    @action(detail=True, methods=["post"], url_path="try", required_scope="read")
    def try_on(self, request: ApiRequest, pk: str) -> Response:
        """What it would have decided of the last 200 requests. Writes nothing."""
        tried = trial.try_on(self.get_object())
        told = {"counts": trial.counts(tried), "results": tried}
        return Response(TrialSerializer(told).data)

    @extend_schema(request=None, responses=PolicySerializer)
    @action(detail=True, methods=["post"], url_path="switch-on", required_scope="admin")
    def switch_on(self, request: ApiRequest, pk: str) -> Response:
        """Put the draft in force for what is asked from now on."""
        policy = self.get_object()
        actions.switch_on(policy.pk, actor=self.person, at=clock.now())
        return self.answer(policy.pk)
