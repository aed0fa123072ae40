"""A gateway in front of a sandbox, and a grant to call."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalog.models import Offer
from tests import make, processes
from tests.servers import Urls


@dataclass(slots=True)
class World:
    """:ivar offer: of the sandbox, at $3 and $15 per million tokens."""

    folder: Path
    urls: Urls
    sandbox: processes.Server
    gateway: processes.Server
    offer: Offer


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[processes.Server]:
    with processes.sandbox(tmp_path) as server:
        yield server


@pytest.fixture
def offer(committed: Urls, sandbox: processes.Server) -> Offer:
    host = make.host("sandbox", calling_base_url=f"{sandbox.url}/v1", is_sandbox=True)
    return make.offer("echo", at=host, of=make.model("echo", by=make.publisher("sandbox")))


@pytest.fixture
def world(tmp_path: Path, committed: Urls, sandbox: processes.Server, offer: Offer) -> Iterator[World]:
    with processes.gateway(tmp_path, committed.gateway_url) as gateway:
        yield World(tmp_path, committed, sandbox, gateway, offer)
