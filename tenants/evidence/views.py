"""The auditors' saved questions, as pages and as CSV."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundry.lib import clock, csv
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role
from foundry.web.forms import set_choices
from tenants.evidence import actions
from tenants.evidence.questions import QUESTIONS, Asked, Question, teams

SHOWN, DAYS_BACK = 200, 90


class AskForm(forms.Form):
    """What narrows an answer; a date counts from its first moment, `until` to its last, in UTC."""

    at = forms.DateTimeField(
        required=False, label="As of (UTC)", widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    person = forms.EmailField(
        required=False, label="Decided by", help_text="An address; empty for everybody."
    )
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="Until", widget=forms.DateInput(attrs={"type": "date"}))
    team = forms.ChoiceField(required=False)

    def __init__(self, question: Question, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "team", [("", "Every team"), *teams()])
        for name in set(self.fields) - set(question.fields):
            del self.fields[name]

    def asked(self, now: datetime) -> Asked:
        told = self.cleaned_data
        since, until = told.get("since"), told.get("until")
        return Asked(
            at=told.get("at") or now,
            since=datetime.combine(since, time(), UTC) if since else now - timedelta(days=DAYS_BACK),
            until=datetime.combine(until, time(), UTC) + timedelta(days=1) if until else now,
            person=(told.get("person") or "").lower(),
            team=told.get("team") or "",
        )


@require_safe
@with_role(Role.ADMIN, Role.AUDITOR)
def question(request: HttpRequest, name: str) -> HttpResponse:
    asked_for = named(name)
    form = AskForm(asked_for, request.GET or None, initial={})
    rows: list[list[Any]] | None = None
    if not form.is_bound or form.is_valid():
        rows = actions.answer(asked_for, read(form), form="page", actor=signed_in(request), at=clock.now())
    context = {
        "question": asked_for,
        "questions": QUESTIONS.values(),
        "form": form,
        "count": None if rows is None else len(rows),
        "rows": (rows or [])[:SHOWN],
        "shown": SHOWN,
    }
    return render(request, "evidence/question.html", context, status=400 if form.errors else 200)


@require_safe
@with_role(Role.ADMIN, Role.AUDITOR)
def question_csv(request: HttpRequest, name: str) -> HttpResponse:
    asked_for = named(name)
    form = AskForm(asked_for, request.GET or None)
    if form.is_bound and not form.is_valid():
        return question(request, name)
    rows = actions.answer(asked_for, read(form), form="csv", actor=signed_in(request), at=clock.now())
    return csv_answer(asked_for, rows)


def csv_answer(question: Question, rows: list[list[Any]]) -> HttpResponse:
    name = f"{question.name}-{clock.now():%Y%m%dT%H%M%SZ}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    text = "".join(csv.lines(question.header, rows))
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


def named(name: str) -> Question:
    if name not in QUESTIONS:
        raise Http404
    return QUESTIONS[name]


def read(form: AskForm) -> Asked:
    if not form.is_bound:
        form.cleaned_data = {}
    return form.asked(clock.now())
