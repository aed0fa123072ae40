"""Connections to hosts. Where a call goes is judged by the address that is really connected to."""

import asyncio
import socket
import ssl
from functools import partial
from ipaddress import ip_address

from foundry.lib.addresses import Network, networks, why_refused
from foundry.lib.secrets import decrypt
from tenants.gateway.config import Config
from tenants.gateway.dialects import Dialect
from tenants.gateway.wire import Connection, NotSent, Target, Wire, tls_context
from tenants.keys.passport import RouteRow

IDLE_S = 4.0
OWN = {"content-type": "application/json", "accept-encoding": "identity", "user-agent": "foundry-gateway"}
LOOPBACK = ("127.0.0.0/8", "::1/128")


class Upstreams:
    """Kept connections per host and its trusted networks; credentials are opened here and kept in memory only.

    :param config: how long a host may take for what.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.wires: dict[tuple[int, tuple[str, ...]], Wire] = {}
        self.secrets: dict[bytes, str] = {}
        self.targets: dict[str, Target] = {}
        self.tls: ssl.SSLContext | None = None

    def wire(self, route: RouteRow) -> Wire:
        trusted = route.trusted_networks + (LOOPBACK if route.is_sandbox else ())
        key = route.host_id, trusted
        if key not in self.wires:
            connect = partial(self.connect, allowed=networks(trusted))
            self.wires[key] = Wire(connect, self.config.call_s, IDLE_S)
        return self.wires[key]

    def request(
        self, route: RouteRow, dialect: Dialect, call_id: str, length: int, told: dict[str, str]
    ) -> tuple[Target, bytes]:
        """Where a call goes and the head it goes with: nothing of the caller's own, but what the dialect needs.

        Raises NotSent; ValueError when the credential cannot be opened.
        """
        url = route.address(dialect.way) or ""
        target = self.targets.get(url)
        if target is None:
            try:
                target = self.targets[url] = Target.of(url)
            except ValueError as error:
                raise NotSent(str(error)) from error
        head = f"{self.head(route, dialect, target, told)}content-length: {length}\r\nx-client-request-id: {call_id}\r\n\r\n"
        return target, head.encode("latin-1")

    def head(self, route: RouteRow, dialect: Dialect, target: Target, told: dict[str, str]) -> str:
        """What is the same for every call of a route in a dialect; kept as long as the route's row."""
        known = route.heads.get(dialect.name) if not told else None
        if known is None:
            headers = {"host": target.authority} | OWN | dialect.headers(told) | self.credential(route)
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            known = f"POST {target.path} HTTP/1.1\r\n{lines}"
            if not told:
                route.heads[dialect.name] = known
        return known

    def credential(self, route: RouteRow) -> dict[str, str]:
        if route.calling_credential is None:
            return {}
        secret = self.secret(route.calling_credential)
        if route.connector == "anthropic":
            return {"x-api-key": secret}
        if route.calling_auth == "api-key":
            return {"api-key": secret}
        return {"authorization": f"Bearer {secret}"}

    def secret(self, token: bytes) -> str:
        """Raises ValueError when no key of this process opens it, or when it could end a header's line."""
        if token not in self.secrets:
            opened = decrypt(token)
            if not opened.isascii() or not opened.isprintable():
                raise ValueError("a credential is printable ASCII")
            self.secrets[token] = opened
        return self.secrets[token]

    async def connect(self, target: Target, allowed: list[Network]) -> Connection:
        """Raises NotSent."""
        try:
            async with asyncio.timeout(self.config.connect_s):
                found = await asyncio.get_running_loop().getaddrinfo(
                    target.host, target.port, type=socket.SOCK_STREAM
                )
                return await self.first(target, found, allowed)
        except OSError as error:  # a TimeoutError is one, too
            raise NotSent(str(error) or type(error).__name__) from error

    async def first(self, target: Target, found: list[tuple], allowed: list[Network]) -> Connection:  # type: ignore[type-arg]
        """The first of the name's addresses that answers. Raises OSError."""
        trouble: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in found:
            if why := why_refused(ip_address(str(address[0]).partition("%")[0]), allowed):
                trouble = ConnectionRefusedError(why)
                continue
            try:
                return await self.open(target, socket.socket(family, kind, protocol), address)
            except OSError as error:
                trouble = error
        raise trouble

    async def open(self, target: Target, made: socket.socket, address: tuple[str, int]) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            made.setblocking(False)
            await loop.sock_connect(made, address)
            _, connection = await loop.create_connection(
                lambda: Connection(self.config.first_s, self.config.silence_s),
                sock=made,
                ssl=self.context() if target.tls else None,
                server_hostname=target.host if target.tls else None,
            )
        except BaseException:
            made.close()
            raise
        return connection

    def context(self) -> ssl.SSLContext:
        if self.tls is None:
            self.tls = tls_context()
        return self.tls

    async def close(self) -> None:
        for wire in self.wires.values():
            wire.close()
