"""`audit/questions/`: the auditors' saved questions, answered as rows or as CSV. Asking is itself in the audit."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from foundry.lib import clock
from foundry.lib.errors import Invalid
from foundry.people.access import signed_in
from tenants.evidence import actions
from tenants.evidence.questions import QUESTIONS, Question
from tenants.evidence.views import AskForm, csv_answer, named, read

NARROWED = [
    OpenApiParameter("at", OpenApiTypes.DATETIME, description="As of this moment (`access`)."),
    OpenApiParameter("person", str, description="Decided by this address (`decisions`)."),
    OpenApiParameter("since", OpenApiTypes.DATE, description="From this day on; 90 days back without it."),
    OpenApiParameter("until", OpenApiTypes.DATE, description="Until the end of this day."),
    OpenApiParameter("team", str, description="A team's slug."),
]


class SavedSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    what = serializers.CharField()
    narrowed_by = serializers.ListField(child=serializers.CharField())


class AnswerSerializer(serializers.Serializer[Any]):
    question = serializers.CharField()
    count = serializers.IntegerField()
    rows = serializers.ListField(child=serializers.DictField())


class QuestionView(viewsets.ViewSet):
    """Four saved questions; admins and auditors."""

    lookup_url_kwarg, lookup_value_regex = "name", "[a-z]{1,40}"

    @extend_schema(responses=SavedSerializer(many=True))
    def list(self, request: Request) -> Response:
        actions.require_reader(signed_in(request._request))
        rows = [
            {"name": each.name, "title": each.title, "what": each.what, "narrowed_by": each.fields}
            for each in QUESTIONS.values()
        ]
        return Response(SavedSerializer(rows, many=True).data)

    @extend_schema(parameters=NARROWED, responses=AnswerSerializer)
    def retrieve(self, request: Request, name: str) -> Response:
        """Every row of the answer, and how many."""
        question, rows = ask(request, name, "api")
        told = [dict(zip(question.header, row, strict=True)) for row in rows]
        return Response({"question": question.name, "count": len(told), "rows": told})

    @extend_schema(parameters=NARROWED, responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"])
    def csv(self, request: Request, name: str) -> HttpResponse:
        """The same as CSV."""
        question, rows = ask(request, name, "csv")
        return csv_answer(question, rows)


def ask(request: Request, name: str, form: str) -> tuple[Question, list[list[Any]]]:
    """The answer, once the one who asks may read it and what narrows it can be read."""
    person, question = signed_in(request._request), named(name)
    actions.require_reader(person)
    narrowed = AskForm(question, request.query_params or None)
    if narrowed.is_bound and not narrowed.is_valid():
        errors = {field: " ".join(map(str, words)) for field, words in narrowed.errors.items()}
        raise Invalid(
            "evidence.asked", "That cannot be asked.", remedy="Mend the fields named here.", errors=errors
        )
    return question, actions.answer(question, read(narrowed), form=form, actor=person, at=clock.now())


def routes(router: BaseRouter) -> None:
    router.register("audit/questions", QuestionView, basename="audit-question")
