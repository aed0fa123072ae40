"""What requests, and what is asked and decided of them, look like in the API."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from foundry.lib.errors import Invalid
from tenants.access.amounts import read_limits, speak_limits
from tenants.access.models import Decision, Delegation, Note, Request, Step
from tenants.access.states import DataClass, DenyReason


def unknown(field: str, what: str) -> Invalid:
    """The same words for what is not there and for what is another team's."""
    return Invalid(
        f"{field}.unknown",
        f"There is no such {what} that you may see.",
        remedy="Check it against the catalog and your teams.",
        errors={field: "Unknown."},
    )


class LimitsShape(serializers.Serializer[Any]):
    """Only for the schema: limits by kind, each of them optional."""

    rpm = serializers.IntegerField(required=False, min_value=1, help_text="Calls per minute.")
    tpm = serializers.IntegerField(required=False, min_value=1, help_text="Tokens per minute.")
    concurrency = serializers.IntegerField(required=False, min_value=1, help_text="Calls at once.")
    tokens_per_day = serializers.IntegerField(required=False, min_value=1)
    tokens_per_month = serializers.IntegerField(required=False, min_value=1)
    usd_per_day = serializers.CharField(required=False, help_text="Decimal string, USD.")
    usd_per_month = serializers.CharField(required=False, help_text="Decimal string, USD.")


@extend_schema_field(LimitsShape)
class LimitsField(serializers.Field[Any, Any, Any, Any]):
    """Limits by kind; money as decimal strings of USD outside, nano-dollars inside."""

    def to_internal_value(self, data: Any) -> dict[str, int]:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError("Send an object, for example {'tpm': 60000}.")
        try:
            return read_limits(data)
        except Invalid as error:
            raise serializers.ValidationError(error.errors) from error

    def to_representation(self, value: Mapping[str, int]) -> dict[str, int | str]:
        return speak_limits(value)


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    reason_code = serializers.CharField(help_text="Why it was denied, from a list; empty for words alone.")
    outcome = serializers.CharField()
    by = serializers.CharField(source="actor", help_text="A person's name, or `policy 3`.")
    limits = LimitsField(source="granted", allow_null=True)

    class Meta:
        model = Decision
        fields = ["outcome", "by", "at", "reason", "reason_code", "limits", "ends_at"]


class StepSerializer(serializers.ModelSerializer[Step]):
    role = serializers.CharField()
    or_roles = serializers.ListField(child=serializers.CharField(), help_text="Any of these decides it, too.")
    assignee = serializers.CharField(
        source="assignee.name", default=None, allow_null=True, help_text="Whom it was handed on to."
    )
    decision = serializers.SerializerMethodField()

    class Meta:
        model = Step
        fields = ["position", "role", "or_roles", "rule", "why", "due_at", "assignee", "decision"]

    @extend_schema_field(DecisionSerializer(allow_null=True))
    def get_decision(self, step: Step) -> dict[str, Any] | None:
        decision = getattr(step, "decision", None)
        return DecisionSerializer(decision).data if decision else None


class StatedShape(serializers.Serializer[Any]):
    """What the team expects: calls a day, and the tokens of one call."""

    calls_per_day = serializers.IntegerField(min_value=1, max_value=10**9)
    tokens_in = serializers.IntegerField(min_value=1, max_value=10**9)
    tokens_out = serializers.IntegerField(min_value=1, max_value=10**9)


class AnsweredShape(serializers.Serializer[Any]):
    question = serializers.IntegerField()
    version = serializers.IntegerField()
    text = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]  # a field of that name
    answer = serializers.CharField(help_text="Empty where it was left out.")


class NoteSerializer(serializers.ModelSerializer[Note]):
    kind = serializers.CharField(
        help_text="comment, question, answer, handed_on, passed_on, accepted or appeal"
    )
    by = serializers.CharField(
        source="by.name", default=None, allow_null=True, help_text="null is the schedule."
    )

    class Meta:
        model = Note
        fields = ["id", "kind", "by", "at", "text"]


class RequestSerializer(serializers.ModelSerializer[Request]):
    team = serializers.CharField(source="team.slug")
    offer = serializers.IntegerField(source="offer_id")
    offer_name = serializers.CharField(source="offer.call_name")
    application = serializers.IntegerField(source="application_id")
    application_slug = serializers.CharField(source="application.slug")
    requester = serializers.CharField(source="requester.name")
    data_class = serializers.CharField()
    state = serializers.CharField(help_text="open, approved, denied or withdrawn")
    limits = LimitsField(source="asked")
    terms_version = serializers.IntegerField(source="terms.version", default=None, allow_null=True)
    changes_grant = serializers.IntegerField(source="grant_id", allow_null=True)
    grant = serializers.SerializerMethodField()
    policy = serializers.IntegerField(source="policy.number", default=None, allow_null=True)
    appeals = serializers.IntegerField(source="appeals_id", allow_null=True)
    stated = StatedShape(allow_null=True)
    answers = AnsweredShape(many=True, help_text="Questions as they were asked, with their answers.")
    steps = StepSerializer(many=True)
    notes = NoteSerializer(many=True)

    class Meta:
        model = Request
        fields = [
            "id", "state", "team", "offer", "offer_name", "application", "application_slug", "requester", "purpose",
            "data_class", "limits", "ends_on", "terms_version", "changes_grant", "grant", "policy", "appeals",
            "stated", "answers", "steps", "notes",
            "created_at", "closed_at",
        ]  # fmt: skip

    @extend_schema_field({"type": ["integer", "null"]})
    def get_grant(self, request: Request) -> int | None:
        """The grant that it opened or changed; null until it is approved."""
        if hasattr(request, "opened"):
            return request.opened.pk
        return request.grant_id if request.state == "approved" else None


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class IdOrSlugField(serializers.Field[Any, Any, Any, Any]):
    """An application by its id, or by its slug within the team."""

    def to_internal_value(self, data: Any) -> int | str:
        if isinstance(data, bool) or not isinstance(data, int | str) or "\x00" in str(data):
            raise serializers.ValidationError("Send the application's id, or its slug.")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class NewRequestSerializer(serializers.Serializer[Any]):
    team = serializers.CharField(max_length=50)
    offer = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    application = IdOrSlugField()
    purpose = serializers.CharField(max_length=2_000)
    data_class = serializers.ChoiceField(choices=DataClass.choices)
    limits = LimitsField()
    ends_on = serializers.DateField()
    terms_version = serializers.IntegerField(required=False, allow_null=True, default=None)
    stated = StatedShape(required=False, allow_null=True, default=None)
    answers = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=1_000),
        default=dict,
        help_text="By the id of a question; `questions/?offer=&data_class=` lists what is asked.",
    )


class ApproveSerializer(serializers.Serializer[Any]):
    limits = LimitsField(required=False, default=None)
    ends_on = serializers.DateField(required=False, default=None)
    reason = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=2_000,
        help_text="Needed where limits or end differ.",
    )
    step = serializers.IntegerField(
        required=False, default=None, help_text="The step that is meant; 409 when it was decided meanwhile."
    )


class DenySerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)
    code = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=12,
        help_text=f"One of {', '.join(DenyReason.values)}.",
    )
    step = serializers.IntegerField(required=False, default=None)


class QuestionSerializer(serializers.Serializer[Any]):
    question = serializers.CharField(
        max_length=2_000, help_text="@mia mentions somebody who reads the request."
    )


class AnswerSerializer(serializers.Serializer[Any]):
    answer = serializers.CharField(max_length=2_000)


class CommentSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=2_000)


class HandOnSerializer(serializers.Serializer[Any]):
    to = serializers.EmailField(help_text="Somebody who may decide the open step.")
    why = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)


class AppealSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2_000)


class DelegationSerializer(serializers.ModelSerializer[Delegation]):
    by = serializers.EmailField(source="by.email")
    to = serializers.EmailField(source="to.email")

    class Meta:
        model = Delegation
        fields = ["id", "by", "to", "starts_at", "ends_at", "ended_at"]


class NewDelegationSerializer(serializers.Serializer[Any]):
    to = serializers.EmailField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class RenewSerializer(serializers.Serializer[Any]):
    size = serializers.CharField(max_length=12, required=False, default="same", help_text="same or suggested")
    days = serializers.IntegerField(
        required=False, default=90, min_value=1, max_value=366, help_text="Days after its present end."
    )


class WhySerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200)
