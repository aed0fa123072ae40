"""Hostile credentials, hosts, paths and forwarding headers: one refusal by one code path, and one indexed look-up."""

import base64
import hashlib
import random
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
import pytest

from foundry.lib.secrets import digest
from tenants.keys.passport import KEY_KIND
from tests import make
from tests.tenants.gateway.conftest import World

pytestmark = pytest.mark.slow
COUNT = 10_000
PAYLOADS = [
    "' OR '1'='1", "' OR 1=1--", '" OR ""="', "'; DROP TABLE keys_apikey;--", "' UNION SELECT digest FROM gateway.key--",
    "1) OR (1=1", "%' OR '%'='", "\\' OR 1=1#", "'||pg_sleep(5)--", "$$;SELECT 1;$$", "admin'/*", "*/ OR 1/*", "%27%20OR%201=1",
    "%00", "%s", "%(digest)s", "{digest}", "{{7*7}}", "${jndi:ldap://x/a}", "<script>alert(1)</script>", "../../etc/passwd",
    "null", "undefined", "true", "0", "-1", "[]", "{}", "NaN", "*", "Bearer", "Basic YTpi", "sk-fdy-", "sk-", "SK-FDY-",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.", "\N{CYRILLIC SMALL LETTER ES}k-fdy-", "\N{ZERO WIDTH SPACE}",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
]  # fmt: skip
SCHEMES = ["Bearer ", "bearer ", "BEARER ", "Basic ", "Token ", "Digest ", "", "Bearer\t", "Bearer Bearer "]


def hostile(secret: str) -> Iterator[bytes]:
    """Values of a credential's header that open nothing, beginning with those nearest to one that does."""
    letters = "ABCXYZabcxyz0189-_"
    for place in range(len(KEY_KIND), len(secret)):
        for letter in letters:
            if letter != secret[place]:
                yield f"Bearer {secret[:place]}{letter}{secret[place + 1 :]}".encode()
    for length in range(len(secret)):
        yield f"Bearer {secret[:length]}".encode()
    for end in ("=", "'", '"', " x", "%00", ",", ";", "a", secret, "\N{ZERO WIDTH SPACE}"):
        yield f"Bearer {secret}{end}".encode()
    for scheme in ("Basic", "Token", "Digest", "Bearer:", "Bearer,"):
        yield f"{scheme} {secret}".encode()
    for kind in (secret.upper(), secret.swapcase(), secret[::-1], secret.removeprefix(KEY_KIND)):
        yield f"Bearer {kind}".encode()
    for size in (1_000, 10_000, 50_000):
        yield b"Bearer " + KEY_KIND.encode() + b"x" * size
    rolled = random.Random(5)
    while True:
        payload = rolled.choice(PAYLOADS).encode()
        junk = bytes(
            rolled.choice((*range(0x21, 0x7F), *range(0x80, 0x100))) for _ in range(rolled.randrange(60))
        )
        parts = [payload, junk, KEY_KIND.encode(), secret[: rolled.randrange(30)].encode()]
        rolled.shuffle(parts)
        yield rolled.choice(SCHEMES).encode() + b"".join(parts[: rolled.randrange(1, 5)])


class Talk:
    """One kept connection on which requests are sent as they are."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self.place = address.hostname, address.port
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(self.place, timeout=20)
        self.file = self.socket.makefile("rb")

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def ask(self, request: bytes) -> tuple[int, bytes]:
        self.socket.sendall(request)
        status, length, ends = int(self.file.readline().split()[1]), 0, False
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, _, value = line.lower().partition(b":")
            length = int(value) if name == b"content-length" else length
            ends = ends or (name == b"connection" and b"close" in value)
        body = self.file.read(length)
        if ends:
            self.close()
            self.connect()
        return status, body


@pytest.fixture
def talk(world: World) -> Iterator[Talk]:
    with closing(Talk(world.gateway.url)) as talk:
        yield talk


def test_ten_thousand_hostile_credentials_get_the_same_refusal(world: World, talk: Talk) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 100}))
    found = Counter[tuple[int, bytes]]()
    tries = hostile(secret)
    for number in range(COUNT):
        name = b"x-api-key" if number % 5 == 4 else b"authorization"
        value = next(tries)
        if name == b"x-api-key":
            value = value.removeprefix(b"Bearer ")
        found[talk.ask(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n%b: %b\r\n\r\n" % (name, value))] += 1
    plain = talk.ask(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n")
    assert plain[0] == 401
    assert dict(found) == {plain: COUNT}
    assert (
        talk.ask(b"GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n\r\n" % secret.encode())[
            0
        ]
        == 200
    )


@pytest.mark.parametrize("byte", [b"\x00", b"\r", b"\n", b"\x01"])
def test_a_credential_that_is_no_header_is_no_request(world: World, talk: Talk, byte: bytes) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 100}))
    value = secret[:20].encode() + byte + secret[20:].encode()
    status, _ = talk.ask(b"GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n\r\n" % value)
    assert status in (400, 401)


PLACES = [
    "127.0.0.1",
    "localhost",
    "localhost:8100/#@attacker",
    "internal",
    "[::1]",
    "0x7f000001",
    "x' OR '1'='1",
    "x, y",
    "",
]
HEADERS = [
    *(f"host: {place}" for place in PLACES),
    *(f"x-forwarded-host: {place}" for place in PLACES), *(f"x-forwarded-for: {place}" for place in PLACES),
    "forwarded: for=127.0.0.1;host=localhost;proto=https", "x-forwarded-proto: https", "x-forwarded-port: 443",
    "x-forwarded-prefix: /healthz", "x-forwarded-server: localhost", "x-original-url: /healthz", "x-rewrite-url: /healthz",
    "x-original-host: localhost", "x-real-ip: 127.0.0.1", "x-client-ip: 127.0.0.1", "true-client-ip: 127.0.0.1",
    "cf-connecting-ip: 127.0.0.1", "x-http-method-override: OPTIONS", "x-method-override: GET", "x-http-host-override: localhost",
    "x-remote-user: admin", "remote-user: admin", "x-authenticated-user: admin", "x-foundry-key: 1", "x-foundry-team: 1",
    "cookie: sessionid=x; key=y", "origin: http://localhost", "referer: http://localhost/healthz", "via: 1.1 localhost",
]  # fmt: skip
PATHS = [
    "//v1/models", "/v1//models", "/v1/models/", "/v1/./models", "/healthz/../v1/models", "/v1/%6dodels", "/v1/models%2f",
    "/V1/MODELS", "/v1/models;x", "/v1/models%00", "/healthz%2f..%2fv1%2fmodels", "http://localhost/v1/models",
    "/v1/models?key=x",
]  # fmt: skip


def test_where_a_call_says_that_it_comes_from_changes_nothing(world: World, talk: Talk) -> None:
    assert len(HEADERS) >= 50
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 100}))
    key = f"authorization: Bearer {secret}\r\n"
    for credential in ("", "authorization: Bearer sk-fdy-none\r\n", key):
        plain = talk.ask(f"GET /v1/models HTTP/1.1\r\nhost: x\r\n{credential}\r\n".encode())
        assert plain[0] == (200 if credential == key else 401)
        for header in HEADERS:
            host = "" if header.startswith("host:") else "host: x\r\n"
            seen = talk.ask(f"GET /v1/models HTTP/1.1\r\n{host}{header}\r\n{credential}\r\n".encode())
            assert seen == plain, header
        for path in PATHS:
            status, body = talk.ask(f"GET {path} HTTP/1.1\r\nhost: x\r\n{credential}\r\n".encode())
            assert (status, body) == plain or status in (400, 404), path


def test_a_key_is_256_bits_and_one_index_finds_its_hash(world: World) -> None:
    key, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 100}))
    body = secret.removeprefix(KEY_KIND)
    assert len(base64.urlsafe_b64decode(body + "=")) == 32
    assert digest(secret) == hashlib.sha256(secret.encode()).digest() == bytes(key.digest)
    with psycopg.connect(world.urls.gateway_url, autocommit=True) as connection:
        connection.execute(
            "SET enable_seqscan = off"
        )  # a handful of rows would be read faster without an index
        plan = connection.execute(
            "EXPLAIN SELECT * FROM gateway.key WHERE digest = %s", [digest(secret)]
        ).fetchall()
    found = [line for (line,) in plan if "digest = " in line]
    assert len(found) == 1, plan
    assert "Index Cond" in found[0]
