"""Where commands find the running servers and their secrets: two files under `var/`, both 0600.

`secrets.env` is made once and never overwritten; `run.env` is written by each `up`. What is already in
the environment wins over both.
"""

import base64
import os
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def var_dir() -> Path:
    return Path(os.environ.get("FOUNDRY_VAR", str(ROOT / "var")))


def load(var: Path) -> None:
    """Take what the two files say and the environment does not."""
    for name in ("secrets.env", "run.env"):
        for key, value in read(var / name).items():
            os.environ.setdefault(key, value)


def read(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {key: value for key, _, value in pairs}


def write(path: Path, values: dict[str, str], note: str) -> None:
    """Replace `path` in one step; nobody but the owner may read it."""
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.chmod(0o600)
    draft.write_text("\n".join([f"# {note}", *(f"{key}={value}" for key, value in values.items()), ""]))
    draft.replace(path)


def make_secrets(var: Path) -> bool:
    """Make `secrets.env` where there is none. True when it was made now."""
    path = var / "secrets.env"
    if path.exists():
        return False
    values = {
        "FOUNDRY_SECRET_KEY": secrets.token_urlsafe(48),
        "FOUNDRY_CREDENTIAL_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "FOUNDRY_AUDIT_KEY": secrets.token_urlsafe(32),
    }
    write(path, values, "Made once. Losing FOUNDRY_CREDENTIAL_KEYS loses the providers' credentials.")
    return True
