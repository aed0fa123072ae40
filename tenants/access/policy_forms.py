"""One rule of a policy as a form: lists as words with commas between, steps as `admin or security, finance`."""

from collections.abc import Mapping
from typing import Any

from django import forms

from catalog.models import Host, Publisher
from catalog.states import Lifecycle
from foundry.lib.errors import Invalid
from tenants.access.policy_rules import DECIDING, read_rule, speak_match
from tenants.access.states import Asks, DataClass
from tenants.teams.models import CostCentre, Environment, Team

CHOSEN = {
    "data_classes": ("Data class", DataClass.choices),
    "environments": ("Environment", Environment.choices),
    "lifecycles": ("Lifecycle", Lifecycle.choices),
    "asks": ("Asks for", Asks.choices),
}
TYPED = {
    "offers": ("Offers", "As callers name them: azure:xai/grok-3."),
    "publishers": ("Publishers", "Short names with commas between: xai, meta."),
    "hosts": ("Hosts", "Short names with commas between."),
    "teams": ("Teams", "Short names with commas between."),
    "cost_centres": ("Cost centres", "Finance's codes with commas between."),
}
COSTS = {"cost_at_least": "A month costs at least, USD", "cost_at_most": "A month costs at most, USD"}
DAYS = {"days_at_least": "For at least, days", "days_at_most": "For at most, days"}
SIZES = {"limits_at_least": "One limit is at least", "limits_at_most": "Every one of these limits is at most"}
SIZE_HELP = "For example tpm 60000, rpm 60."
STEPS_HELP = f"A comma between steps, “or” between those of whom any decides. Roles: {', '.join(DECIDING)}."
KNOWN = {
    "publishers": (Publisher, "slug"),
    "hosts": (Host, "slug"),
    "teams": (Team, "slug"),
    "cost_centres": (CostCentre, "code"),
}


class RuleForm(forms.Form):
    was = forms.CharField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(max_length=80, help_text="People read it on their request: why this step.")
    automatic = forms.BooleanField(required=False, label="Approve at once; needs a cost and days at most")
    steps = forms.CharField(required=False, label="Who decides", help_text=STEPS_HELP)
    longest_days = forms.IntegerField(required=False, min_value=1, max_value=366, label="Longest time, days")
    ends = forms.BooleanField(required=False, label="Look at no later rule")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, choices) in CHOSEN.items():
            self.fields[name] = forms.MultipleChoiceField(
                required=False, label=label, choices=choices, widget=forms.CheckboxSelectMultiple
            )
        for name, (label, help_text) in TYPED.items():
            self.fields[name] = forms.CharField(
                required=False, label=label, help_text=help_text, max_length=4000
            )
        for name, label in COSTS.items():
            self.fields[name] = forms.CharField(required=False, label=label, max_length=40)
        for name, label in DAYS.items():
            self.fields[name] = forms.IntegerField(required=False, min_value=1, max_value=366, label=label)
        for name, label in SIZES.items():
            self.fields[name] = forms.CharField(
                required=False, label=label, help_text=SIZE_HELP, max_length=400
            )

    @property
    def chosen_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in CHOSEN]

    @property
    def bound_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in (*COSTS, *DAYS, *SIZES)]

    @property
    def typed_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in TYPED]

    def clean(self) -> dict[str, Any]:
        """The rule as it is kept, under `rule`; every mistake beside its field."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        for name, (model, column) in KNOWN.items():
            self.require_known(name, list_of(cleaned[name]), model, column)
        try:
            cleaned["rule"] = read_rule(self.spoken(cleaned), "rule")
        except Invalid as error:
            for where, why in error.errors.items():
                field = where.rsplit(".", 1)[-1]
                self.add_error(field if field in self.fields else None, why)
        return cleaned

    def require_known(self, name: str, wanted: list[str], model: Any, column: str) -> None:
        there = set(model.objects.filter(**{f"{column}__in": wanted}).values_list(column, flat=True))
        if unknown := [each for each in wanted if each not in there]:
            self.add_error(name, f"There is no {unknown[0][:40]}.")

    def spoken(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """The rule as the API would send it."""
        match: dict[str, Any] = {name: cleaned[name] for name in (*CHOSEN, *DAYS)}
        match |= {name: list_of(cleaned[name]) for name in TYPED}
        match |= {name: cleaned[name].replace(",", "").strip() or None for name in COSTS}
        match |= {name: sizes_of(cleaned[name]) for name in SIZES}
        return {
            "name": cleaned["name"],
            "match": match,
            "steps": steps_of(cleaned["steps"]),
            "automatic": cleaned["automatic"],
            "longest_days": cleaned["longest_days"],
            "ends": cleaned["ends"],
        }


def list_of(text: str) -> list[str]:
    return [word for part in text.replace("\n", ",").split(",") if (word := part.strip())]


def steps_of(text: str) -> list[list[str]]:
    return [[role.strip() for role in step.split(" or ")] for step in list_of(text)]


def sizes_of(text: str) -> dict[str, str]:
    """`tpm 60000, rpm 60` by kind; a part without an amount has an empty one, which is refused by name."""
    pairs = (part.replace("=", " ").split(None, 1) for part in list_of(text))
    return {pair[0]: pair[1] if len(pair) > 1 else "" for pair in pairs}


def initial_of(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A kept rule as the form shows it."""
    match = speak_match(rule["match"])
    shown: dict[str, Any] = {name: match.get(name) for name in (*CHOSEN, *COSTS, *DAYS)}
    shown |= {name: ", ".join(match.get(name, [])) for name in TYPED}
    shown |= {
        name: ", ".join(f"{kind} {size}" for kind, size in match.get(name, {}).items()) for name in SIZES
    }
    steps = ", ".join(" or ".join(roles) for roles in rule["steps"])
    flags = {name: rule[name] for name in ("name", "automatic", "longest_days", "ends")}
    return shown | flags | {"steps": steps, "was": rule["name"]}


class OwnerForm(forms.Form):
    offer = forms.CharField(max_length=400, help_text="As callers name it: azure:xai/grok-3.")
    owner = forms.EmailField(help_text="Needs a site role, to read requests.")
