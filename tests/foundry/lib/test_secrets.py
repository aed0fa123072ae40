"""Secrets: unguessable, kept as a hash, credentials readable with any of the keys and written with the first."""

import pytest
from cryptography.fernet import Fernet

from foundry.lib import env, secrets

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_two_secrets_are_never_the_same_and_show_only_their_prefix() -> None:
    one, other = secrets.issue("sk-fdy-"), secrets.issue("sk-fdy-")
    assert one.secret != other.secret
    assert one.secret.startswith(one.prefix)
    assert len(one.secret) - len(one.prefix) > 30
    assert one.digest == secrets.digest(one.secret)


def test_a_rotated_key_still_opens_what_the_old_one_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOUNDRY_CREDENTIAL_KEYS", OLD)
    token = secrets.encrypt("provider-credential")
    assert b"provider-credential" not in token
    monkeypatch.setenv("FOUNDRY_CREDENTIAL_KEYS", f"{NEW},{OLD}")
    assert secrets.decrypt(token) == "provider-credential"
    monkeypatch.setenv("FOUNDRY_CREDENTIAL_KEYS", NEW)
    with pytest.raises(ValueError, match="FOUNDRY_CREDENTIAL_KEYS"):
        secrets.decrypt(token)


def test_unusable_keys_say_how_to_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOUNDRY_CREDENTIAL_KEYS", "short")
    with pytest.raises(env.BadSetting, match="Fernet"):
        secrets.encrypt("x")
