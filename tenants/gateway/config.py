"""What a gateway process is told by its environment, read once."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from foundry.lib import env


@dataclass(frozen=True, slots=True)
class Config:
    """:param cut_off_s: a process that could not confirm its passports for so long refuses every call.

    :param body_bytes: the largest request body. :param call_s: the longest a host may take for one answer.
    :param drain_s: how long a host is read on for a caller who hung up.
    """

    database_url: str
    spool_dir: Path
    console_url: str
    cut_off_s: float = 1.0
    poll_s: float = 0.25
    body_bytes: int = 32 << 20
    call_s: float = 600.0
    drain_s: float = 30.0

    @classmethod
    def read(cls) -> "Config":
        var = env.text("FOUNDRY_VAR", "var")
        return cls(
            database_url=env.text("GATEWAY_DATABASE_URL"),
            spool_dir=Path(env.text("FOUNDRY_SPOOL_DIR", f"{var}/spool")),
            console_url=env.text("FOUNDRY_CONSOLE_URL", "http://127.0.0.1:8000").rstrip("/"),
            drain_s=float(env.number("GATEWAY_DRAIN_S", 30)),
        )


def process_name() -> str:
    """A name that no other gateway process has or had."""
    return f"{socket.gethostname()[:30]}-{os.getpid()}-{os.urandom(4).hex()}"
