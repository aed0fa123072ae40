"""The gateway's own HTTP/1.1 client against hosts that say what they like, byte by byte or all at once."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tenants.gateway.config import Config
from tenants.gateway.upstream import Upstreams
from tenants.gateway.wire import MOST_HEAD, Answer, Broken, Connection, NotSent, Target, Wire

CONFIG = Config("", Path(), "")
HEAD = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n"
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; x=y\r\ncontent-length: 3\r\n\r\nabc"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\n\r\nabc"
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\n" + LENGTH


async def asked(wire: Wire, target: Target, most: int = 1_000) -> tuple[Answer, bytes | None]:
    answer = await wire.post(target, HEAD, b"{}")
    try:
        return answer, await answer.read(most)
    finally:
        wire.release(target, answer)


def with_host(
    said: bytes, story: Callable[[Wire, Target, list[int]], Awaitable[None]], *, slowly: bool = False
) -> None:
    """Run a story against a host that answers each request with `said`. :param slowly: byte by byte.

    The list grows by one per connection.
    """
    connections: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        while await reader.read(len(HEAD) + 2):
            for part in [said[i : i + 1] for i in range(len(said))] if slowly else [said]:
                writer.write(part)
                await asyncio.sleep(0)
            if said in (TO_THE_END, b"") or said.endswith(b"..."):
                break
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        upstreams = Upstreams(CONFIG)
        wire = Wire(lambda to: upstreams.connect(to, [ip_network("127.0.0.0/8")]), 5, 4)
        async with server:
            await story(wire, Target.of(f"http://127.0.0.1:{port}/"), connections)
            wire.close()
            await asyncio.sleep(0.05)  # both ends see it

    asyncio.run(run())


@pytest.mark.parametrize("slowly", [False, True])
@pytest.mark.parametrize("said", [LENGTH, CHUNKED, TO_THE_END, CONTINUED])
def test_an_answer_is_read_however_its_end_is_told_and_the_connection_kept_where_it_may_be(
    said: bytes, slowly: bool
) -> None:
    async def story(wire: Wire, target: Target, connections: list[int]) -> None:
        for _ in range(3):
            answer, body = await asked(wire, target)
            assert (answer.status, body) == (200, b"abc")
        assert len(connections) == (3 if said == TO_THE_END else 1)

    with_host(said, story, slowly=slowly)


@pytest.mark.parametrize(
    "said",
    [
        b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc...", b"<html>no</html>", b"HTTP/1.1 200 OK\r\nx: ...",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * MOST_HEAD + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)  # fmt: skip
def test_an_answer_that_ends_early_or_makes_no_sense_is_broken(said: bytes) -> None:
    async def story(wire: Wire, target: Target, connections: list[int]) -> None:
        with pytest.raises(Broken):
            await asked(wire, target)
        assert not any(wire.idle.values())

    with_host(said, story)


def test_a_body_beyond_the_most_is_none_and_its_connection_goes() -> None:
    async def story(wire: Wire, target: Target, connections: list[int]) -> None:
        _, body = await asked(wire, target, most=2)
        assert body is None

    with_host(LENGTH, story)


def test_a_host_that_leaves_before_it_is_asked_has_seen_nothing() -> None:
    async def story(wire: Wire, target: Target, connections: list[int]) -> None:
        connect = wire.connect

        async def leave(to: Target) -> Connection:
            made = await connect(to)
            made.close()
            return made

        wire.connect = leave
        with pytest.raises(NotSent):
            await asked(wire, target)

    with_host(LENGTH, story)


def test_two_answers_for_one_question_end_the_connection() -> None:
    async def story(wire: Wire, target: Target, connections: list[int]) -> None:
        _, body = await asked(wire, target)
        assert body == b"abc"
        await asyncio.sleep(0.05)
        assert (await asked(wire, target))[1] == b"abc"
        assert len(connections) == 2

    with_host(LENGTH + LENGTH, story)


def test_an_address_that_nobody_meant_is_not_connected_to() -> None:
    async def run() -> None:
        with pytest.raises(NotSent):
            await Upstreams(CONFIG).connect(Target.of("http://127.0.0.1:9/"), [])

    asyncio.run(run())


@pytest.mark.parametrize("url", ["ftp://a/", "http://", "//a/b", "http://a:port/"])
def test_what_is_no_address_of_a_host_is_said(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|[Pp]ort"):
        Target.of(url)


def test_a_target_cannot_carry_another_line() -> None:
    target = Target.of("https://example.com/a b\r\nx: y?q=1 2")
    assert (target.tls, target.port, target.authority) == (True, 443, "example.com")
    assert not set(target.path) & set(" \r\n")


def test_over_tls_the_hosts_name_is_proved_or_nothing_is_sent(tmp_path: Path) -> None:
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(certificate(tmp_path, "localhost"))
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1_000))
        writer.write(LENGTH)
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=own)
        target = Target.of(f"https://localhost:{server.sockets[0].getsockname()[1]}/v1/x")
        upstreams = Upstreams(CONFIG)
        wire = Wire(
            lambda to: upstreams.connect(to, [ip_network("127.0.0.0/8"), ip_network("::1/128")]), 5, 4
        )
        async with server:
            with pytest.raises(NotSent, match="certificate"):
                await asked(wire, target)
            assert heard == []
            upstreams.context().load_verify_locations(tmp_path / "localhost.pem")
            assert (await asked(wire, target))[1] == b"abc"
            wire.close()
            await asyncio.sleep(0.05)

    asyncio.run(run())


def certificate(folder: Path, name: str) -> Path:
    """A key and a certificate for `name` that it signed itself, in one file."""
    key, at = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder().subject_name(named).issuer_name(named).public_key(key.public_key())
        .serial_number(1).not_valid_before(at - timedelta(days=1)).not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / f"{name}.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path
