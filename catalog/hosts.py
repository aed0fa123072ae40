"""What a host's form or API body must hold before it becomes a row. Pure but for reading the stored row."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from catalog.connectors.registry import kind_of
from catalog.models import Host, Terms
from catalog.states import ChangeKind
from foundry.lib.addresses import networks, why_refused
from foundry.lib.errors import Invalid
from foundry.lib.http import OutwardError, origin

SHOWN = [
    "slug", "name", "connector", "region", "listing_base_url", "listing_settings", "calling_base_url",
    "calling_auth", "calling_path_template", "cancels_at_once", "trusted_networks", "sync_every_s", "is_sandbox", "is_demo",
    "publishes_new", "price_rise_percent", "gone_percent", "waits_for", "request_gap_ms", "status_url",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class HostFacts:
    """Everything a person says about a host, but for its credentials.

    :param sync_every_s: seconds between syncs; None never syncs by itself.
    """

    slug: str
    name: str
    connector: str
    region: str = ""
    listing_base_url: str = ""
    listing_settings: Mapping[str, str] = field(default_factory=dict)
    calling_base_url: str = ""
    calling_auth: str = Host.BEARER
    calling_path_template: str = ""
    cancels_at_once: bool = False
    trusted_networks: tuple[str, ...] = ()
    default_terms: Terms | None = None
    sync_every_s: int | None = 21_600
    is_sandbox: bool = False
    is_demo: bool = False
    publishes_new: bool = False
    price_rise_percent: int = 25
    gone_percent: int = 20
    waits_for: tuple[str, ...] = ()
    request_gap_ms: int = 100
    status_url: str = ""

    def values(self) -> dict[str, Any]:
        """As fields of a row."""
        names = [*SHOWN, "default_terms"]
        values = {name: getattr(self, name) for name in names}
        return values | {
            "listing_settings": dict(self.listing_settings),
            "trusted_networks": list(self.trusted_networks),
            "waits_for": list(self.waits_for),
        }


def facts_of(host: Host) -> HostFacts:
    values = {name: getattr(host, name) for name in SHOWN}
    values |= {"trusted_networks": tuple(host.trusted_networks), "waits_for": tuple(host.waits_for)}
    return HostFacts(**values, default_terms=host.default_terms)


def require_usable(facts: HostFacts) -> None:
    """Raise Invalid that names each field that is wrong, and why."""
    errors: dict[str, str] = {}
    kind = kind_of(facts.connector)
    networks(facts.trusted_networks)
    if kind.needs_network and not facts.listing_base_url:
        errors["listing_base_url"] = f"{kind.label} needs the address of its listing."
    for name in ("listing_base_url", "calling_base_url", "status_url"):
        if value := getattr(facts, name):
            errors |= {name: why} if (why := bad_url(value, facts)) else {}
    missing = [name for name in kind.settings_needed if not str(facts.listing_settings.get(name, "")).strip()]
    if missing:
        errors["listing_settings"] = f"{kind.label} also needs {' and '.join(missing)}."
    elif bad := [name for name, value in facts.listing_settings.items() if not plain_word(value)]:
        errors["listing_settings"] = f"{', '.join(bad)}: use letters, digits, dots, dashes and underscores."
    if facts.calling_auth not in {Host.BEARER, Host.API_KEY}:
        errors["calling_auth"] = "Use bearer or api-key."
    if set("{}") & set(facts.calling_path_template.replace("{model}", "")):
        errors["calling_path_template"] = "Only {model} may stand in braces."
    if facts.slug == "new":
        errors["slug"] = "'new' is taken by an address of the console."
    if not facts.name.strip():
        errors["name"] = "A host needs a name."
    errors |= policy_errors(facts)
    if facts.sync_every_s is not None and not 60 <= facts.sync_every_s <= 31 * 86_400:
        errors["sync_every_s"] = "Between a minute and a month, or empty for never."
    if errors:
        raise Invalid(
            "host.unusable", " ".join(errors.values()), remedy="Mend these and save again.", errors=errors
        )


def policy_errors(facts: HostFacts) -> dict[str, str]:
    """What of the host's policy makes no sense, by field."""
    errors: dict[str, str] = {}
    if unknown := [kind for kind in facts.waits_for if kind not in ChangeKind.values]:
        errors["waits_for"] = f"{', '.join(unknown)}: use {', '.join(ChangeKind.values)}."
    if not 0 <= facts.price_rise_percent <= 10_000:
        errors["price_rise_percent"] = "Between 0 and 10,000 percent."
    if not 0 <= facts.gone_percent <= 100:
        errors["gone_percent"] = "Between 0 and 100 percent."
    if not 0 <= facts.request_gap_ms <= 60_000:
        errors["request_gap_ms"] = "Between 0 and a minute."
    return errors


def plain_word(value: object) -> bool:
    """Settings become parts of a URL's path, so they must not be able to leave it."""
    return (
        isinstance(value, str)
        and all(sign.isalnum() or sign in "-_." for sign in value)
        and ".." not in value
    )


# Decimal, octal, hexadecimal and short spellings of an IPv4 address; the resolver would read them as one.
ODD_ADDRESS = re.compile(r"(0x[0-9a-f]+|[0-9]+)(\.(0x[0-9a-f]+|[0-9]+)){0,3}\.?", re.IGNORECASE)


def bad_url(url: str, facts: HostFacts) -> str:
    """Why `url` cannot be a host's address; names are judged later, at each connection."""
    try:
        _, name, _ = origin(url)
    except OutwardError as error:
        return str(error)
    if urlsplit(url).query or urlsplit(url).fragment:
        return "A base URL has no ? or #."
    try:
        address = ip_address(name)
    except ValueError:
        odd = ODD_ADDRESS.fullmatch(name)
        return "Write the address as four numbers, for example 10.20.0.7, or as a name." if odd else ""
    why = why_refused(address, networks(facts.trusted_networks))
    return f"{why}; name its network under trusted networks if that is meant." if why else ""


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only what differs, as it was and as it is; for the audit."""
    names = [name for name in SHOWN if before[name] != after[name]]
    return {name: before[name] for name in names}, {name: after[name] for name in names}
