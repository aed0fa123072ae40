"""The one client for outward calls of the console and its workers.

It speaks to one origin (what an admin entered), judges the address it really connects to, follows no
redirect elsewhere, reads a bounded body in bounded time, and tries again where trying again may help.

OutwardError
 ├── Unreachable   no answer came: no route, timeout, broken connection
 │    └── NotAllowed  we would not ask: a forbidden address, another server, no URL; only a person can change that
 └── BadAnswer     an answer came that cannot be used; `status` says which
"""

import json
import logging
import math
import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpcore2
import httpx2
import stamina

from foundry.lib.addresses import Network, why_refused

logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs whole URLs, and a query may hold a secret
TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504, 529}
MOST_WAIT_S = 20.0
MOST_REDIRECTS = 3
SHORT_WORD = re.compile(r"[A-Za-z][A-Za-z_]{2,39}")


class OutwardError(Exception):
    """An outward call brought nothing usable. The text never holds a credential or a query string."""


class Unreachable(OutwardError):
    pass


class NotAllowed(Unreachable):
    pass


class BadAnswer(OutwardError):
    """:param codes: the short machine-readable words of the body's error, such as `insufficient_quota`."""

    def __init__(
        self, text: str, status: int, retry_after_s: float | None = None, codes: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(text)
        self.status, self.retry_after_s, self.codes = status, retry_after_s, codes


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer; `url` is where it came from, `body` its decoded bytes."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a call may take.

    :param body_bytes: the largest decoded body.
    :param deadline_s: from the first byte sent to the last byte read, of one attempt.
    :param attempts: how often a call is tried in all.
    """

    body_bytes: int = 64 * 2**20
    deadline_s: float = 60.0
    connect_s: float = 5.0
    read_s: float = 30.0
    attempts: int = 3


class GuardedBackend(httpcore2.NetworkBackend):
    """Resolves a name itself, refuses forbidden addresses, and connects to the very address it judged."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self.trusted, self.inner = trusted, httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        address = self.allowed(host, port)
        return self.inner.connect_tcp(address, port, timeout, local_address, socket_options)

    def allowed(self, host: str, port: int) -> str:
        """The first address of `host`, when every address of it may be reached."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"The name {host} cannot be resolved.") from error
        addresses = [str(row[4][0]) for row in found]
        for text in addresses:
            if why := why_refused(ip_address(text.partition("%")[0]), self.trusted):
                raise NotAllowed(
                    f"{host} leads to a forbidden address: {why}. If that is meant, "
                    "an admin adds its network to the host's trusted networks."
                )
        return addresses[0]


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an http(s) URL. Raises NotAllowed for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotAllowed("The address is no URL.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise NotAllowed("The address must be http(s)://host…, without a user name in it.")
    return parts.scheme, parts.hostname.lower(), port or (443 if parts.scheme == "https" else 80)


def onward(url: str, location: str) -> str:
    """Where a redirect leads. Raises NotAllowed for what is no URL."""
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise NotAllowed("The answer leads to an address that is no URL; not followed.") from error


def shown(url: str) -> str:
    """A URL without its query, which may hold a secret."""
    return url.partition("?")[0]


class GuardedTransport(httpx2.HTTPTransport):
    """The library's transport on a pool that connects through `GuardedBackend`; proxies are not used."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        context = httpx2.create_ssl_context(trust_env=False)
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore2.ConnectionPool(ssl_context=context, network_backend=GuardedBackend(trusted))


class GuardedClient:
    """Calls to one origin with fixed headers (a credential among them). A context manager.

    :param sign: headers for one whole URL, for hosts that want each request signed.
    :param pace: returns when the next question may be asked.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        sign: Callable[[str], Mapping[str, str]] | None = None,
        trusted: Sequence[Network] = (),
        bounds: Bounds | None = None,
        pace: Callable[[], None] | None = None,
    ) -> None:
        self.base_url, self.home, self.bounds = base_url, origin(base_url), bounds or Bounds()
        self.sign, self.pace = sign, pace
        limits = httpx2.Timeout(self.bounds.read_s, connect=self.bounds.connect_s)
        self.client = httpx2.Client(
            transport=GuardedTransport(trusted),
            headers={"accept": "application/json", "user-agent": "foundry", **(headers or {})},
            timeout=limits,
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    def get(self, url: str, params: Mapping[str, str] | None = None) -> Answer:
        """GET with retries for what may pass. Raises OutwardError."""
        for attempt in stamina.retry_context(
            on=wait_for, attempts=self.bounds.attempts, timeout=self.bounds.deadline_s, wait_initial=0.3
        ):
            with attempt:
                return self.once(url, params)
        raise AssertionError("a retry context ends by returning or raising")

    def post(self, url: str, body: bytes) -> Answer:
        """POST, once: the host may have taken what brought no answer. Raises OutwardError."""
        if origin(url) != self.home:
            raise Unreachable(f"{origin(url)[1]} is another server; not called.")
        answer = self.read(url, None, "POST", body)
        if answer.status >= 300:
            raise BadAnswer(f"{shown(url)} answered {answer.status}; not followed.", answer.status)
        return answer

    def exchange(self, url: str, body: bytes) -> Answer:
        """POST, once, and the answer whatever its status. Raises Unreachable; BadAnswer for what is too large."""
        if origin(url) != self.home:
            raise Unreachable(f"{origin(url)[1]} is another server; not called.")
        return self.whole(url, None, "POST", body)

    def once(self, url: str, params: Mapping[str, str] | None = None) -> Answer:
        """One attempt, through redirects that stay on the same origin."""
        for _ in range(MOST_REDIRECTS + 1):
            if origin(url) != self.home:
                raise NotAllowed(f"The answer leads to another server ({origin(url)[1]}); not followed.")
            answer = self.read(url, params)
            if answer.status not in {301, 302, 303, 307, 308}:
                return answer
            url, params = onward(url, answer.headers.get("location", "")), None
        raise BadAnswer(f"{shown(url)} redirects in circles.", answer.status)

    def read(
        self, url: str, params: Mapping[str, str] | None, method: str = "GET", content: bytes | None = None
    ) -> Answer:
        """One exchange, bounded in bytes and time, that succeeded."""
        answer = self.whole(url, params, method, content)
        require_success(url, answer)
        return answer

    def whole(self, url: str, params: Mapping[str, str] | None, method: str, content: bytes | None) -> Answer:
        if self.pace:
            self.pace()
        ends = time.monotonic() + self.bounds.deadline_s
        try:
            request = self.client.build_request(method, url, params=params, content=content)
            request.headers.update(self.sign(str(request.url)) if self.sign else {})
            with closing(self.client.send(request, stream=True)) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    self.require_within(url, len(body), ends, response.status_code)
        except httpx2.InvalidURL as error:
            raise NotAllowed("The address is no URL.") from error
        except httpx2.HTTPError as error:
            raise Unreachable(f"{shown(url)} did not answer: {type(error).__name__}.") from error
        return Answer(str(response.url), response.status_code, response.headers, bytes(body))

    def require_within(self, url: str, size: int, ends: float, status: int) -> None:
        if size > self.bounds.body_bytes:
            raise BadAnswer(f"{shown(url)} sent more than {self.bounds.body_bytes:,} bytes.", status)
        if time.monotonic() > ends:
            raise Unreachable(f"{shown(url)} took longer than {self.bounds.deadline_s:g} s.")


def require_success(url: str, answer: Answer) -> None:
    if answer.status >= 400:
        named = answer.headers.get("x-amzn-errortype", "").partition(":")[0]
        codes = error_codes(answer.body) | ({named} if named else set())
        raise BadAnswer(
            f"{shown(url)} answered {answer.status}.", answer.status, retry_after_s(answer.headers), codes
        )


def error_codes(body: bytes) -> frozenset[str]:
    """The codes that an error body names; its prose is left out, because hosts repeat credentials there."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return frozenset()
    inner = told.get("error") if isinstance(told, dict) else None
    rows = [each for each in (told, inner) if isinstance(each, dict)]
    found = [
        inner,
        *(row.get(name) for row in rows for name in ("code", "type", "status")),
    ]  # OAuth: a bare word
    return frozenset(word for word in found if isinstance(word, str) and SHORT_WORD.fullmatch(word))


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """What Retry-After asks for in seconds, from its number or its date; None for neither."""
    told = headers.get("retry-after", "")
    try:
        seconds = float(told)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(told).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def wait_for(error: Exception) -> bool | float:
    """Whether to try again, and after how many seconds when the host said so."""
    if isinstance(error, BadAnswer) and error.status in TRY_AGAIN:
        wait = error.retry_after_s
        return True if wait is None else (wait <= MOST_WAIT_S and wait)
    return isinstance(error, Unreachable) and isinstance(error.__cause__, httpx2.TransportError)
