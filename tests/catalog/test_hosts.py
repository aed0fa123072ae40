"""Connecting and changing hosts: who may, what is refused, and where a credential never shows."""

from dataclasses import replace
from typing import Any

import pytest

from catalog import actions
from catalog.hosts import HostFacts
from catalog.models import Host
from foundry.audit.models import Entry
from foundry.lib import clock, secrets
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import User
from tests import make

pytestmark = pytest.mark.django_db
FACTS = HostFacts(
    slug="azure-east",
    name="Azure East",
    connector="azure",
    region="eastus2",
    listing_base_url="https://management.azure.example",
    listing_settings={"subscription": "sub-1", "location": "eastus2"},
    calling_base_url="https://calls.azure.example/openai",
)


def save(facts: HostFacts = FACTS, *, actor: User | str = "test", **more: Any) -> Host:
    return actions.save_host(facts, actor=actor, at=clock.now(), **more)


def change(host: Host, facts: HostFacts, **more: Any) -> Host:
    return actions.update_host(host.pk, facts, actor="test", at=clock.now(), **more)


def test_credentials_are_kept_encrypted_and_named_nowhere() -> None:
    host = save(listing_credential="canary-listing", calling_credential="canary-calling")
    host.refresh_from_db()
    assert b"canary" not in bytes(host.listing_credential or b"") + bytes(host.calling_credential or b"")
    assert secrets.decrypt(bytes(host.listing_credential or b"")) == "canary-listing"
    entries = b"".join(bytes(entry.body) for entry in Entry.objects.all())
    assert b"host.add" in entries
    assert b"canary" not in entries


@pytest.mark.parametrize("roles", [(), ("ops",), ("auditor",), ("security", "finance")])
def test_only_admins_connect_hosts(roles: tuple[str, ...]) -> None:
    with pytest.raises(Forbidden):
        save(actor=make.person(roles=roles))
    assert not Host.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("listing_base_url", ""),
        ("listing_base_url", "management.azure.example"),
        ("listing_base_url", "ftp://management.azure.example"),
        ("listing_base_url", "https://user:secret@azure.example"),
        ("listing_base_url", "https://azure.example/?key=1"),
        ("listing_base_url", "http://127.0.0.1:5000"),
        ("listing_base_url", "http://2130706433:5000"),
        ("listing_base_url", "http://0177.0.0.1:5000"),
        ("listing_base_url", "http://0x7f.1"),
        ("calling_base_url", "http://169.254.169.254/latest"),
        ("calling_base_url", "http://[::1]/"),
        ("calling_base_url", "http://10.1.2.3/"),
        ("listing_settings", {"subscription": "sub-1"}),
        ("listing_settings", {"subscription": "../../x", "location": "eastus2"}),
        ("listing_settings", {"subscription": "a/b?c", "location": "eastus2"}),
        ("name", "  "),
        ("sync_every_s", 5),
        ("slug", "new"),
        ("calling_auth", "magic"),
        ("calling_path_template", "/openai/{deployment}/chat"),
    ],
)
def test_what_cannot_work_is_refused_and_named(field: str, value: Any) -> None:
    with pytest.raises(Invalid) as caught:
        save(replace(FACTS, **{field: value}))
    assert field in caught.value.errors
    assert caught.value.remedy
    assert not Host.objects.exists()


@pytest.mark.parametrize("field", ["connector", "trusted_networks"])
def test_an_unknown_kind_and_a_network_that_is_none_are_refused(field: str) -> None:
    wrong: dict[str, Any] = {"connector": "magic", "trusted_networks": ("everywhere",)}
    with pytest.raises(Invalid):
        save(replace(FACTS, **{field: wrong[field]}))


def test_a_private_address_is_taken_when_its_network_is_named() -> None:
    host = save(replace(FACTS, calling_base_url="http://10.1.2.3/v1", trusted_networks=("10.1.0.0/16",)))
    assert host.trusted_networks == ["10.1.0.0/16"]


def test_a_short_name_is_taken_once() -> None:
    save()
    with pytest.raises(Conflict):
        save()


def test_an_empty_credential_keeps_the_stored_one() -> None:
    host = save(listing_credential="canary")
    change(host, replace(FACTS, name="Azure East US"))
    host.refresh_from_db()
    assert host.name == "Azure East US"
    assert secrets.decrypt(bytes(host.listing_credential or b"")) == "canary"


def test_a_stored_credential_never_follows_to_another_server() -> None:
    host = save(listing_credential="canary")
    elsewhere = replace(FACTS, listing_base_url="https://attacker.example")
    with pytest.raises(Invalid) as caught:
        change(host, elsewhere)
    assert "listing_credential" in caught.value.errors
    change(host, elsewhere, listing_credential="another")
    host.refresh_from_db()
    assert secrets.decrypt(bytes(host.listing_credential or b"")) == "another"


def test_the_audit_says_only_what_changed() -> None:
    host = save()
    change(host, replace(FACTS, region="westus"), listing_credential="canary")
    entry = Entry.objects.get(verb="host.change")
    assert entry.content["before"] == {"region": "eastus2"}
    assert entry.content["after"] == {"region": "westus", "listing_credential": "set"}


def test_a_host_that_is_switched_off_is_not_synced_and_its_offers_reach_nothing() -> None:
    host = save()
    offer = make.offer(at=host)
    actions.switch_host(host.pk, on=False, actor="test", at=clock.now())
    host.refresh_from_db()
    with pytest.raises(Conflict):
        actions.ask_sync(host, actor="test", at=clock.now())
    offer.refresh_from_db()
    assert offer.reach.word == "listed"
