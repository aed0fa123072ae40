"""Hosts that list with an everyday key and tell limits only to an admin key: both in one credential, by a space."""

from urllib.parse import urlsplit

from catalog.connectors.base import Signer


def everyday(credential: str) -> str:
    """The key for listings: the first, or the only one."""
    return credential.split()[0] if credential.split() else ""


def admin_signer(credential: str, path_part: str, header: str, scheme: str = "") -> Signer | None:
    """Sends the second key, when there is one, wherever the path holds `path_part`."""
    keys = credential.split()
    if len(keys) < 2:
        return None
    return lambda url: {header: scheme + keys[1]} if path_part in urlsplit(url).path else {}
