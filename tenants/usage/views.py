"""The usage page: figures, one chart, two breakdowns; every filter in the URL, a CSV beside it."""

from dataclasses import replace
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalog import price_words
from foundry.people.access import signed_in
from foundry.people.models import User
from foundry.web.charts import stacked
from tenants.teams.models import Team
from tenants.usage.api import csv_answer
from tenants.usage.asking import FILTERS, read_question
from tenants.usage.envelope import BASIS_WORDS, OF_INPUT, OF_OUTPUT, Basis, Outcome
from tenants.usage.period import WORDS
from tenants.usage.summary import Question, Row, series, summarise, total, with_others
from tenants.usage.words import refusal_words

GROUPS = {
    "model": "Model",
    "team": "Team",
    "application": "Application",
    "host": "Host",
    "key": "Key",
    "tag": "Tag",
}
VALUES = {"tokens": "Tokens", "cost_nanos": "Cost", "calls": "Calls", "refused": "Refused calls"}
UNITS = {"tokens": "tokens", "cost_nanos": "usd_nanos", "calls": "calls", "refused": "calls"}
IN_CHART, IN_TABLE, MOST_TAGS = 6, 12, 200


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
        "kinds": kinds(whole),
        "told": told(question, person) if whole.told_calls else [],
        "chips": chips(request, question, by, value, person),
        "period": question.period,
        "group_word": GROUPS[by],
        "limits_url": limits_url(question, person),
    }
    return render(request, "usage/usage.html", context)


@require_safe
@login_required
def usage_csv(request: HttpRequest) -> HttpResponseBase:
    """What the page shows, as CSV: by day and by what the page groups by."""
    by = request.GET.get("by", "") if request.GET.get("by") in GROUPS else "model"
    question = read_question(request.GET, f"day,{by}")
    return csv_answer(question, summarise(question, signed_in(request)))


def limits_url(question: Question, person: User) -> str:
    """Of the team that is asked about, where the person sees it; else everything that they see."""
    team = Team.objects.seen_by(person).filter(slug=question.only.get("team", "")).first()
    return reverse("team-limits", args=[team.slug]) if team else reverse("limits")


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


def kinds(whole: Row) -> list[dict[str, Any]]:
    """Input, output and what they are made of; further kinds only where there are any."""
    more = whole.by_kind
    into = [("cached_input", whole.tokens_cached), *((kind, more[kind]) for kind in OF_INPUT)]
    out = [("reasoning", whole.tokens_reasoning), *((kind, more[kind]) for kind in OF_OUTPUT)]
    rows = [("input", whole.tokens_in, False), *((*each, True) for each in into if each[1])]
    rows += [("output", whole.tokens_out, False), *((*each, True) for each in out if each[1])]
    rows += [("web_search", more["web_search"], False)] if more["web_search"] else []
    words = {"web_search": "Web searches"}
    return [
        {"words": words.get(kind) or price_words.label(kind), "count": count, "part": part}
        for kind, count, part in rows
    ]


def told(question: Question, person: User) -> list[dict[str, Any]]:
    """Per offer, what its host says against what our prices say; the largest difference first."""
    rows = [row for row in summarise(replace(question, by=("offer",)), person) if row.told_calls]
    rows.sort(key=lambda row: -abs(row.told_difference_nanos))
    named = [(row.label, row, "") for row in rows[:IN_TABLE]] + [("Total", total(rows), "total")]
    return [
        {"label": label, "row": row, "klass": klass, "share": told_share(row)} for label, row, klass in named
    ]


def told_share(row: Row) -> float | None:
    return row.told_difference_nanos / row.told_cost_nanos if row.told_cost_nanos else None


def chips(
    request: HttpRequest, question: Question, by: str, value: str, person: User
) -> list[dict[str, Any]]:
    """The filters above the content, each with its choices."""
    teams = Team.objects.seen_by(person).distinct().values_list("slug", "name")[:200]
    models = summarise(replace(question, by=("model",), only={}), person)
    names = [str(row.keys["model"]) for row in models if row.keys["model"]]
    tagged = summarise(replace(question, by=("tag",), only={}), person)
    tags = [str(row.keys["tag"]) for row in tagged if row.keys["tag"]][:MOST_TAGS]
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
    if tags or "tag" in question.only:
        fixed += [{"label": "Tag", "name": "tag", "value": question.only.get("tag"), "choices": tags}]
    shown = {chip["name"] for chip in fixed}
    more = [name for name in FILTERS if name in question.only and name not in shown]
    return fixed + [
        {"label": name.title(), "name": name, "value": question.only[name], "choices": [question.only[name]]}
        for name in more
    ]
