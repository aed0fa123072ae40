"""Which network addresses an outward call may reach: public ones, and those an admin named. Pure."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from foundry.lib.errors import Invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# A cloud machine's own credentials are served here (Amazon, Google, Azure, Alibaba, Oracle, Tencent); no provider
# lists models at them. Azure's 168.63.129.16 and Oracle's 192.0.0.192 look like any other address.
METADATA = {
    ip_address(text)
    for text in (
        "169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.0.23", "168.63.129.16", "100.100.100.200",
        "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254",
    )
}  # fmt: skip
# What Python's registry of special networks does not know yet, or calls public.
INWARD = [IPv6Network("fec0::/10"), IPv6Network("3fff::/20")]
NAT64 = IPv6Network("64:ff9b::/96")
WIDEST = {4: 8, 6: 16}  # the shortest prefixes that still mean a network somebody had in mind


def plain(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64), or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    return inner or address


def why_refused(address: Address, trusted: Iterable[Network]) -> str:
    """Why a call may not go to `address`; empty when it may."""
    real = plain(address)
    if real in METADATA:
        return f"{real} serves a machine's own credentials"
    if any(real in network for network in trusted if network.version == real.version):
        return ""
    if not real.is_global or real.is_multicast or real.is_reserved or any(real in net for net in INWARD):
        return f"{real} is not a public address"
    return ""


def networks(texts: Iterable[str]) -> list[Network]:
    """Trusted networks from CIDR texts. Raises Invalid for one that is no network or far too wide."""
    found: list[Network] = []
    for text in texts:
        try:
            network = ip_network(text.strip())
        except ValueError as error:
            raise refused(text, f"'{text}' is no network: {error}.") from error
        if network.prefixlen < WIDEST[network.version]:
            raise refused(text, f"'{text}' is wider than /{WIDEST[network.version]}.")
        found.append(network)
    return found


def refused(text: str, why: str) -> Invalid:
    return Invalid(
        "host.trusted_networks",
        why,
        remedy="Give networks in CIDR form, for example 10.20.0.0/16 or 127.0.0.1/32.",
        errors={"trusted_networks": why},
    )
