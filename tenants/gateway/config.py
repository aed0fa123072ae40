"""What a gateway process is told by its environment, read once."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

from foundry.lib import env
from foundry.lib.addresses import Network
from tenants.quotas.limits import KINDS

MOST_GRACE_S, MOST_SHARE = 45, 25


@dataclass(frozen=True, slots=True)
class Config:
    """:param cut_off_s: a process that could not confirm its passports for so long is cut off.

    :param grace_s: how long, since they were confirmed last, it goes on with those that it knows.

    :param body_bytes: the largest request body. :param connect_s: the longest until a host is connected to.
    :param first_s: until its answer begins. :param silence_s: between its bytes. :param call_s: for all of it.
    :param breaker_failures, breaker_window_s, breaker_rest_s: as `breakers.Breaker`.
    :param drain_s: how long a host is read on for a caller who hung up.
    :param trusted_proxies: peers whose `x-forwarded-for` is believed.
    :param local_share: percent of a limit that is kept leased for that time, by kind of limit.
    :param redis_url: where processes tell each other of changes beside the database; empty does without.
    :param call_log: a line per finished call on standard output. :param traced: spans of calls go to an OTLP endpoint.
    """

    database_url: str
    spool_dir: Path
    console_url: str
    redis_url: str = ""
    cut_off_s: float = 1.0
    grace_s: float = 30.0
    local_share: Mapping[str, int] = field(default_factory=dict)
    poll_s: float = 0.25
    body_bytes: int = 32 << 20
    connect_s: float = 5.0
    first_s: float = 120.0
    silence_s: float = 120.0
    call_s: float = 600.0
    drain_s: float = 30.0
    breaker_failures: int = 10
    breaker_window_s: float = 30.0
    breaker_rest_s: float = 5.0
    trusted_proxies: tuple[Network, ...] = ()
    call_log: bool = False
    traced: bool = False

    @classmethod
    def read(cls) -> "Config":
        var = env.text("FOUNDRY_VAR", "var")
        return cls(
            database_url=env.text("GATEWAY_DATABASE_URL"),
            spool_dir=Path(env.text("FOUNDRY_SPOOL_DIR", f"{var}/spool")),
            console_url=env.text("FOUNDRY_CONSOLE_URL", "http://127.0.0.1:8000").rstrip("/"),
            local_share=shares(env.words("GATEWAY_LOCAL_SHARE")),
            redis_url=env.text("REDIS_URL", ""),
            grace_s=grace(env.number("GATEWAY_GRACE_S", 30)),
            connect_s=float(env.number("GATEWAY_CONNECT_S", 5)),
            first_s=float(env.number("GATEWAY_FIRST_BYTE_S", 120)),
            silence_s=float(env.number("GATEWAY_SILENCE_S", 120)),
            call_s=float(env.number("GATEWAY_CALL_S", 600)),
            drain_s=float(env.number("GATEWAY_DRAIN_S", 30)),
            breaker_failures=env.number("GATEWAY_BREAKER_FAILURES", 10),
            breaker_window_s=float(env.number("GATEWAY_BREAKER_WINDOW_S", 30)),
            breaker_rest_s=float(env.number("GATEWAY_BREAKER_REST_S", 5)),
            trusted_proxies=networks(env.words("GATEWAY_TRUSTED_PROXIES"), "GATEWAY_TRUSTED_PROXIES"),
            call_log=env.flag("GATEWAY_CALL_LOG", default=True),
            traced=bool(env.text("OTEL_EXPORTER_OTLP_ENDPOINT", "")),
        )


def grace(seconds: int) -> float:
    """Raises BadSetting beyond MOST_GRACE_S: others count the running calls of a process that is cut off no longer."""
    if not 0 <= seconds <= MOST_GRACE_S:
        raise env.BadSetting(f"GATEWAY_GRACE_S={seconds} is not between 0 and {MOST_GRACE_S}.")
    return float(seconds)


def shares(told: list[str]) -> dict[str, int]:
    """`rpm:10` and the like: percent by kind of limit. Raises BadSetting."""
    found = {}
    for word in told:
        kind, _, percent = word.partition(":")
        if kind not in KINDS or not percent.isdecimal() or not 0 < int(percent) <= MOST_SHARE:
            raise env.BadSetting(
                f"GATEWAY_LOCAL_SHARE: '{word}' is none of {', '.join(KINDS)} with 1 to {MOST_SHARE}, like rpm:10."
            )
        found[kind] = int(percent)
    return found


def networks(told: list[str], name: str) -> tuple[Network, ...]:
    """Raises BadSetting for what is no network, so that a typing error trusts nobody."""
    try:
        return tuple(map(ip_network, told))
    except ValueError as error:
        raise env.BadSetting(
            f"{name}: {error}. Give networks like 10.0.0.0/8, with commas between."
        ) from error


def process_name() -> str:
    """A name that no other gateway process has or had."""
    return f"{socket.gethostname()[:30]}-{os.getpid()}-{os.urandom(4).hex()}"
