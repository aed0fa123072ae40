"""Connections to hosts. Where a call goes is judged by the address that is really connected to."""

import socket
from ipaddress import ip_address
from typing import Any

import aiohttp

from foundry.lib.addresses import networks, why_refused
from foundry.lib.secrets import decrypt
from tenants.keys.passport import RouteRow

CONNECT_S = 5.0
SILENCE_S = 120.0
IDLE_S = 4.0
OWN = {"content-type": "application/json", "accept-encoding": "identity", "user-agent": "foundry-gateway"}
LOOPBACK = ("127.0.0.0/8", "::1/128")


class Upstreams:
    """One client session per host and its trusted networks; credentials are opened here and kept in memory only."""

    def __init__(self, call_s: float) -> None:
        self.timeout = aiohttp.ClientTimeout(total=call_s, sock_connect=CONNECT_S, sock_read=SILENCE_S)
        self.sessions: dict[tuple[int, tuple[str, ...]], aiohttp.ClientSession] = {}
        self.secrets: dict[bytes, str] = {}

    def session(self, route: RouteRow) -> aiohttp.ClientSession:
        trusted = route.trusted_networks + (LOOPBACK if route.is_sandbox else ())
        key = route.host_id, trusted
        if key not in self.sessions:
            connector = aiohttp.TCPConnector(
                limit=0, keepalive_timeout=IDLE_S, socket_factory=guarded(trusted)
            )
            self.sessions[key] = aiohttp.ClientSession(
                connector=connector,
                timeout=self.timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            )
        return self.sessions[key]

    def headers(self, route: RouteRow, call_id: str) -> dict[str, str]:
        """What goes to the host: nothing of the caller's own headers."""
        found = OWN | {"x-client-request-id": call_id}
        if route.calling_credential is not None:
            secret = self.secret(route.calling_credential)
            if route.calling_auth == "api-key":
                found["api-key"] = secret
            else:
                found["authorization"] = f"Bearer {secret}"
        return found

    def secret(self, token: bytes) -> str:
        """Raises ValueError when no key of this process opens it."""
        if token not in self.secrets:
            self.secrets[token] = decrypt(token)
        return self.secrets[token]

    async def close(self) -> None:
        for session in self.sessions.values():
            await session.close()


def guarded(trusted: tuple[str, ...]) -> Any:
    """A socket factory that refuses addresses nobody meant."""
    allowed = networks(trusted)

    def make(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        if why := why_refused(ip_address(str(address[0]).partition("%")[0]), allowed):
            raise ConnectionRefusedError(why)
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made

    return make
