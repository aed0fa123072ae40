"""Where to read another gateway, and what a proposal becomes."""

from typing import Any

from django import forms

from catalog.models import Offer
from foundry.web.forms import set_choices
from tenants.access.forms import LimitsForm
from tenants.access.states import DataClass
from tenants.teams.models import Environment

MOST_BYTES = 20 * 2**20
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ReadForm(forms.Form):
    """A file, or an address with a credential."""

    export = forms.FileField(
        required=False, label="A file", help_text="JSON: teams, keys, models and users, each as LiteLLM answers.",
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )  # fmt: skip
    base_url = forms.URLField(
        required=False, label="Or LiteLLM's address", assume_scheme="https", max_length=200, help_text="Such as https://litellm.example.com"
    )  # fmt: skip
    credential = forms.CharField(
        required=False, max_length=500, label="A key that may read its management API",
        help_text="Used for this reading and kept nowhere.", widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    trusted_network = forms.CharField(
        required=False, max_length=50, label="Its network, where it is inside", help_text="In CIDR form, such as 10.20.0.0/16."
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        export = cleaned.get("export")
        if bool(export) == bool(cleaned.get("base_url")) and not self.errors:
            self.add_error(None, "Give a file, or an address.")
        if cleaned.get("base_url") and not cleaned.get("credential"):
            self.add_error("credential", "LiteLLM answers only to a key.")
        if export and export.size > MOST_BYTES:
            self.add_error("export", f"At most {MOST_BYTES >> 20} MB.")
        return cleaned


class ManyForm(forms.Form):
    """What is the same for all that is chosen; what is empty stays."""

    owner = forms.EmailField(required=False, label="Owner")
    environment = forms.ChoiceField(
        required=False, choices=[("", "as it is"), *Environment.choices], label="Environment"
    )
    data_class = forms.ChoiceField(
        required=False, choices=[("", "as it is"), *DataClass.choices], label="Data"
    )
    ends_on = forms.DateField(required=False, label="Until", widget=DAY)

    @property
    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value}


class ProposalForm(LimitsForm):
    """One row."""

    team_slug = forms.CharField(
        max_length=50, label="Team", help_text="Its short name; one that is not there is set up."
    )
    owner = forms.EmailField(
        required=False, label="Owner", help_text="Who asks. They must be able to sign in here."
    )
    application_slug = forms.CharField(max_length=50, label="Application")
    environment = forms.ChoiceField(choices=Environment.choices, label="Environment")
    offer = forms.TypedChoiceField(coerce=int, required=False, empty_value=None, label="Offer")
    data_class = forms.ChoiceField(choices=DataClass.choices, label="Most sensitive data")
    ends_on = forms.DateField(label="Until", widget=DAY)

    def __init__(self, *args: Any, offers: list[Offer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = {each.pk: each for each in offers}
        names = [(each.pk, " ".join(filter(None, (str(each), each.region, each.sku)))) for each in offers]
        set_choices(self, "offer", [("", "No such offer"), *names])

    @property
    def values(self) -> dict[str, Any]:
        names = ("team_slug", "owner", "application_slug", "environment", "data_class", "ends_on")
        chosen = self.cleaned_data["offer"]
        return {name: self.cleaned_data[name] for name in names} | {
            "offer": self.offers.get(chosen), "limits": self.limits,
        }  # fmt: skip
