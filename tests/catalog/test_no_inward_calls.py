"""No spelling of an inward address, at any place where a host's address enters, makes Foundry connect inwards.

What happened elsewhere: the guard sat in one caller and the next one lacked it; a redirect led to the cloud's
metadata; a name was public when it was checked and private when it was connected to.
"""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import stamina
from django.test import Client

from catalog import actions
from catalog.models import Host
from foundry.lib import clock, secrets
from foundry.lib.addresses import networks
from foundry.lib.http import Bounds, GuardedClient, OutwardError
from tests import make
from tests.catalog import syncing
from tests.fakes.provider import Reply, always, serve
from tests.people import browser

CANARY = "canary-credential"
ONCE = Bounds(deadline_s=2, connect_s=1, read_s=1, attempts=1)
V4 = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0X7F000001", "0x7f.1", "0x7f.0.0.1", "0X7f.0x0.0x0.0x1",
    "0177.0.0.1", "0177.1", "017700000001", "00000177.0.0.01", "127.0x0.00.01", "127.000.000.001", "127.255.255.254",
    "127.8.8.8", "0.0.0.0", "0", "0x0", "00", "0.0", "127.0.0.1.", "127.1.", "2130706433.", "0x7f000001.", "6425673729",
    "383.0.0.1", "127.0.0.257",
]  # fmt: skip
V6 = [
    "::1", "0:0:0:0:0:0:0:1", "0000:0000:0000:0000:0000:0000:0000:0001", "::", "0::0", "::ffff:127.0.0.1", "::ffff:7f00:1",
    "0:0:0:0:0:ffff:127.0.0.1", "::FFFF:7F00:0001", "::127.0.0.1", "::7f00:1", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:7f00:0001::1", "2002:a9fe:a9fe::",
    "2001:0:4136:e378:8000:63bf:80ff:fffe", "fe80::1", "fe80::1%lo", "fe80::1%25lo", "::1%lo", "::1%25lo", "::1%1",
    "fe80::5efe:127.0.0.1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
]  # fmt: skip
NAMES = [
    "localhost", "LOCALHOST", "LocalHost", "localhost.", "localhost.localdomain", "ip6-localhost", "ip6-loopback",
    "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "１２７.０.０.１", "①②⑦.⓪.⓪.①", "ｌｏｃａｌｈｏｓｔ", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "localhost。",
    "loc\u00adalhost",     "%6c%6f%63alhost", "127.0.0.1%2e", "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "127.0.0.1%00.public.example",
    "127.0.0.1%09", "127.0.0.1\t", "127.0.0.1\n", "127.0.0.1\r\nHost: public.example", "127.0.0.1 ", " 127.0.0.1",
]  # fmt: skip
USERS = [
    "public.example@",
    "user:pass@",
    "@",
    ":@",
    "public.example%40@",
    "public.example:80@",
    "public.example\\@",
]
SCHEMES = [
    "HTTP://", "hTTp://", "https://", "//", "http:/", "http:", "http:///", "http:\\\\", "", "ftp://", "gopher://", "file://",
    "unix://", "ws://", "dict://", "ldap://", "jar:http://", "view-source:http://", "http://http://", "\thttp://", " http://",
]  # fmt: skip
TAILS = [
    "#@public.example/", "?@public.example/", "/@public.example", ";@public.example/", "\\@public.example/", ":80/",
    "/..;/x", "/%2e%2e/", "/?url=http://public.example", "/#", "//",
]  # fmt: skip


def spellings(port: int) -> list[str]:
    """Loopback, and what is as inward as that, in every spelling that something once took for public."""
    hosts = [*V4, *(f"[{address}]" for address in V6), *NAMES]
    plain = [f"http://{host}:{port}/v1" for host in hosts]
    users = [
        f"http://{user}{host}:{port}/v1"
        for user in USERS
        for host in ("127.0.0.1", "[::1]", "localhost", "2130706433")
    ]
    schemes = [
        f"{scheme}{host}:{port}/v1" for scheme in SCHEMES for host in ("127.0.0.1", "localhost", "[::1]")
    ]
    tails = [f"http://{host}:{port}{tail}" for tail in TAILS for host in ("127.0.0.1", "localhost")]
    odd = [
        f"http://[127.0.0.1]:{port}/",
        f"http://127.0.0.1:0{port}/",
        f"http://127.0.0.1:{port}:{port}/",
        f"http://[::1:{port}/",
    ]
    return list(dict.fromkeys([*plain, *users, *schemes, *tails, *odd]))


class Listener:
    """Every local address at one port; counts who connects and what they send."""

    def __init__(self) -> None:
        self.connections, self.heard = 0, b""
        v6 = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.server, self.port = v6, v6.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        while True:
            try:
                line, _ = self.server.accept()
            except OSError:
                return
            self.connections += 1
            with line:
                line.settimeout(0.2)
                try:
                    self.heard += line.recv(65_536)
                except OSError:
                    continue


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    with stamina.set_testing(True, attempts=1, cap=True):
        yield found
    found.server.close()


def silent(listener: Listener) -> bool:
    return (listener.connections, listener.heard) == (0, b"")


def test_there_are_two_hundred_spellings_and_the_listener_hears(listener: Listener) -> None:
    assert len(spellings(listener.port)) >= 200
    for address in ("127.0.0.1", "::1", "127.8.8.8"):
        socket.create_connection((address, listener.port), 1).close()
    deadline = time.monotonic() + 10
    while listener.connections < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_client_connects_to_none(listener: Listener) -> None:
    for url in spellings(listener.port):
        with pytest.raises(OutwardError):  # noqa: SIM117
            with GuardedClient(url, headers={"authorization": CANARY}, bounds=ONCE) as http:
                http.get(url)
    assert silent(listener)


def test_no_redirect_leads_inwards(listener: Listener) -> None:
    with serve(always(Reply())) as provider:
        for url in spellings(listener.port):
            location = url.replace("\r", "").replace("\n", "").encode("utf-8").decode("latin-1")
            provider.script = always(Reply(status=302, headers={"location": location}))
            client = GuardedClient(
                provider.url,
                headers={"authorization": CANARY},
                trusted=networks(["127.0.0.1/32"]),
                bounds=ONCE,
            )
            with client as http, pytest.raises(OutwardError):
                http.get(f"{provider.url}/models")
    assert silent(listener)


FIELDS = ("listing_base_url", "calling_base_url", "status_url")


def body_of(field: str, url: str) -> dict[str, Any]:
    """The API's body in which `field` is `url` and everything else is well."""
    public = {"base_url": "https://models.example/v1", "credential": CANARY}
    body: dict[str, Any] = {"name": "A", "listing": public, "calling": public, "status_url": ""}
    if field == "status_url":
        return body | {"status_url": url}
    return body | {field.split("_")[0]: {"base_url": url, "credential": CANARY}}


def form_of(field: str, url: str) -> dict[str, str]:
    form = {
        "name": "A", "slug": "inward", "connector": "openai_compatible", "calling_auth": "bearer",
        "listing_base_url": "https://models.example/v1", "calling_base_url": "https://models.example/v1",
        "listing_credential": CANARY, "calling_credential": CANARY, "status_url": "",
    }  # fmt: skip
    return form | {field: url}


def use(host: Host) -> None:
    """Everything that asks a host: its credential, its listing."""
    host.refresh_from_db()
    assert actions.check_host(host, actor="test", at=clock.now())
    assert syncing.run(host, bounds=ONCE).state == "failed"


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("door", ["form", "api"])
@pytest.mark.parametrize("field", FIELDS)
def test_no_door_leads_inwards(listener: Listener, door: str, field: str) -> None:
    """Most are refused at the door; what is only a name is refused when it is asked, before a byte is sent."""
    ada: Client = browser(make.person("ada", roles=("admin",)))
    host = make.host(
        "inward", listing_base_url="https://models.example/v1", listing_credential=secrets.encrypt(CANARY)
    )
    kept = 0
    for url in spellings(listener.port):
        if door == "form":
            answer = ada.post("/hosts/inward/change/", form_of(field, url))
            taken = answer.status_code == 302
        else:
            answer = ada.patch("/api/v1/hosts/inward/", body_of(field, url), content_type="application/json")
            taken = answer.status_code == 200
        assert answer.status_code in {200, 302, 400}, (url, answer.status_code)
        assert CANARY not in answer.content.decode()
        kept += taken
        if taken and field == "listing_base_url":
            use(host)
    assert silent(listener)
    assert kept < len(spellings(listener.port)) / 2


@pytest.mark.django_db
def test_a_name_that_is_public_when_checked_and_private_when_connected_is_not_reached(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is resolved once, and the address that was judged is the one that is connected to."""
    answers = iter(["20.42.0.1", "127.0.0.1"] * 50)
    reached: list[str] = []

    def resolve(*args: Any, **kwargs: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), listener.port))]

    def connect(address: Any, *args: Any, **kwargs: Any) -> socket.socket:
        reached.append(address[0])
        raise OSError("no way out of a test")

    host = make.host(
        "rebind",
        listing_base_url=f"http://rebind.example:{listener.port}/v1",
        listing_credential=secrets.encrypt(CANARY),
    )
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    for _ in range(10):
        with GuardedClient(host.listing_base_url, bounds=ONCE) as http, pytest.raises(OutwardError):
            http.get(f"{host.listing_base_url}/models")
    assert reached
    assert set(reached) == {"20.42.0.1"}
    assert silent(listener)
