"""The forms of those who keep supply. What they hold is judged by the actions, not here."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms

from catalog.calculator import Volume
from catalog.connectors.registry import CONNECTORS
from catalog.hosts import HostFacts
from catalog.models import Host, Price, Terms
from catalog.states import ChangeKind

EVERY = [("", "Never by itself"), ("3600", "Every hour"), ("21600", "Every 6 hours"), ("86400", "Every day")]
POLICY = ["publishes_new", "price_rise_percent", "gone_percent", "waits_for", "request_gap_ms", "status_url"]
NUMBERS = ("price_rise_percent", "gone_percent", "request_gap_ms")
NOTHING_SAID = HostFacts("", "", "")
OWN = {"region"}  # settings that the form asks for as a fact of the host
SETTINGS = tuple(
    dict.fromkeys(
        name
        for kind in CONNECTORS.values()
        for name in (*kind.settings_needed, *kind.settings_may)
        if name not in OWN
    )
)
SETTING_LABELS = {"api_version": "API version", "client_id": "Client ID", "rate_limits": "Read rate limits"}


def asked_by(setting: str) -> str:
    """The kinds that ask for a setting, for people."""
    kinds = CONNECTORS.values()
    return " and ".join(
        kind.label for kind in kinds if setting in (*kind.settings_needed, *kind.settings_may)
    )


class HostForm(forms.Form):
    """One host: what it is, where its listing is, where calls go."""

    name = forms.CharField(max_length=120, help_text="As people should read it.")
    slug = forms.SlugField(
        max_length=50, label="Short name", help_text="In addresses and in host:publisher/model."
    )
    connector = forms.ChoiceField(
        choices=[(kind.name, kind.label) for kind in CONNECTORS.values()], label="Kind"
    )
    region = forms.CharField(max_length=60, required=False)
    sync_every_s = forms.TypedChoiceField(
        choices=EVERY, coerce=int, empty_value=None, required=False, label="Sync", initial="21600"
    )
    default_terms = forms.ModelChoiceField(Terms.objects.all(), required=False, label="Terms of its offers")
    listing_base_url = forms.CharField(max_length=400, required=False, label="Address of the listing")
    listing_credential = forms.CharField(
        required=False,
        label="Credential for the listing",
        widget=forms.PasswordInput,
        help_text="Kept encrypted and never shown. Empty keeps what is stored.",
    )
    calling_base_url = forms.CharField(
        max_length=400,
        required=False,
        label="Address for calls",
        help_text="Without it the host's offers are only listed.",
    )
    calling_credential = forms.CharField(
        required=False,
        label="Credential for calls",
        widget=forms.PasswordInput,
        help_text="Kept encrypted and never shown. Empty keeps what is stored.",
    )
    calling_auth = forms.ChoiceField(
        choices=[(Host.BEARER, "Bearer"), (Host.API_KEY, "api-key")], label="Sent as"
    )
    calling_path_template = forms.CharField(
        max_length=200, required=False, label="Path of a call", help_text="May hold {model}. Usually empty."
    )
    trusted_networks = forms.CharField(
        required=False, help_text="Networks inside your own walls that this host may be in, as CIDR, one per line.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    publishes_new = forms.BooleanField(
        required=False, label="Show new offers at once", help_text="Otherwise an admin publishes each."
    )
    price_rise_percent = forms.IntegerField(
        initial=25,
        required=False,
        label="A price may rise by, %",
        help_text="More than that waits for a person.",
    )
    gone_percent = forms.IntegerField(
        initial=20,
        required=False,
        label="Offers may go missing at once, %",
        help_text="Five always may. More than that is taken for a broken listing. 0: none goes without a person.",
    )
    waits_for = forms.MultipleChoiceField(
        choices=ChangeKind.choices,
        required=False,
        label="What always waits for a person",
        widget=forms.CheckboxSelectMultiple,
    )
    request_gap_ms = forms.IntegerField(
        initial=100,
        required=False,
        label="Least time between two questions, ms",
        help_text="So that the host is not pressed.",
    )
    status_url = forms.CharField(
        max_length=400,
        required=False,
        label="Address of its status page",
        help_text="Statuspage, for example https://status.openai.com.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SETTINGS:
            self.fields[name] = forms.CharField(
                max_length=80,
                required=False,
                label=SETTING_LABELS.get(name),
                help_text=f"{asked_by(name)} only.",
            )

    def settings_of_kinds(self) -> list[forms.BoundField]:
        return [self[name] for name in SETTINGS]

    @classmethod
    def of(cls, host: Host) -> dict[str, Any]:
        """The form's initial values for a host that is there; never a credential."""
        names = ["name", "slug", "connector", "region", "sync_every_s", "default_terms", "listing_base_url",
                 "calling_base_url", "calling_auth", "calling_path_template", *POLICY]  # fmt: skip
        settings = {name: host.listing_settings.get(name, "") for name in SETTINGS}
        networks = {"trusted_networks": "\n".join(host.trusted_networks)}
        return {name: getattr(host, name) for name in names} | settings | networks

    def facts(self, host: Host | None = None) -> HostFacts:
        """What was entered; what the form does not ask stays as the host has it."""
        data = dict(self.cleaned_data)
        for name in ("listing_credential", "calling_credential"):
            data.pop(name)
        told = {name: value for name in SETTINGS if (value := data.pop(name))}
        asked = CONNECTORS[data["connector"]].settings_needed
        told |= {name: data[name] for name in OWN.intersection(asked) if data[name]}
        kept = {} if host is None else {k: v for k, v in host.listing_settings.items() if k not in SETTINGS}
        data["waits_for"] = tuple(data["waits_for"])
        for name in NUMBERS:
            if data[name] is None:
                data[name] = getattr(host or NOTHING_SAID, name)
        data["trusted_networks"] = tuple(data["trusted_networks"].split())
        if host is not None:
            data |= {"is_sandbox": host.is_sandbox, "is_demo": host.is_demo}
        return HostFacts(**data, listing_settings=kept | told)

    def credentials(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("listing_credential", "calling_credential")}


class PriceForm(forms.Form):
    """USD per million tokens, from now on."""

    input_per_million = forms.DecimalField(
        max_digits=30, decimal_places=18, min_value=Decimal(0), label="Input, $ per million"
    )
    output_per_million = forms.DecimalField(
        max_digits=30, decimal_places=18, min_value=Decimal(0), label="Output, $ per million"
    )
    cached_input_per_million = forms.DecimalField(
        max_digits=30,
        decimal_places=18,
        min_value=Decimal(0),
        required=False,
        label="Cached input, $ per million",
    )
    basis = forms.ChoiceField(
        choices=[(Price.Basis.NEGOTIATED, "Negotiated"), (Price.Basis.ADMIN, "Set by an admin")]
    )
    source = forms.CharField(
        max_length=160, label="Where it stands", help_text="For example the contract's number."
    )


class VolumeForm(forms.Form):
    """How much would be called, for the comparison's costs; what cannot be read counts as first suggested."""

    calls_per_day = forms.IntegerField(min_value=0, max_value=10**9, initial=1_000, label="Calls a day")
    tokens_in = forms.IntegerField(min_value=0, max_value=10**8, initial=2_000, label="Prompt, tokens")
    tokens_out = forms.IntegerField(min_value=0, max_value=10**8, initial=500, label="Answer, tokens")
    cached_percent = forms.IntegerField(
        min_value=0, max_value=100, initial=0, label="Of the prompt cached, %"
    )

    @classmethod
    def is_in(cls, query: Mapping[str, Any]) -> bool:
        """Does the address say any of it?"""
        return any(name in query for name in cls.base_fields)

    @property
    def volume(self) -> Volume:
        self.is_valid()
        told = self.cleaned_data if self.is_bound else {}
        return Volume(**{name: told.get(name, field.initial) for name, field in self.fields.items()})
