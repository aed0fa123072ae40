"""The usage page: figures, one chart, two breakdowns; every filter in the URL, a CSV beside it."""

from dataclasses import replace
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundry.people.access import signed_in
from foundry.people.models import User
from foundry.web.charts import stacked
from tenants.teams.models import Team
from tenants.usage.api import FILTERS, csv_answer, read_question
from tenants.usage.envelope import BASIS_WORDS, Basis, Outcome
from tenants.usage.period import WORDS
from tenants.usage.summary import Question, Row, series, summarise, total, with_others
from tenants.usage.words import refusal_words

GROUPS = {"model": "Model", "team": "Team", "application": "Application", "host": "Host", "key": "Key"}
VALUES = {"tokens": "Tokens", "cost_nanos": "Cost", "calls": "Calls", "refused": "Refused calls"}
UNITS = {"tokens": "tokens", "cost_nanos": "usd_nanos", "calls": "calls", "refused": "calls"}
IN_CHART, IN_TABLE = 6, 12


@require_safe
@login_required
def usage(request: HttpRequest) -> HttpResponse:
    person = signed_in(request)
    by = request.GET.get("by", "") if request.GET.get("by") in GROUPS else "model"
    value = request.GET.get("value", "") if request.GET.get("value") in VALUES else "tokens"
    question = read_question(request.GET, by)
    rows = summarise(question, person)
    whole = total(rows)
    context = {
        "by": by,
        "value": value,
        "whole": whole,
        "rows": with_others(rows, IN_TABLE),
        "figures": figures(whole, total(summarise(replace(question, period=question.period.before), person))),
        "chart": chart(question, by, value, person),
        "refusals": refusals(question, person),
        "bases": bases(question, person),
        "chips": chips(request, question, by, value, person),
        "period": question.period,
        "group_word": GROUPS[by],
    }
    return render(request, "usage/usage.html", context)


@require_safe
@login_required
def usage_csv(request: HttpRequest) -> HttpResponseBase:
    """What the page shows, as CSV: by day and by what the page groups by."""
    by = request.GET.get("by", "") if request.GET.get("by") in GROUPS else "model"
    question = read_question(request.GET, f"day,{by}")
    return csv_answer(question, summarise(question, signed_in(request)))


def figures(now: Row, before: Row) -> list[dict[str, Any]]:
    """The row of figures, each with its change against the period before."""
    return [
        {"label": "Calls", "value": now.calls, "kind": "count", "note": change(now.calls, before.calls)},
        {"label": "Tokens", "value": now.tokens, "kind": "count", "note": change(now.tokens, before.tokens)},
        {
            "label": "Cost",
            "value": now.cost_nanos,
            "kind": "money",
            "note": change(now.cost_nanos, before.cost_nanos),
        },
        {
            "label": "Refused",
            "value": now.refused,
            "kind": "count",
            "note": change(now.refused, before.refused),
        },
        {"label": "Errors", "value": now.errors, "kind": "count", "note": change(now.errors, before.errors)},
    ]


def change(now: int, before: int) -> str:
    if before == now:
        return "as in the period before"
    if not before:
        return "none in the period before"
    share = (now - before) / before
    return (
        f"{share:+.0%} against the period before".replace("%", " %")
        if abs(share) < 10
        else f"{before:,} in the period before"
    )


def chart(question: Question, by: str, value: str, person: User) -> object:
    """Stacked over time, by what the page groups by."""
    period = question.period
    rows = summarise(replace(question, by=(by, period.step)), person)
    stamps = period.stamps()
    lines = series(rows, by, stamps, period.step, value=value, most=IN_CHART)
    return stacked(lines, stamps, unit=UNITS[value], label=f"{VALUES[value]} by {GROUPS[by].lower()}")


def refusals(question: Question, person: User) -> list[dict[str, Any]]:
    """Refused calls by reason, in words and as the gateway's code."""
    refused = {**question.only, "outcome": Outcome.REFUSED}
    rows = summarise(replace(question, by=("code",), only=refused), person)
    return [{"words": refusal_words(str(row.keys["code"] or "")), "row": row} for row in rows]


def bases(question: Question, person: User) -> list[dict[str, Any]]:
    """Whose word the cost rests on; calls of unknown cost are named, never counted as zero."""
    rows = summarise(replace(question, by=("basis",)), person)
    return [{"words": BASIS_WORDS[Basis(row.keys["basis"])], "row": row} for row in rows]


def chips(
    request: HttpRequest, question: Question, by: str, value: str, person: User
) -> list[dict[str, Any]]:
    """The filters above the content, each with its choices."""
    teams = Team.objects.seen_by(person).distinct().values_list("slug", "name")[:200]
    models = summarise(replace(question, by=("model",), only={}), person)
    names = [str(row.keys["model"]) for row in models if row.keys["model"]]
    fixed: list[dict[str, Any]] = [
        {
            "label": "Time",
            "name": "range",
            "value": request.GET.get("range", "30d"),
            "choices": list(WORDS.items()),
        },
        {"label": "Show", "name": "value", "value": value, "choices": list(VALUES.items())},
        {"label": "By", "name": "by", "value": by, "choices": list(GROUPS.items())},
        {"label": "Team", "name": "team", "value": question.only.get("team"), "choices": list(teams)},
        {"label": "Model", "name": "model", "value": question.only.get("model"), "choices": names},
    ]
    shown = {chip["name"] for chip in fixed}
    more = [name for name in FILTERS if name in question.only and name not in shown]
    return fixed + [
        {"label": name.title(), "name": name, "value": question.only[name], "choices": [question.only[name]]}
        for name in more
    ]
