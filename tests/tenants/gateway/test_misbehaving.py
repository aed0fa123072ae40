"""A host misbehaves in every way that was thought of: one row, one outcome, clear words, bounded memory, nothing held."""

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tenants.usage.models import UsageEvent
from tenants.usage.verify import verify
from tests import make, processes
from tests.servers import Urls
from tests.tenants.gateway.scripted import (
    CHUNKED,
    DONE,
    USAGE,
    WORD,
    Play,
    answer,
    chunk,
    completion,
    event,
    forever,
    play,
    scripted,
    stream,
    tokens,
)  # fmt: skip
from tests.tenants.gateway.traffic import URL_PATH, booked, nothing_held, question

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
MOST_OUT = 40
MOST_GROWTH_MB = 400


class Wanted(NamedTuple):
    """What the caller sees (status, and the code in body or stream; none for an answer) and what is booked."""

    status: int
    code: str
    outcome: str
    row_code: str
    out: int


FINE = Wanted(200, "", "ok", "", 5)
UNREPORTED = Wanted(200, "", "ok", "usage_missing", MOST_OUT)
NO_ANSWER = Wanted(502, "upstream_malformed", "unknown", "upstream_malformed", MOST_OUT)
CUT = Wanted(502, "upstream_broken", "unknown", "upstream_broken", MOST_OUT)
SILENT = Wanted(504, "upstream_timeout", "unknown", "upstream_timeout", MOST_OUT)
MIDWAY = Wanted(200, "upstream_failed_midway", "unknown", "upstream_failed_midway", MOST_OUT)


def told(wanted: Wanted) -> Wanted:
    """The same after a stream has begun: its status was 200."""
    return wanted._replace(status=200)


def failing(status: int, shown: int = 502, code: str = "upstream_error") -> Wanted:
    return Wanted(shown, code, "upstream_error", f"http_{status}", 0)


def refusing(status: str, head: str = "", body: bytes = b'{"error": {"message": "No."}}') -> Play:
    return play(answer(body, status, head))


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
FULL = completion()
GZIP = "content-encoding: gzip"
UNTIL_END = "content-type: text/event-stream"
BIG = b"x" * (1 << 16)

WHOLE: dict[str, tuple[Play, Wanted]] = {
    "as it should be": (play(answer(FULL)), FINE),
    "byte by byte": (play(*(part for byte in answer(FULL) for part in (bytes([byte]), 0.001))), FINE),
    "until the connection ends": (play(HEAD + b"\r\n" + FULL, "close"), FINE),
    "chunked": (play(HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunk(FULL) + b"0\r\n\r\n"), FINE),
    "after a 100": (play(b"HTTP/1.1 100 Continue\r\n\r\n" + answer(FULL)), FINE),
    "after a 103": (play(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + answer(FULL)), FINE),
    "two answers": (play(answer(FULL) * 2), FINE),
    "then garbage": (play(answer(FULL) + b"\x00garbage"), FINE),
    "then closed": (play(answer(FULL), "close"), FINE),
    "connection: close": (play(answer(FULL, head="connection: close"), "close"), FINE),
    "HTTP/1.0": (play(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n" + FULL, "close"), FINE),
    "no content type": (play(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(FULL) + FULL), FINE),
    "no headers at all": (play(b"HTTP/1.1 200 OK\r\n\r\n" + FULL, "close"), FINE),
    "drips for ever": (forever(HEAD + b"content-length: 100000\r\n\r\n", b" ", 0.2), SILENT),
    "drips its head for ever": (forever(b"HTTP/1.1 200 OK\r\nx: ", b"x", 0.2), SILENT),
    "says nothing": (play(30.0), SILENT),
    "says nothing after its head": (play(HEAD + b"content-length: 9\r\n\r\n", 30.0), SILENT),
    "a body without end": (forever(HEAD + b"transfer-encoding: chunked\r\n\r\n", chunk(BIG)), NO_ANSWER),
    "a header without end": (forever(HEAD + b"x: ", BIG), CUT),
    "headers without end": (forever(HEAD, b"x-many: y\r\n" * 1_000), CUT),
    "a status line without end": (forever(b"HTTP/1.1 200 ", BIG), CUT),
    "1xx without end": (forever(b"", b"HTTP/1.1 102 Processing\r\nx: y\r\n\r\n" * 1_000), CUT),
    "a trailer without end": (
        forever(HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunk(FULL) + b"0\r\nx: ", BIG), CUT,
    ),
    "longer than it says": (play(answer(FULL, length=len(FULL) - 9)), NO_ANSWER),
    "shorter than it says": (play(answer(FULL, length=len(FULL) + 9), "close"), CUT),
    "a negative length": (play(answer(FULL, length=-1)), CUT),
    "two lengths": (play(answer(FULL, head="content-length: 3")), CUT),
    "a length and chunks": (play(answer(FULL, head="transfer-encoding: chunked")), CUT),
    "chunks of garbage": (play(HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n" + FULL), CUT),
    "chunks that end early": (play(HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunk(FULL), "close"), CUT),
    "closes at once": (play("close"), CUT),
    "resets at once": (play("reset"), CUT),
    "closes in its head": (play(HEAD[:20], "close"), CUT),
    "resets in its body": (play(answer(FULL)[:-9], 0.2, "reset"), CUT),
    "resets a body until the end": (play(HEAD + b"\r\n" + FULL[:-9], 0.2, "reset"), CUT),
    "no HTTP": (play(b"SSH-2.0-OpenSSH_9.6\r\n"), CUT),
    "TLS": (play(b"\x15\x03\x01\x00\x02\x02\x46", "close"), CUT),
    "HTTP/2": (play(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" * 4), CUT),
    "an upgrade": (play(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"), CUT),
    "HTML": (play(answer(b"<html><body>Welcome</body></html>")), NO_ANSWER),
    "an empty body": (play(answer(b"")), NO_ANSWER),
    "null": (play(answer(b"null")), NO_ANSWER),
    "a list": (play(answer(b"[" + FULL + b"]")), NO_ANSWER),
    "choices that are none": (play(answer(completion(choices=None))), NO_ANSWER),
    "nested too deep": (play(answer(b"[" * 100_000)), NO_ANSWER),
    "invalid UTF-8": (play(answer(FULL.replace(b"Hello", b"H\xff\xfeo"))), NO_ANSWER),
    "a byte order mark": (play(answer(b"\xef\xbb\xbf" + FULL)), NO_ANSWER),
    "UTF-16": (play(answer(FULL.decode().encode("utf-16"))), NO_ANSWER),
    "gzip that nobody asked for": (play(answer(b"\x1f\x8b\x08\x00", head=GZIP)), NO_ANSWER),
    "an error in a 200": (play(answer(b'{"error": {"message": "Overloaded."}}')), NO_ANSWER),
    "events for a whole answer": (play(stream(WORD, USAGE, DONE)), NO_ANSWER),
    "no usage": (play(answer(completion(usage=None))), UNREPORTED),
    "usage null": (play(answer(FULL.replace(json.dumps(tokens(7, 5)).encode(), b"null"))), UNREPORTED),
    "usage a list": (play(answer(completion(usage=[7, 5]))), UNREPORTED),
    "usage in words": (play(answer(completion(usage=tokens("7", "5")))), UNREPORTED),
    "usage in fractions": (play(answer(completion(usage=tokens(7.0, 5.5)))), UNREPORTED),
    "usage true": (play(answer(completion(usage=tokens(True, True)))), UNREPORTED),
    "usage below zero": (play(answer(completion(usage=tokens(7, -5)))), UNREPORTED),
    "usage beyond all": (play(answer(completion(usage=tokens(7, 10**18)))), UNREPORTED),
    "usage half told": (play(answer(completion(usage={"prompt_tokens": 7}))), UNREPORTED),
    "usage above the hold": (play(answer(completion(usage=tokens(7, 90)))), FINE._replace(out=90)),
    "204": (play(b"HTTP/1.1 204 No Content\r\n\r\n"), failing(204)),
    "206": (refusing("206 Partial Content"), failing(206)),
    "302": (refusing("302 Found", "location: http://169.254.169.254/"), failing(302)),
    "307 to itself": (refusing("307 Temporary Redirect", "location: /v1/chat/completions"), failing(307)),
    "400": (refusing("400 Bad Request"), failing(400, 400, "upstream_rejected")),
    "400 in HTML": (refusing("400 Bad Request", body=b"<p>"), failing(400, 400, "upstream_rejected")),
    "400 whose reason never comes": (
        play(answer(b"", "400 Bad Request", length=99), 30.0), failing(400, 400, "upstream_rejected"),
    ),
    "400 of great length": (
        forever(b"HTTP/1.1 400 Bad Request\r\n\r\n", BIG), failing(400, 400, "upstream_rejected"),
    ),
    "401": (refusing("401 Unauthorized"), failing(401, code="upstream_credential")),
    "402": (refusing("402 Payment Required"), failing(402)),
    "403": (refusing("403 Forbidden"), failing(403, code="upstream_credential")),
    "404": (refusing("404 Not Found"), failing(404, code="upstream_model_missing")),
    "408": (refusing("408 Request Timeout"), failing(408)),
    "413": (refusing("413 Too Large"), failing(413, 413, "upstream_rejected")),
    "429": (refusing("429 Too Many", "retry-after: 7"), failing(429, code="upstream_busy")),
    "429 for a date": (
        refusing("429 Too Many", "retry-after: Wed, 21 Oct 2026 07:28:00 GMT"), failing(429, code="upstream_busy"),
    ),
    "429 below zero": (refusing("429 Too Many", "retry-after: -5"), failing(429, code="upstream_busy")),
    "429 beyond all": (refusing("429 Too Many", f"retry-after: {'9' * 5000}"), failing(429, code="upstream_busy")),
    "500": (refusing("500 Internal Server Error"), failing(500)),
    "503": (refusing("503 Unavailable", "retry-after: 1.5"), failing(503)),
    "529": (refusing("529 Overloaded"), failing(529)),
    "999": (refusing("999 What"), failing(999)),
}  # fmt: skip
STREAMED: dict[str, tuple[Play, Wanted]] = {
    "as it should be": (play(stream(WORD, USAGE, DONE)), FINE),
    "byte by byte": (play(*(bytes([byte]) for byte in stream(WORD, USAGE, DONE))), FINE),
    "a chunk per byte": (play(stream(*(bytes([byte]) for byte in WORD + USAGE + DONE))), FINE),
    "until the connection ends": (
        play(stream(head=UNTIL_END, whole=False) + WORD + USAGE + DONE, "close"), FINE,
    ),
    "comments and keepalives": (play(stream(b": ping\n\n", WORD, b":\n\n" * 50, USAGE, b": bye\n\n", DONE)), FINE),
    "CRLF": (play(stream((WORD + USAGE + DONE).replace(b"\n", b"\r\n"))), FINE),
    "CRLF cut apart": (play(stream(*(bytes([b]) for b in (WORD + USAGE + DONE).replace(b"\n", b"\r\n")))), FINE),
    "a byte order mark": (play(stream(b"\xef\xbb\xbf" + WORD, USAGE, DONE)), FINE),
    "invalid UTF-8 in a word": (play(stream(WORD.replace(b"Hello", b"H\xff"), USAGE, DONE)), FINE),
    "invalid UTF-8 in the usage": (play(stream(WORD, USAGE.replace(b'"c"', b'"\xff"'), DONE)), UNREPORTED),
    "no space after data": (play(stream(*(e.replace(b"data: ", b"data:") for e in (WORD, USAGE, DONE)))), FINE),
    "no end but usage": (play(stream(WORD, USAGE)), FINE),
    "no end and no usage": (play(stream(WORD)), told(NO_ANSWER)),
    "the end without a blank line": (play(stream(WORD, USAGE, DONE.strip())), FINE),
    "nothing at all": (play(stream()), told(NO_ANSWER)),
    "no usage": (play(stream(WORD, DONE)), UNREPORTED),
    "usage below zero": (play(stream(WORD, event(choices=[], usage=tokens(-7, 5)), DONE)), UNREPORTED),
    "usage in words": (play(stream(WORD, event(choices=[], usage=tokens("7", "5")), DONE)), UNREPORTED),
    "usage beside every word": (play(stream(event(choices=[{}], usage=tokens(7, 1)), USAGE, DONE)), FINE),
    "usage after the end": (play(stream(WORD, DONE, USAGE)), UNREPORTED),
    "words after the end": (forever(stream(WORD, USAGE, DONE, whole=False), chunk(WORD), 0.01), FINE),
    "an error in place of words": (play(stream(event(error={"message": "Overloaded."}), DONE)), MIDWAY),
    "an error after words": (play(stream(WORD, event(error={"message": "Overloaded."}))), MIDWAY),
    "an error as a text": (play(stream(WORD, event(error="no"), DONE)), MIDWAY),
    "an error after the usage": (
        play(stream(WORD, USAGE, event(error={"code": 5}))), MIDWAY._replace(outcome="upstream_error", out=5),
    ),
    "a typed error": (play(stream(WORD, event(type="error", message="Overloaded."), DONE)), MIDWAY),
    "closed before an event": (play(stream(whole=False), "close"), told(CUT)),
    "closed in an event": (play(stream(WORD[:9], whole=False), "close"), told(CUT)),
    "closed after a word": (play(stream(WORD, whole=False), "close"), told(CUT)),
    "closed after the usage": (play(stream(WORD, USAGE, whole=False), "close"), told(CUT)),
    "reset after a word": (play(stream(WORD, whole=False), 0.2, "reset"), told(CUT)),
    "reset after the end": (play(stream(WORD, USAGE, DONE, whole=False), 0.2, "reset"), FINE),
    "garbage between chunks": (play(stream(WORD, whole=False), 0.3, b"zz\r\n"), told(CUT)),
    "silent after a word": (play(stream(WORD, whole=False), 30.0), told(SILENT)),
    "drips comments for ever": (forever(stream(WORD, whole=False), chunk(b": x\n\n"), 0.2), told(SILENT)),
    "a line without end": (forever(stream(whole=False), chunk(BIG)), told(NO_ANSWER)),
    "a line of a megabyte": (play(stream(b": " + b"x" * (1 << 20) + b"\n\n", WORD, USAGE, DONE)), FINE),
    "JSON for a stream": (play(answer(FULL)), NO_ANSWER),
    "HTML for a stream": (play(stream(b"<p>", head=CHUNKED.replace("event-stream", "html"))), NO_ANSWER),
    "gzip that nobody asked for": (play(stream(b"\x1f\x8b\x08\x00", head=f"{CHUNKED}\r\n{GZIP}")), NO_ANSWER),
    "closes at once": (play("close"), CUT),
    "503": (refusing("503 Unavailable"), failing(503)),
}  # fmt: skip
WAYS = {f"whole: {name}": row for name, row in WHOLE.items()} | {
    f"streamed: {name}": row for name, row in STREAMED.items()
}

# Who is called on a connection that a host is about to close never reaches it: nobody may be, before it is closed.
ALONE = "whole: then closed"


class Seen(NamedTuple):
    status: int
    body: str
    call_id: str

    @property
    def code(self) -> str:
        """Of the error in the body, or in the stream's last event."""
        text = self.body.strip().rpartition("data: ")[2]
        try:
            found = json.loads(text)
        except ValueError:
            return "" if text == "[DONE]" else f"neither an end nor an error: {text[-200:]!r}"
        return str(found["error"]["code"]) if "error" in found else ""


@pytest.fixture
def gateway(tmp_path: Path, committed: Urls) -> Iterator[processes.Server]:
    settings = {
        "GATEWAY_FIRST_BYTE_S": "3",
        "GATEWAY_SILENCE_S": "3",
        "GATEWAY_CALL_S": "6",
        "GATEWAY_CONNECT_S": "2",
        "GATEWAY_BREAKER_FAILURES": "0",
    }
    with processes.gateway(tmp_path, committed.gateway_url, **settings) as server:
        yield server


def test_every_way_ends_in_one_row_one_outcome_and_clear_words(gateway: processes.Server) -> None:
    assert len(WAYS) >= 80
    with scripted({name: way for name, (way, _) in WAYS.items()}) as host:
        at = make.host("odd", calling_base_url=f"{host.url}/v1", is_sandbox=True)
        offer = make.offer("odd", at=at, of=make.model("odd", by=make.publisher("odd")))
        _, secret = make.key(make.grant(offer=offer, limits={"tokens_per_month": 10**9, "rpm": 10_000}))
        ask(gateway, secret, "whole: as it should be")
        before = resident_mb(gateway)
        seen = {ALONE: ask(gateway, secret, ALONE)}
        assert host.ended.get(timeout=30) == ALONE
        others = [name for name in WAYS if name != ALONE]
        with ThreadPoolExecutor(8) as callers:
            seen |= zip(others, callers.map(lambda name: ask(gateway, secret, name), others), strict=True)
    assert len(booked(len(WAYS) + 1)) == len(WAYS) + 1
    rows = {row.call_id: row for row in UsageEvent.objects.all()}
    wrong = {
        name: (found, wanted)
        for name, (_, wanted) in WAYS.items()
        if (found := outcome(seen[name], rows[seen[name].call_id])) != wanted
    }
    assert wrong == {}
    assert sorted(host.seen) == sorted([*WAYS, "whole: as it should be"])
    assert resident_mb(gateway) - before < MOST_GROWTH_MB
    assert nothing_held()
    assert [proof.differing for proof in verify()] == [[]] * 5


def ask(gateway: processes.Server, secret: str, name: str) -> Seen:
    body = question(name, model="odd/odd", stream=name.startswith("streamed"), max_tokens=MOST_OUT)
    request = urllib.request.Request(
        gateway.url + URL_PATH, json.dumps(body).encode(), {"authorization": f"Bearer {secret}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answered:
            return seen_in(answered)
    except urllib.error.HTTPError as error:
        with error:
            return seen_in(error)


def seen_in(answered: Any) -> Seen:
    return Seen(
        answered.status, answered.read().decode(errors="replace"), answered.headers["x-foundry-call-id"]
    )


def outcome(seen: Seen, row: UsageEvent) -> Wanted:
    return Wanted(seen.status, seen.code, row.outcome, row.code, row.tokens_out)


def resident_mb(server: processes.Server) -> int:
    """The most memory that the process has ever had."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


BEFORE: dict[str, Play] = {
    "answers TLS with text": play(b"HTTP/1.1 400 Bad Request\r\n\r\n", "close"),
    "never shakes hands": play(30.0),
}


@pytest.mark.parametrize("name", BEFORE)
def test_what_fails_before_the_call_is_sent_costs_nothing(gateway: processes.Server, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                try:
                    BEFORE[name](connection)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/v1"
        at = make.host("odd", calling_base_url=url, is_sandbox=True)
        offer = make.offer("odd", at=at, of=make.model("odd", by=make.publisher("odd")))
        _, secret = make.key(make.grant(offer=offer, limits={"tokens_per_month": 10**9}))
        seen = ask(gateway, secret, "whole")
    (row,) = booked(1)
    assert outcome(seen, row) == Wanted(
        502, "upstream_unreachable", "upstream_error", "upstream_unreachable", 0
    )
    assert row.cost_nanos == 0
    assert nothing_held()
