"""Tokens that are shown once and kept as a hash; credentials that must be read again and are kept encrypted."""

import hashlib
import secrets
from dataclasses import dataclass
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from foundry.lib import env


@dataclass(frozen=True, slots=True)
class Issued:
    """A new secret: `secret` is shown once, `prefix` may be shown always, `digest` is what is stored."""

    secret: str
    prefix: str
    digest: bytes


def issue(kind: str) -> Issued:
    """A secret of 256 random bits that starts with `kind`, for example `sk-fdy-`."""
    secret = kind + secrets.token_urlsafe(32)
    return Issued(secret, secret[: len(kind) + 6], digest(secret))


def digest(secret: str) -> bytes:
    """SHA-256. Enough for 256 random bits: there is nothing to guess, so nothing to slow down."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


@cache
def _fernet(keys: str) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key.strip()) for key in keys.split(",") if key.strip()])
    except ValueError as error:
        raise env.BadSetting(
            "FOUNDRY_CREDENTIAL_KEYS holds no usable Fernet keys. Make one with "
            '`python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"`.'
        ) from error


def encrypt(clear: str) -> bytes:
    """Encrypt a provider's credential with the newest key of FOUNDRY_CREDENTIAL_KEYS."""
    return _fernet(env.text("FOUNDRY_CREDENTIAL_KEYS")).encrypt(clear.encode())


def decrypt(token: bytes) -> str:
    """The clear credential. Raises ValueError when no key of FOUNDRY_CREDENTIAL_KEYS opens it."""
    try:
        return _fernet(env.text("FOUNDRY_CREDENTIAL_KEYS")).decrypt(bytes(token)).decode()
    except InvalidToken as error:
        raise ValueError(
            "The stored credential was encrypted with a key that is not in FOUNDRY_CREDENTIAL_KEYS."
        ) from error
