"""Secrets are made once; commands find the running servers; the environment wins."""

import os
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from foundry.local import environment


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    assert environment.make_secrets(tmp_path)
    path = tmp_path / "secrets.env"
    first = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not environment.make_secrets(tmp_path)
    assert path.read_text() == first


def test_the_credential_key_is_one_that_encrypts(tmp_path: Path) -> None:
    environment.make_secrets(tmp_path)
    key = environment.read(tmp_path / "secrets.env")["FOUNDRY_CREDENTIAL_KEYS"]
    assert Fernet(key).decrypt(Fernet(key).encrypt(b"credential")) == b"credential"


def test_what_the_environment_says_wins_over_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.write(tmp_path / "run.env", {"FOUNDRY_TRY_A": "file", "FOUNDRY_TRY_B": "a=b"}, "note")
    monkeypatch.setenv("FOUNDRY_TRY_A", "mine")
    monkeypatch.setenv("FOUNDRY_TRY_B", "")
    monkeypatch.delenv("FOUNDRY_TRY_B")
    environment.load(tmp_path)
    assert (os.environ["FOUNDRY_TRY_A"], os.environ["FOUNDRY_TRY_B"]) == ("mine", "a=b")
