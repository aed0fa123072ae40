"""Connect a host, change it, switch it, try its credential."""

from datetime import datetime

from django.db import transaction

from catalog import trouble
from catalog.connectors.base import ListingBroken, Trouble
from catalog.hosts import HostFacts, changed, facts_of, require_usable
from catalog.models import Host
from catalog.rules import Actor, require_admin, require_listing
from catalog.trouble import trouble_of, words
from foundry.audit.actions import record
from foundry.lib import secrets
from foundry.lib.errors import Conflict, Invalid, Refused
from foundry.lib.http import OutwardError, origin

# What was wrong with a host may be mended by any of these.
CONNECTION = ("connector", "region", "listing_base_url", "listing_settings", "trusted_networks")
CREDENTIALS = ("listing_credential", "calling_credential")


@transaction.atomic
def save_host(
    facts: HostFacts,
    *,
    listing_credential: str = "",
    calling_credential: str = "",
    actor: Actor,
    at: datetime,
) -> Host:
    """Connect a new host. Raises Forbidden, Invalid, Conflict when the slug is taken."""
    require_admin(actor)
    require_usable(facts)
    if Host.objects.filter(slug=facts.slug).exists():
        raise Conflict("host.exists", f"There is a host '{facts.slug}'.", remedy="Choose another short name.")
    host = Host(**facts.values(), created_at=at)
    given = put_credentials(host, listing_credential, calling_credential)
    host.save(force_insert=True)
    record("host.add", host, actor=actor, at=at, after=changed(EMPTY, facts.values())[1] | given)
    return host


EMPTY = HostFacts("", "", "").values()


@transaction.atomic
def update_host(
    host_id: int,
    facts: HostFacts,
    *,
    listing_credential: str = "",
    calling_credential: str = "",
    actor: Actor,
    at: datetime,
) -> Host:
    """Change a host; an empty credential keeps the stored one, but never for another server."""
    require_admin(actor)
    require_usable(facts)
    host = Host.objects.select_for_update(of=("self",)).select_related("default_terms").get(pk=host_id)
    before = facts_of(host)
    if facts.slug != before.slug:
        raise Invalid("host.slug", "A host keeps its short name.", remedy="Leave it as it is.")
    given = {"listing_credential": listing_credential, "calling_credential": calling_credential}
    require_same_server(host, before, facts, given)
    for name, value in facts.values().items():
        setattr(host, name, value)
    set_now = put_credentials(host, listing_credential, calling_credential)
    host.save()
    if listing_credential or any(getattr(before, name) != getattr(facts, name) for name in CONNECTION):
        trouble.clear(host.pk)
    old, new = changed(before.values(), facts.values())
    record("host.change", host, actor=actor, at=at, before=old, after=new | set_now)
    return host


def require_same_server(host: Host, before: HostFacts, after: HostFacts, given: dict[str, str]) -> None:
    """A stored credential must not follow its host to a server that somebody else may run."""
    for part in ("listing", "calling"):
        url, old = getattr(after, f"{part}_base_url"), getattr(before, f"{part}_base_url")
        stored = getattr(host, f"{part}_credential") is not None
        if stored and url and not given[f"{part}_credential"] and (not old or origin(url) != origin(old)):
            raise Invalid(
                "host.credential_elsewhere",
                f"The {part} address is now another server; the stored credential stays with the old one.",
                remedy="Enter the credential for the new server too.",
                errors={f"{part}_credential": "Needed for the new server."},
            )


def put_credentials(host: Host, listing: str, calling: str) -> dict[str, str]:
    """Encrypt what was given; answers words for the audit that hold no secret."""
    said = {}
    for name, clear in zip(CREDENTIALS, (listing, calling), strict=True):
        if clear:
            setattr(host, name, secrets.encrypt(clear.strip()))
            said[name] = "set"
    return said


@transaction.atomic
def switch_host(host_id: int, *, on: bool, actor: Actor, at: datetime) -> Host:
    """Take a host out of use, or back: calls to it are refused while it is off."""
    require_admin(actor)
    host = Host.objects.select_for_update().get(pk=host_id)
    host.disabled_at = None if on else at
    host.save(update_fields=["disabled_at"])
    record("host.switch_on" if on else "host.switch_off", host, actor=actor, at=at)
    return host


@transaction.atomic
def note_check(host: Host, found: Trouble | None, *, actor: Actor, at: datetime) -> None:
    """Write down that somebody tried the host's credential, and what came of it; a good answer closes the breaker."""
    why = words(found) if found else ""
    if found is None:
        trouble.clear(host.pk)
    elif found.lasting:
        Host.objects.filter(pk=host.pk).update(trouble=why, trouble_lasting=True, retry_at=None)
    record("host.check", host, actor=actor, at=at, after={"works": found is None, "why": why})


def check_host(host: Host, *, actor: Actor, at: datetime) -> str:
    """Try the listing's credential. Answers why it does not work; empty when it does."""
    from catalog.sync import client_of, connector_of

    require_admin(actor)
    require_listing(host)
    connector, found = connector_of(host), None
    try:
        with client_of(host, connector) as http:
            connector.check(http)
    except (OutwardError, ListingBroken, Refused, ValueError) as error:
        found = trouble_of(connector, error)
    note_check(host, found, actor=actor, at=at)
    return words(found) if found else ""
