"""A region of Azure: the project's own two-page listing and its quotas, served over HTTP."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.provider import Provider, Reply, Script, serve, told

PAYLOADS = Path(__file__).resolve().parent.parent / "payloads" / "azure"


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


@contextmanager
def region(script: Script | None = None) -> Iterator[Provider]:
    """The region; `script` answers first and may leave a path to it by answering 404."""
    with serve(lambda path: Reply(status=404)) as provider:

        def answer(path: str) -> Reply:
            reply = script(path) if script else Reply(status=404)
            return listing(path, provider.url) if reply.status == 404 else reply

        provider.script = answer
        yield provider


def listing(path: str, base: str) -> Reply:
    """What Azure answers at `path`; the first page links to the second, as an address of its own."""
    parts = urlsplit(path)
    if "/providers/Microsoft.CognitiveServices/locations/" not in parts.path:
        return Reply(status=404)
    if parts.path.endswith("/usages"):
        return told(payload("usages"))
    if "$skiptoken" in parse_qs(parts.query):
        return told(payload("models_page_2"))
    first = payload("models_page_1")
    return told(first | {"nextLink": f"{base}{parts.path}?api-version=2025-06-01&$skiptoken=2"})
