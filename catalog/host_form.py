"""The form of a host, by its kind. What it holds is judged by the actions, not here."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, NamedTuple

from django import forms

from catalog.connectors.base import Kind
from catalog.connectors.reference import Reference
from catalog.connectors.registry import CONNECTORS
from catalog.hosts import HostFacts, facts_of
from catalog.models import Host, Terms
from catalog.states import ChangeKind

EVERY = [("", "Never by itself"), ("3600", "Every hour"), ("21600", "Every 6 hours"), ("86400", "Every day")]
OWN = {"region"}  # settings that the form asks for as a fact of the host
SETTING_LABELS = {"api_version": "API version", "client_id": "Client ID", "rate_limits": "Read rate limits"}
KEPT = "Kept encrypted and never shown. Empty keeps what is stored."
FACTS = {each.name for each in fields(HostFacts)}
OF_LISTINGS = ("listing_base_url", "listing_credential")
OF_CALLS = (
    "calling_base_url",
    "calling_credential",
    "calling_auth",
    "calling_path_template",
    "cancels_at_once",
    "trusted_networks",
)
OF_SYNCS = (
    "sync_every_s",
    "price_rise_percent",
    "gone_percent",
    "waits_for",
    "request_gap_ms",
    "publishes_new",
)


def settings_of(kind: type[Kind]) -> tuple[str, ...]:
    return (*kind.settings_needed, *kind.settings_may)


def unasked(kind: type[Kind]) -> Iterator[str]:
    """What a host of this kind has no use for."""
    if not kind.needs_network:
        yield from OF_LISTINGS
    if not kind.lists:
        yield from OF_SYNCS
    if kind is Reference:
        yield from OF_CALLS


def nothing_said(kind: type[Kind]) -> HostFacts:
    facts = HostFacts("", "", kind.name)
    return facts if kind.lists else replace(facts, sync_every_s=None)


def starting_values(kind: type[Kind]) -> dict[str, Any]:
    """What an admin most likely means."""
    slug = kind.name.replace("_", "-")
    return {"connector": kind.name, "name": kind.label, "slug": slug, "listing_base_url": kind.base_url}


def stored_values(host: Host, kind: type[Kind]) -> dict[str, Any]:
    """A host that is there; never a credential."""
    facts = facts_of(host)
    told = {name: getattr(facts, name) for name in FACTS}
    settings = {
        name: host.listing_settings[name] for name in settings_of(kind) if name in host.listing_settings
    }
    return told | settings | {"trusted_networks": "\n".join(host.trusted_networks)}


class Choice(NamedTuple):
    """A kind as the page shows it. (A class itself would be called by a template.)"""

    name: str
    label: str
    base_url: str
    hint: str
    needed: tuple[str, ...]


def groups() -> list[tuple[str, list[Choice]]]:
    """Every kind to choose from: who sells models, what one runs oneself, what asks nobody."""
    kinds = sorted(CONNECTORS.values(), key=lambda kind: kind.label.lower())
    asking = [kind for kind in kinds if kind.needs_network]
    own = [kind for kind in asking if not kind.base_url or "localhost" in kind.base_url]
    grouped = [
        ("Providers", [kind for kind in asking if kind not in own]),
        ("Your own servers, and any that speak alike", own),
        ("Without a listing of a host", [kind for kind in kinds if not kind.needs_network]),
    ]
    return [(title, [choice(kind) for kind in members]) for title, members in grouped]


def choice(kind: type[Kind]) -> Choice:
    return Choice(kind.name, kind.label, kind.base_url, kind.credential_hint, kind.settings_needed)


class HostForm(forms.Form):
    """One host of one kind: what it is, where its listing is, where calls go. Asks only what the kind has use for."""

    name = forms.CharField(max_length=120, help_text="As people should read it.")
    slug = forms.SlugField(
        max_length=50, label="Short name", help_text="In addresses and in host:publisher/model."
    )
    connector = forms.CharField(widget=forms.HiddenInput)
    region = forms.CharField(max_length=60, required=False)
    sync_every_s = forms.TypedChoiceField(
        choices=EVERY, coerce=int, empty_value=None, required=False, label="Sync", initial="21600"
    )
    default_terms = forms.ModelChoiceField(
        Terms.objects.all(), required=False, label="Terms of its offers", empty_label="None yet"
    )
    listing_base_url = forms.CharField(max_length=400, required=False, label="Address of the listing")
    listing_credential = forms.CharField(
        required=False,
        label="Credential for the listing",
        widget=forms.PasswordInput,
        help_text=KEPT,
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
        help_text=KEPT,
    )
    calling_auth = forms.ChoiceField(
        choices=[(Host.BEARER, "Bearer"), (Host.API_KEY, "api-key")], label="Sent as"
    )
    calling_path_template = forms.CharField(
        max_length=200, required=False, label="Path of a call", help_text="May hold {model}. Usually empty."
    )
    cancels_at_once = forms.BooleanField(
        required=False,
        label="Cancel when the caller hangs up",
        help_text="Saves what the host would still write, and books an estimate. Otherwise it is read on to its own report.",
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

    def __init__(self, data: Any = None, *, kind: type[Kind], host: Host | None = None) -> None:
        super().__init__(data, initial=starting_values(kind) if host is None else stored_values(host, kind))
        self.kind, self.kind_label = kind, kind.label
        for name in unasked(kind):
            del self.fields[name]
        for name in settings_of(kind):
            if name not in OWN:
                self.fields[name] = forms.CharField(max_length=80, label=SETTING_LABELS.get(name))
            self.require(name, needed=name in kind.settings_needed)
        if "listing_base_url" in self.fields:
            self.require("listing_base_url", needed=True)
            self.fields["listing_credential"].help_text = f"{kind.credential_hint} {KEPT}"

    def require(self, name: str, *, needed: bool) -> None:
        self.fields[name].required = needed
        self.fields[name].error_messages["required"] = f"{self.kind.label} needs it."

    def settings_of_kind(self) -> list[forms.BoundField]:
        return [self[name] for name in settings_of(self.kind) if name not in OWN]

    def facts(self, host: Host | None = None) -> HostFacts:
        """What was entered; what the form does not ask stays as the host has it."""
        data = {
            name: value
            for name, value in self.cleaned_data.items()
            if value is not None or name == "sync_every_s"
        }
        told = {name: data[name] for name in settings_of(self.kind) if data.get(name)}
        kept = (
            {}
            if host is None
            else {k: v for k, v in host.listing_settings.items() if k not in settings_of(self.kind)}
        )
        data = {name: value for name, value in data.items() if name in FACTS}
        for name, split in (("waits_for", tuple), ("trusted_networks", lambda text: tuple(text.split()))):
            if name in data:
                data[name] = split(data[name])
        before = nothing_said(self.kind) if host is None else facts_of(host)
        terms = {"default_terms": self.cleaned_data["default_terms"]}
        return replace(before, **(data | terms | {"connector": self.kind.name}), listing_settings=kept | told)

    def credentials(self) -> dict[str, str]:
        return {
            name: self.cleaned_data.get(name, "") for name in ("listing_credential", "calling_credential")
        }
