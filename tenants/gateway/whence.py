"""Where a call comes from, and whether its key may be used there."""

from ipaddress import ip_address

from foundry.lib.addresses import Address, Network
from tenants.gateway.asgi import Scope
from tenants.gateway.errors import elsewhere
from tenants.gateway.runtime import Runtime
from tenants.keys.passport import KeyRow


def require_network(runtime: Runtime, key: KeyRow, scope: Scope) -> None:
    """Raises GatewayError 403 for a call from outside of the key's networks."""
    if not key.networks:
        return
    address = address_of(scope, runtime.config.trusted_proxies)
    if not key.opens_from(address):
        raise elsewhere(str(address or ""), f"{runtime.config.console_url}/keys/{key.key_id}/")


def address_of(scope: Scope, proxies: tuple[Network, ...]) -> Address | None:
    """The peer's address; where that is a trusted proxy, the last one before it that is none. None where it cannot be told.

    `x-forwarded-for` grows to the right: what stands left of the first address that is not ours is anybody's word.
    """
    address = read(scope["caller"].peer)
    if not trusted(address, proxies):
        return address
    told = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode(
        "latin-1"
    )
    for text in reversed([each.strip() for each in told.split(",") if each.strip()]):
        address = read(text)
        if not trusted(address, proxies):
            break
    return address


def trusted(address: Address | None, proxies: tuple[Network, ...]) -> bool:
    return address is not None and any(
        address.version == network.version and address in network for network in proxies
    )


def read(text: str) -> Address | None:
    """IPv4 inside IPv6 is meant as IPv4. Some proxies add a port."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
