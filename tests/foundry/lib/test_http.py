"""The guarded client reaches what was meant and nothing else, and ends in bounded time and space."""

import gzip
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import stamina

from foundry.lib.addresses import networks
from foundry.lib.http import BadAnswer, Bounds, GuardedClient, OutwardError, Unreachable
from tests.fakes.provider import Provider, Reply, always, in_turn, serve, told

LOOPBACK = networks(["127.0.0.1/32"])
QUICK = Bounds(body_bytes=10_000, deadline_s=1, connect_s=1, read_s=1, attempts=3)
SPELLINGS = [
    "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://127.1:{port}/", "http://2130706433:{port}/",
    "http://0x7f000001:{port}/", "http://0x7f.1:{port}/", "http://0177.0.0.1:{port}/", "http://017700000001:{port}/",
    "http://0.0.0.0:{port}/", "http://0:{port}/", "http://[::1]:{port}/", "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/", "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/", "http://[2002:7f00:1::]:{port}/", "http://LOCALHOST:{port}/",
    "http://localhost.:{port}/", "http://127.0.0.1.:{port}/", "http://127。0。0。1:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/", "http://user:pass@127.0.0.1:{port}/", "http://public.example@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@public.example/", "http://127.0.0.1:{port}\\@public.example/",
    "http://127.0.0.1%00.public.example:{port}/", "http://127.0.0.1%2e:{port}/", "http:127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/", "//127.0.0.1:{port}/", "file:///etc/passwd", "gopher://127.0.0.1:{port}/",
    "ftp://127.0.0.1:{port}/", "unix://127.0.0.1:{port}/", "http://[::1%25lo]:{port}/", "http://127.0.0.1:{port}:80/",
    "http://[127.0.0.1]:{port}/", "https://127.0.0.1:{port}/", "HTTP://127.0.0.1:{port}/", "",
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        yield server


def client(provider: Provider, **more: Any) -> GuardedClient:
    return GuardedClient(provider.url, trusted=LOOPBACK, bounds=QUICK, **more)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_loopback_is_connected_to(spelling: str, listener: socket.socket) -> None:
    url = spelling.format(port=listener.getsockname()[1])
    with (
        pytest.raises(OutwardError),
        GuardedClient(url, headers={"authorization": "canary"}, bounds=QUICK) as http,
    ):
        http.get(url)
    with pytest.raises(TimeoutError):
        listener.accept()


def test_a_name_is_judged_by_the_address_that_is_connected_to(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    """A rebinding name server says public when checked and loopback when connected; we ask once."""
    answers = iter(["20.42.0.1", "127.0.0.1"])
    port = listener.getsockname()[1]
    asked: list[str] = []

    def resolve(host: str, *args: Any, **kwargs: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    connected: list[Any] = []

    def connect(address: Any, *args: Any, **kwargs: Any) -> socket.socket:
        connected.append(address)
        raise OSError("no route in tests")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    url = f"http://rebind.example:{port}/"
    with pytest.raises(Unreachable), GuardedClient(url, bounds=Bounds(attempts=1)) as http:
        http.once(url)
    assert (asked, connected) == (["rebind.example"], [("20.42.0.1", port)])


def test_a_name_with_one_forbidden_address_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*args: Any, **kwargs: Any) -> list[Any]:
        return [(socket.AF_INET, 1, 6, "", (address, 80)) for address in ("20.42.0.1", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with (
        pytest.raises(Unreachable, match="forbidden"),
        GuardedClient("http://x.example", bounds=QUICK) as http,
    ):
        http.get("http://x.example/")


def test_a_trusted_network_is_reached_with_the_fixed_headers() -> None:
    with serve(always(told({"ok": True}))) as provider:
        with client(provider, headers={"authorization": "Bearer k"}) as http:
            answer = http.get(f"{provider.url}/models", {"v": "1"})
        assert answer.body == b'{"ok": true}'
        assert (provider.asked[0].path, provider.asked[0].headers["authorization"]) == (
            "/models?v=1",
            "Bearer k",
        )


def test_a_redirect_on_the_same_server_is_followed() -> None:
    with (
        serve(in_turn(Reply(status=302, headers={"location": "/there"}), told([]))) as provider,
        client(provider) as http,
    ):
        assert http.get(f"{provider.url}/here").url.endswith("/there")


def test_a_redirect_to_another_server_is_not_followed_and_takes_no_header_there() -> None:
    with serve(always(told([]))) as other:
        away = Reply(status=307, headers={"location": f"{other.url}/steal"})
        with (
            serve(always(away)) as provider,
            client(provider, headers={"authorization": "canary"}) as http,
            pytest.raises(Unreachable, match="another server"),
        ):
            http.get(f"{provider.url}/models")
        assert other.asked == []


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest/", "file:///etc/passwd", "//10.0.0.1/", "http://[::1]/"]
)
def test_a_redirect_inwards_is_not_followed(location: str) -> None:
    with (
        serve(always(Reply(status=302, headers={"location": location}))) as provider,
        client(provider) as http,
        pytest.raises(Unreachable),
    ):
        http.get(f"{provider.url}/")


def test_redirects_in_circles_end() -> None:
    with (
        serve(always(Reply(status=302, headers={"location": "/again"}))) as provider,
        client(provider) as http,
        pytest.raises(BadAnswer, match="circles"),
    ):
        http.get(f"{provider.url}/")


def test_a_url_of_another_server_is_never_asked() -> None:
    with serve(always(told([]))) as other, serve(always(told([]))) as provider, client(provider) as http:
        with pytest.raises(Unreachable, match="another server"):
            http.get(f"{other.url}/next")
        assert other.asked == []


def test_a_body_that_is_too_large_is_not_read_to_its_end() -> None:
    large = Reply(b"x" * 20_000)
    with (
        serve(always(large)) as provider,
        client(provider) as http,
        pytest.raises(BadAnswer, match="more than"),
    ):
        http.get(f"{provider.url}/")


def test_a_small_body_that_unpacks_to_a_large_one_is_stopped() -> None:
    bomb = Reply(gzip.compress(b"0" * 5_000_000), headers={"content-encoding": "gzip"})
    with (
        serve(always(bomb)) as provider,
        client(provider) as http,
        pytest.raises(BadAnswer, match="more than"),
    ):
        http.get(f"{provider.url}/")


def test_a_slow_drip_ends_at_the_deadline() -> None:
    bounds = Bounds(deadline_s=0.3, attempts=1)
    with (
        serve(always(Reply(b"x" * 400, drip_s=0.02))) as provider,
        GuardedClient(provider.url, trusted=LOOPBACK, bounds=bounds) as http,
        pytest.raises(Unreachable, match="longer than"),
    ):
        http.once(f"{provider.url}/")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_what_may_pass_is_tried_again(status: int) -> None:
    with (
        serve(in_turn(Reply(status=status), Reply(status=status), told([1]))) as provider,
        client(provider) as http,
    ):
        assert http.get(f"{provider.url}/").body == b"[1]"
        assert len(provider.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_will_not_pass_is_asked_once(status: int) -> None:
    with serve(always(Reply(status=status))) as provider, client(provider) as http:
        with pytest.raises(BadAnswer) as caught:
            http.get(f"{provider.url}/")
        assert (caught.value.status, len(provider.asked)) == (status, 1)


def test_an_hour_of_retry_after_is_not_waited_for() -> None:
    with (
        serve(always(Reply(status=429, headers={"retry-after": "3600"}))) as provider,
        client(provider) as http,
    ):
        with pytest.raises(BadAnswer):
            http.get(f"{provider.url}/")
        assert len(provider.asked) == 1


def test_an_error_names_no_query_and_no_credential() -> None:
    with (
        serve(always(Reply(status=500))) as provider,
        client(provider, headers={"authorization": "canary"}) as http,
        pytest.raises(BadAnswer) as caught,
    ):
        http.get(f"{provider.url}/models?key=canary")
    assert "canary" not in str(caught.value)
    assert "/models" in str(caught.value)


def test_a_body_that_is_cut_is_no_answer() -> None:
    with (
        serve(always(Reply(b'{"data": []}', cut_after=4))) as provider,
        client(provider) as http,
        pytest.raises(Unreachable),
    ):
        http.get(f"{provider.url}/")


def test_a_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
    with serve(always(told([]))) as provider, client(provider) as http:
        http.get(f"{provider.url}/")
        assert len(provider.asked) == 1


def test_what_is_posted_arrives_once_with_the_fixed_headers() -> None:
    with serve(always(told({"ok": True}))) as provider:
        with client(provider, headers={"content-type": "text/plain"}) as http:
            assert http.post(f"{provider.url}/token", b"secret=canary").body == b'{"ok": true}'
        [asked] = provider.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/token", b"secret=canary")
    assert asked.headers["content-type"] == "text/plain"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_post_is_not_sent_on_to_where_a_redirect_leads(status: int) -> None:
    moved = Reply(status=status, headers={"location": "/elsewhere"})
    with (
        serve(always(moved)) as provider,
        client(provider) as http,
        pytest.raises(BadAnswer, match="not followed"),
    ):
        http.post(f"{provider.url}/token", b"secret=canary")
    assert provider.paths() == ["/token"]


def test_a_post_to_another_server_is_not_sent() -> None:
    with serve(always(told({}))) as other, serve(always(told({}))) as provider:
        with client(provider) as http, pytest.raises(Unreachable, match="another server"):
            http.post(f"{other.url}/token", b"secret=canary")
        assert (other.asked, provider.asked) == ([], [])


@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
def test_a_post_that_fails_is_not_repeated_and_says_nothing_of_what_was_sent(status: int) -> None:
    body = b'{"error": "invalid_client", "error_description": "the secret canary is wrong"}'
    with (
        serve(always(Reply(body, status))) as provider,
        client(provider) as http,
        pytest.raises(BadAnswer) as caught,
    ):
        http.post(f"{provider.url}/token", b"secret=canary")
    assert (len(provider.asked), caught.value.status, caught.value.codes) == (1, status, {"invalid_client"})
    assert "canary" not in str(caught.value)


def test_a_post_is_bounded_in_bytes() -> None:
    big = Reply(b"x" * 20_000)
    with (
        serve(always(big)) as provider,
        client(provider) as http,
        pytest.raises(BadAnswer, match="10,000 bytes"),
    ):
        http.post(f"{provider.url}/token", b"")
