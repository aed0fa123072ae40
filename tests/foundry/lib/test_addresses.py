"""Which addresses an outward call may reach."""

from ipaddress import ip_address

import pytest

from foundry.lib.addresses import networks, why_refused
from foundry.lib.errors import Invalid

INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1",
    "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "fd12::1",
    "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:db8::1",
    "fec0::1", "3fff::1", "::127.0.0.1", "64:ff9b:1::7f00:1", "fe80::5efe:7f00:1", "::ffff:0:7f00:1", "168.63.129.16",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert why_refused(ip_address(address), [])


@pytest.mark.parametrize("address", ["20.42.0.1", "1.1.1.1", "2606:4700::1111", "::ffff:20.42.0.1"])
def test_what_is_public_is_allowed(address: str) -> None:
    assert why_refused(ip_address(address), []) == ""


def test_a_trusted_network_opens_itself_and_nothing_else() -> None:
    trusted = networks(["10.20.0.0/16"])
    assert why_refused(ip_address("10.20.3.4"), trusted) == ""
    assert why_refused(ip_address("::ffff:10.20.3.4"), trusted) == ""
    assert why_refused(ip_address("10.21.3.4"), trusted)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "64:ff9b::a83f:8110",
    ],
)
def test_a_machines_own_credentials_are_refused_even_in_a_trusted_network(address: str) -> None:
    trusted = networks(["169.254.0.0/16", "100.64.0.0/10", "168.63.0.0/16", "fd00::/16"])
    assert why_refused(ip_address(address), trusted)


@pytest.mark.parametrize(
    "text", ["0.0.0.0/0", "::/0", "10.0.0.0/7", "10.0.0.1/8", "localhost", "", "10.0.0.0/33"]
)
def test_what_is_no_network_or_too_wide_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        networks([text])
    assert caught.value.remedy
