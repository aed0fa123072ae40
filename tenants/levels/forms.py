"""The form of a limit beside grants."""

from datetime import UTC, datetime
from typing import Any

from django import forms

from foundry.web.forms import set_choices
from tenants.access.amounts import read_amount
from tenants.access.models import Grant
from tenants.access.states import LimitKind
from tenants.keys.models import ApiKey
from tenants.levels.models import Mode
from tenants.levels.rules import REASON_LENGTH, Target


class LimitForm(forms.Form):
    kind = forms.ChoiceField(choices=LimitKind.choices, label="Limit")
    maximum = forms.CharField(
        max_length=24, label="At most", help_text="A whole number; dollars where the limit is in USD.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )  # fmt: skip
    mode = forms.ChoiceField(choices=Mode.choices, initial=Mode.HARD, label="It is")
    ends_at = forms.DateTimeField(
        required=False, label="Until (UTC)", help_text="Empty is until somebody ends it.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )  # fmt: skip
    reason = forms.CharField(max_length=REASON_LENGTH, label="Why?", help_text="Whoever is refused may ask.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if {"kind", "maximum"} <= set(cleaned):
            try:
                cleaned["maximum"] = read_amount(cleaned["kind"], cleaned["maximum"])
            except ValueError as error:
                self.add_error("maximum", str(error))
        return cleaned

    def told(self) -> dict[str, Any]:
        """As the action takes it."""
        names = ("kind", "maximum", "mode", "reason", "ends_at")
        found = {name: self.cleaned_data[name] for name in names}
        if isinstance(ends_at := found["ends_at"], datetime):
            found["ends_at"] = ends_at if ends_at.tzinfo else ends_at.replace(tzinfo=UTC)
        return found

    def target_on(self, target: Target) -> Target:
        """What the limit is meant for, on the page of `target`."""
        return target


class ShareForm(LimitForm):
    """Of an application that a grant names, or of a key of one."""

    who = forms.ChoiceField(label="Whose share?")
    field_order = ("who",)

    def __init__(self, grant: Grant, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.applications = {f"application {each.pk}": each for each in grant.applications.all()}
        keys = ApiKey.objects.filter(application__in=self.applications.values(), revoked_at=None)
        self.keys = {f"key {each.pk}": each for each in keys.order_by("application__slug", "pk")[:200]}
        choices = [
            ("Applications", [(name, each.name) for name, each in self.applications.items()]),
            ("Keys", [(name, f"{each.prefix}… {each.name}") for name, each in self.keys.items()]),
        ]
        set_choices(self, "who", [group for group in choices if group[1]])

    def target_on(self, target: Target) -> Target:
        who = self.cleaned_data["who"]
        return Target(grant=target.grant, application=self.applications.get(who), key=self.keys.get(who))
