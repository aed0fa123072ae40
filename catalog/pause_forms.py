"""How long, and why: the forms of a pause."""

from datetime import datetime, timedelta
from typing import Any

from django import forms

from catalog.actions.pauses import REASON_LENGTH

LASTS = [
    (900, "15 minutes"), (3_600, "1 hour"), (14_400, "4 hours"), (86_400, "1 day"), (259_200, "3 days"),
    (604_800, "7 days"), (2_592_000, "30 days"),
]  # fmt: skip


class PauseForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_LENGTH, label="Why?", help_text="Callers read it in the refusal of their calls."
    )
    for_s = forms.TypedChoiceField(choices=LASTS, coerce=int, initial=3_600, label="For")
    starts_at = forms.DateTimeField(
        required=False, label="From (UTC)", help_text="Empty pauses it now.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )  # fmt: skip

    def told(self, at: datetime) -> dict[str, Any]:
        """As the action takes it."""
        starts_at = self.cleaned_data["starts_at"] or at
        ends_at = starts_at + timedelta(seconds=self.cleaned_data["for_s"])
        return {"reason": self.cleaned_data["reason"], "starts_at": starts_at, "ends_at": ends_at}


class ProlongForm(forms.Form):
    for_s = forms.TypedChoiceField(choices=LASTS, coerce=int)
