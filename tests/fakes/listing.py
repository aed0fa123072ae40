"""A host on loopback that answers paths with payloads of the project, and bad answers where a test wants them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog.connectors.base import Connection, Kind, Listing
from catalog.connectors.reading import join
from catalog.connectors.registry import kind_of
from foundry.lib.addresses import networks
from foundry.lib.http import Bounds, GuardedClient
from tests.fakes.provider import HTML, Reply

PAYLOADS = Path(__file__).resolve().parent.parent / "payloads"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "payloads"
SECRET = "canary-credential"
LOOPBACK = ["127.0.0.1/32"]
QUICK = Bounds(body_bytes=2**20, deadline_s=1, connect_s=1, read_s=1, attempts=2)


def payload(kind: str, name: str) -> Any:
    return json.loads((PAYLOADS / kind / f"{name}.json").read_text())


@dataclass
class Bench:
    """A connector, and the listing that its host really tells: what each path (with its query) answers.

    :param path: where at the server the listing starts, as an admin enters it.
    :param last: part of the path of the page that comes last, to be lost or cut.
    :param more: broken listings of this kind alone, by what is wrong with them.
    :param credential: what an admin enters; `SECRET` is the part of it that travels in headers.
    """

    kind: str
    answers: Callable[[str], Reply]
    path: str = "/v1"
    last: str = "models"
    settings: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Callable[[str], Reply]] = field(default_factory=dict)
    credential: str = SECRET

    def connector(self, url: str = "https://host.example") -> Kind:
        return kind_of(self.kind)(Connection(url + self.path, self.settings, trusted=tuple(LOOPBACK)))

    def listing(self, url: str, bounds: Bounds = QUICK) -> Listing:
        """Everything that the host at `url` tells, asked for with the guarded client."""
        connector = self.connector(url)
        with self.client(url, bounds) as http:
            return join([connector.read(page) for page in connector.fetch(http)])

    def checked(self, url: str) -> str:
        """What the connector says of the credential."""
        with self.client(url) as http:
            return self.connector(url).check(http)

    def client(self, url: str, bounds: Bounds = QUICK) -> GuardedClient:
        connector = self.connector(url)
        return GuardedClient(
            url,
            headers=connector.headers(self.credential),
            sign=connector.signer(self.credential),
            trusted=networks(LOOPBACK),
            bounds=bounds,
        )

    def broken(self) -> dict[str, Callable[[str], Reply]]:
        """Listings that must change nothing, by what is wrong with them."""
        bad = {
            "HTML with status 200": HTML,
            "an empty body": Reply(b""),
            "a bare text": Reply(b'"busy"'),
            "null": Reply(b"null"),
            "an error in a 200": Reply(b'{"error": {"message": "overloaded", "code": 529}}'),
            "no rows": Reply(b'{"data": [], "models": [], "has_more": false}'),
            "bytes that are no text": Reply(b"\xff\xfe\x00"),
            "status 401": Reply(status=401),
            "status 403": Reply(status=403),
            "status 429 for an hour": Reply(status=429, headers={"retry-after": "3600"}),
            "status 500": Reply(status=500),
            "a redirect away": Reply(status=302, headers={"location": "http://10.0.0.1/"}),
        }
        everywhere = {name: self.always(reply) for name, reply in bad.items()}
        late = {"HTML with status 200", "an empty body", "status 500", "a bare text", "status 403"}
        at_last = {f"at last {name}": self.at_last(bad[name]) for name in late}
        own = dict(self.more)
        return (
            everywhere | at_last | own | {"a page cut in half": self.cut, "a line that breaks": self.breaks}
        )

    @staticmethod
    def always(reply: Reply) -> Callable[[str], Reply]:
        return lambda path: reply

    def at_last(self, reply: Reply) -> Callable[[str], Reply]:
        """As usual, but for the last page."""
        return lambda path: reply if self.last in path else self.answers(path)

    def cut(self, path: str) -> Reply:
        good = self.answers(path)
        return Reply(good.body[: len(good.body) // 2]) if self.last in path else good

    def breaks(self, path: str) -> Reply:
        good = self.answers(path)
        return Reply(good.body, cut_after=len(good.body) // 2) if self.last in path else good
