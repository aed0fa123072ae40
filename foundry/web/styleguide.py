"""Every component with made-up content. Needs no row of the database."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django import forms
from django.core.paginator import Paginator

from foundry.lib import clock
from foundry.web import words
from foundry.web.charts import demo


class Reach(NamedTuple):
    word: str
    why: str


class SampleForm(forms.Form):
    purpose = forms.CharField(help_text="One sentence that an approver can judge.", max_length=200)
    data_class = forms.ChoiceField(choices=[("public", "Public"), ("internal", "Internal")])
    tokens_per_month = forms.IntegerField(min_value=1, required=False)
    scopes = forms.MultipleChoiceField(
        choices=[("read", "Read"), ("write", "Write")], widget=forms.CheckboxSelectMultiple
    )
    terms = forms.BooleanField(label="I have read the terms: hosting only, no training.")
    note = forms.CharField(widget=forms.Textarea, required=False)


def context() -> dict[str, Any]:
    at = clock.now()
    wrong = SampleForm({"purpose": "", "data_class": "secret", "tokens_per_month": "-4"})
    wrong.add_error(None, "The end date lies in the past. Choose a later one.")
    return {
        "charts": demo.charts(),
        "form": wrong,
        "page": Paginator(range(1204), 50).get_page(3),
        "teams": ["copilot", "search", "support"],
        "states": list(words.STATES),
        "lifecycles": list(words.LIFECYCLE),
        "reaches": [Reach(word, f"Why it is {word}.") for word in words.REACH],
        "events": events(at),
        "lines": lines(at),
        "rows": ROWS,
        "soon": at + timedelta(days=12),
        "past": at - timedelta(hours=3),
        "curl": "curl -s http://127.0.0.1:8100/v1/models -H 'Authorization: Bearer sk-fdy-…'",
    }


ROWS = [
    ("support", "xai/grok-3", 418_900_000, 5_214_200_000_000, "refused"),
    ("search", "openai/gpt-4.1", 812_400_000, 9_748_800_000_000, "ok"),
]


def events(at: datetime) -> list[dict[str, object]]:
    asked, decided = at - timedelta(days=3), at - timedelta(hours=7)
    return [
        {"at": asked, "title": "Asked by Mia Chen", "detail": "400,000 tokens per minute"},
        {
            "at": decided,
            "title": "Approved by Ada Novak",
            "detail": "Half, until the launch.",
            "tone": "good",
        },
        {"at": None, "title": "Finance decides next", "detail": "", "tone": "info"},
    ]


def lines(at: datetime) -> list[dict[str, object]]:
    due, ends = at + timedelta(hours=20), at + timedelta(days=1)
    return [
        {
            "title": "Mia asks for xai/grok-3",
            "detail": "Platform step",
            "url": "#",
            "tone": "warn",
            "at": due,
        },
        {"title": "docs × llama ends", "detail": "Renewal suggested", "url": "#", "tone": "bad", "at": ends},
    ]
