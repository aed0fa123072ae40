"""Forms to raise limits for a while, to review, and to set the rules."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms

from tenants.access import rules
from tenants.access.actions.raising import MOST
from tenants.access.forms import LimitsForm, spoken
from tenants.access.models import RaiseRules
from tenants.access.rules_page import RangesForm
from tenants.access.states import LimitKind

HOUR = 3_600
LASTS = [
    (HOUR, "1 hour"),
    (4 * HOUR, "4 hours"),
    (24 * HOUR, "a day"),
    (72 * HOUR, "3 days"),
    (168 * HOUR, "a week"),
]


class AboveForm(LimitsForm):
    """One field per limit that the grant has; an empty one stays as granted."""

    reason = forms.CharField(
        max_length=rules.REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 2}), label="Why?",
        help_text="The team, the approvers and the audit read it.",
    )  # fmt: skip

    def __init__(self, *args: Any, held: Mapping[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held = held
        for kind in LimitKind.values:
            if kind not in held:
                del self.fields[kind]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [
            {"field": self[kind], "kind": kind, "held": self.held[kind], "is_money": kind.startswith("usd")}
            for kind in LimitKind.values
            if kind in self.held
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not any(cleaned.get(kind) is not None or self.has_error(kind) for kind in self.held):
            self.add_error(None, "Raise at least one limit.")
        return cleaned


class RaiseForm(AboveForm):
    for_s = forms.TypedChoiceField(choices=LASTS, coerce=int, initial=24 * HOUR, label="For")
    until = forms.DateTimeField(
        required=False, label="Or until (UTC)", widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )

    def ends_at(self, at: datetime) -> datetime:
        until: datetime | None = self.cleaned_data["until"]
        return until or at + timedelta(seconds=self.cleaned_data["for_s"])


class GlassForm(AboveForm):
    hours = forms.IntegerField(min_value=1, initial=2, label="For how many hours")

    def __init__(self, *args: Any, laid: RaiseRules, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["hours"].help_text = f"At most {laid.glass_hours_at_most}."
        most = {kind: maximum * laid.glass_percent_at_most // 100 for kind, maximum in self.held.items()}
        for kind, words in spoken(most).items():
            self.fields[kind].help_text = f"At most {words}."


class ReviewForm(forms.Form):
    justified = forms.TypedChoiceField(
        choices=[("yes", "Justified"), ("no", "Not justified")], coerce=lambda text: text == "yes",
        widget=forms.RadioSelect, label="Was it justified?",
    )  # fmt: skip
    finding = forms.CharField(
        max_length=rules.REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 3}), label="What did you find?"
    )


LABELS = {
    "days_at_most": "An approver's raise: days at most",
    "glass_hours_at_most": "Broken glass: hours at most",
    "glass_percent_at_most": "Broken glass: percent of what was granted, at most",
    "glass_per_month": "Broken glass: times per grant and calendar month (UTC)",
    "review_within_days": "Review of a broken glass: within working days",
}


class RulesForm(RangesForm):
    ranges = MOST
    labels = LABELS
    keeps_headroom = forms.BooleanField(
        required=False,
        label="An approver's raise of tokens per minute needs capacity that is not promised yet",
    )
