"""What `explain/` and `caller-pauses/` say, in their words."""

from typing import Any

from rest_framework import serializers

from catalog.pause_api import LASTS, TimedPauseSerializer
from tenants.calling.explaining import BY_NAME, Answer, Level
from tenants.gateway.explain import Step
from tenants.keys.models import CallerPause


class AskedSerializer(serializers.Serializer[Any]):
    key = serializers.IntegerField(min_value=1, max_value=2**62)
    model = serializers.CharField(max_length=300)
    dialect = serializers.ChoiceField(choices=list(BY_NAME), default="chat")


class CallerSerializer(serializers.Serializer[Any]):
    team = serializers.CharField(required=False, max_length=50)
    key = serializers.IntegerField(required=False, min_value=1, max_value=2**62)


class PassedSerializer(serializers.Serializer[Any]):
    check = serializers.CharField()
    grant = serializers.IntegerField(allow_null=True, help_text="Null where it is about the key.")
    passes = serializers.BooleanField()
    code = serializers.CharField(help_text="The refusal's code, empty where it passes.")
    message = serializers.CharField(
        help_text="What a caller would read, with the remedy; empty where it passes."
    )


class LevelSerializer(serializers.Serializer[Any]):
    scope = serializers.CharField(help_text="organisation, team, grant, key or share")
    name = serializers.CharField(help_text="Of the team, application or key; empty otherwise.")
    kind = serializers.CharField()
    mode = serializers.CharField(help_text="hard, or soft: it lets pass and tells.")
    maximum = serializers.JSONField(help_text="A number, or a decimal string in USD, like the next three.")
    used = serializers.JSONField()
    held = serializers.JSONField(help_text="Set aside for calls that run, and leased by gateways.")
    left = serializers.JSONField()
    share = serializers.FloatField()
    calls_left = serializers.IntegerField(
        allow_null=True, help_text="How many more calls of 750 tokens, answered with 250, fit under it now."
    )
    resets_at = serializers.DateTimeField(allow_null=True)
    decision = serializers.IntegerField(allow_null=True)
    decided_by = serializers.CharField(help_text="Empty for a policy.")
    moved_by = serializers.CharField(
        allow_null=True, help_text="Who moved part of it between two grants of the team, under that decision."
    )
    since = serializers.DateTimeField(allow_null=True)


class EnforcedSerializer(serializers.Serializer[Any]):
    enforced = serializers.BooleanField()
    processes = serializers.IntegerField(help_text="Gateway processes that live.")
    confirmed = serializers.IntegerField(help_text="Of these, how many enforce the grant as it is.")


class RestingSerializer(serializers.Serializer[Any]):
    host = serializers.CharField()
    processes = serializers.IntegerField(help_text="Gateway processes that live.")
    resting = serializers.IntegerField(
        help_text="Of these, how many leave the host alone for a moment, because it failed again and again."
    )


class ExplainedSerializer(serializers.Serializer[Any]):
    key = serializers.IntegerField()
    model = serializers.CharField()
    dialect = serializers.CharField()
    at = serializers.DateTimeField()
    can = serializers.BooleanField()
    code = serializers.CharField()
    message = serializers.CharField()
    grant = serializers.IntegerField(allow_null=True, help_text="Under which it would run.")
    onward = serializers.ListField(
        child=serializers.CharField(),
        help_text="Where it goes next, in order, when a host fails without a charge.",
    )
    binds_first = serializers.CharField(allow_null=True)
    steps = PassedSerializer(many=True)
    limits = LevelSerializer(many=True)
    enforcement = EnforcedSerializer(allow_null=True)
    left_alone = RestingSerializer(many=True)


def told(answer: Answer) -> dict[str, Any]:
    full, refusal, enforced = answer.full, answer.refusal, answer.enforced
    code = refusal.code if refusal else f"limit.{full.told['kind']}" if full else ""
    if answer.left_alone and not code:
        code = "host_left_alone"
    return {
        "key": answer.key.pk,
        "model": answer.model,
        "dialect": answer.dialect.name,
        "at": answer.at,
        "can": answer.can,
        "code": code,
        "message": message_of(answer),
        "grant": answer.route.grant_id if answer.route else None,
        "onward": [route.exact_name for route in answer.onward],
        "binds_first": answer.first.told["kind"] if answer.first else None,
        "steps": [step(each) for each in answer.steps],
        "limits": [level(each) for each in answer.levels],
        "enforcement": None
        if enforced is None
        else {
            "enforced": enforced.is_whole,
            "processes": enforced.processes,
            "confirmed": enforced.confirmed,
        },
        "left_alone": [
            {"host": host, "processes": each.processes, "resting": each.resting}
            for host, each in answer.resting.items()
        ],
    }


def message_of(answer: Answer) -> str:
    if answer.refusal:
        return answer.refusal.message
    if answer.full:
        return f"{answer.full.told['kind']} is used up."
    if answer.left_alone:
        return "Every gateway leaves the host alone for a moment, because it failed again and again."
    return ""


def step(each: Step) -> dict[str, Any]:
    why = each.why
    return {
        "check": each.check,
        "grant": each.grant_id,
        "passes": why is None,
        "code": why.code if why else "",
        "message": why.message if why else "",
    }


def level(each: Level) -> dict[str, Any]:
    row = each.set_by
    if each.beside is not None:
        of, rule = each.beside
        told = {"scope": of.scope, "name": of.name, "decided_by": rule.set_by, "since": rule.starts_at}
        return each.told | told | {"mode": each.mode, "decision": None, "moved_by": None}
    return each.told | {
        "mode": each.mode,
        "scope": "grant",
        "name": "",
        "decision": row.decision_id if row else None,
        "decided_by": row.decision.by.name if row and row.decision.by else "",
        "moved_by": row.moved.by.name if row and row.moved else None,
        "since": row.starts_at if row else None,
    }


class CallerPauseSerializer(TimedPauseSerializer[CallerPause]):
    team = serializers.CharField(source="team.slug", default=None, allow_null=True)
    key = serializers.IntegerField(source="key_id", allow_null=True)

    class Meta:
        model = CallerPause
        fields = ("id", "team", "key", *LASTS)
