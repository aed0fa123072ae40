"""A key that is kept to networks is taken from there only; whose word counts for where a call comes from is settled."""

import json
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from tenants.gateway.whence import address_of
from tenants.usage.models import UsageEvent
from tests import make, processes
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import URL_PATH, booked, question, within

PROXIES = (ip_network("10.0.0.0/8"), ip_network("::1/128"))


class Peer:
    def __init__(self, peer: str) -> None:
        self.peer = peer


@pytest.mark.parametrize(
    ("peer", "told", "found"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", [b"192.0.2.1"], "203.0.113.9"),  # whoever is no proxy of ours says nothing
        ("10.0.0.1", [b"192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", [b"198.51.100.7, 192.0.2.1"], "192.0.2.1"),  # what the caller wrote stands left
        ("10.0.0.1", [b"198.51.100.7", b"192.0.2.1, 10.9.9.9"], "192.0.2.1"),
        ("10.0.0.1", [b"192.0.2.1, unknown"], None),  # nobody knows who came before our proxy
        ("10.0.0.1", [b"192.0.2.1:4711"], "192.0.2.1"),
        ("10.0.0.1", [b"[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", [b"10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("::1", [b"::ffff:192.0.2.1"], "192.0.2.1"),
        ("::ffff:10.0.0.1", [b"192.0.2.1"], "192.0.2.1"),
        ("fe80::1%eth0", [], "fe80::1"),
        ("2002:a00:1::", [b"192.0.2.1"], "2002:a00:1::"),  # an address that anybody can give himself
        ("", [b"192.0.2.1"], None),
    ],
)
def test_where_a_call_comes_from(peer: str, told: list[bytes], found: str | None) -> None:
    scope: dict[str, Any] = {"caller": Peer(peer), "headers": [(b"x-forwarded-for", line) for line in told]}
    address = address_of(scope, PROXIES)
    assert (str(address) if address else None) == found


@pytest.fixture
def behind(world: World) -> Iterator[processes.Server]:
    """A gateway that believes what peers on this machine say."""
    with processes.gateway(
        world.folder / "behind", world.urls.gateway_url, GATEWAY_TRUSTED_PROXIES="127.0.0.0/8, ::1/128"
    ) as gateway:
        yield gateway


def ask(gateway: processes.Server, secret: str, forwarded: str = "", path: str = URL_PATH) -> tuple[int, str]:
    headers = {"x_forwarded_for": forwarded} if forwarded else {}
    method, body = ("POST", json.dumps(question()).encode()) if path == URL_PATH else ("GET", None)
    status, told = gateway.ask(method, path, secret, body, **headers)
    return status, told["error"]["code"] if status != 200 else ""


@pytest.mark.slow
def test_a_key_is_taken_from_its_networks_and_from_nowhere_else(
    world: World, behind: processes.Server
) -> None:
    grant = make.grant(offer=world.offer)
    _, inside = make.key(grant, networks=["127.0.0.0/8"])
    key, outside = make.key(grant, networks=["192.0.2.0/24", "2001:db8::/48"])
    refused = (403, "key_network")
    assert ask(world.gateway, inside) == (200, "")
    for path in (URL_PATH, "/v1/models", "/v1/quota"):
        assert ask(world.gateway, outside, path=path) == refused
        assert ask(world.gateway, outside, "192.0.2.1", path) == refused, "it believes no header"
        assert ask(behind, outside, "192.0.2.1", path) == (200, "")
        assert ask(behind, outside, "2001:db8::7", path) == (200, "")
        assert ask(behind, outside, "192.0.2.1, 203.0.113.9", path) == refused, (
            "what stands left is anybody's word"
        )
    assert ask(behind, inside, "192.0.2.1") == refused
    booked(3, key_id=key.pk, outcome="refused")
    codes = UsageEvent.objects.filter(key_id=key.pk, outcome="refused").values_list("code", flat=True)
    assert set(codes) == {"key_network"}, "its team sees that somebody tried"
    _, told = world.gateway.post(URL_PATH, question(), outside)
    assert "127.0.0.1" in told["error"]["message"]
    assert "192.0.2" not in told["error"]["message"], "which networks it is for is nobody else's matter"


@pytest.mark.slow
def test_a_network_that_is_taken_away_is_gone_a_second_later(world: World) -> None:
    grant = make.grant(offer=world.offer)
    key, secret = make.key(grant)
    assert ask(world.gateway, secret) == (200, "")
    make.keep_to(key, ["192.0.2.0/24"])
    assert within(1.0, lambda: ask(world.gateway, secret) == (403, "key_network"))
    make.keep_to(key, [])
    assert within(1.0, lambda: ask(world.gateway, secret) == (200, ""))


def test_a_setting_that_is_no_network_stops_the_start() -> None:
    from foundry.lib.env import BadSetting
    from tenants.gateway.config import networks

    with pytest.raises(BadSetting, match="GATEWAY_TRUSTED_PROXIES"):
        networks(["10.0.0.1/8"], "GATEWAY_TRUSTED_PROXIES")
