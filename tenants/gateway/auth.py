"""Which key a request shows: `Authorization: Bearer sk-fdy-…` or `x-api-key`, nowhere else."""

import re

from foundry.lib.secrets import digest
from tenants.gateway.asgi import Scope, header
from tenants.gateway.errors import bad_key
from tenants.keys.passport import KEY_KIND

FORM = re.compile(rf"{KEY_KIND}[A-Za-z0-9_-]{{43}}\Z")


def digest_of(scope: Scope, console_url: str) -> bytes:
    """The hash of the key that was shown. Raises GatewayError 401 for what cannot be one, without asking anybody."""
    kind, _, secret = header(scope, b"authorization").partition(" ")
    if kind.lower() != "bearer":
        secret = header(scope, b"x-api-key")
    secret = secret.strip()
    if not FORM.match(secret):
        raise bad_key(console_url)
    return digest(secret)
