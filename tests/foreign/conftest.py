"""A gateway in front of a host that nobody here wrote, with grants to its models."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pytest_django import DjangoDbBlocker

from catalog.models import Offer
from foundry.lib import secrets
from tests import make, processes
from tests.conftest import own_database
from tests.foreign import install
from tests.foreign.host import CREDENTIAL, foreign_host
from tests.foreign.tap import Tap

pytest.register_assert_rewrite("tests.foreign.both")
MODELS = {"openai": ("gpt-4o", "text-embedding-3-small"), "anthropic": ("claude-foreign-1",)}
FAR = {"rpm": 1_000, "tpm": 10**7, "tokens_per_day": 10**7, "usd_per_month": 10**12}


@dataclass(frozen=True, slots=True)
class World:
    """:ivar secret: of a key that may call every offer."""

    host: Tap
    gateway: processes.Server
    offers: dict[str, Offer]
    secret: str


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tap]:
    try:
        install.ready("host")
    except install.Unreachable as why:
        pytest.skip(f"not run: {why}")
    with foreign_host(tmp_path_factory.mktemp("foreign")) as started:
        yield started


@pytest.fixture(scope="module")
def world(
    host: Tap, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A gateway for all tests of a file; each of them looks at its own calls."""
    folder = tmp_path_factory.mktemp("gateway")
    with own_database(django_db_blocker, folder) as database:
        offers, secret = supply(host)
        with processes.gateway(folder, database.gateway_url) as gateway:
            yield World(host, gateway, offers, secret)


def supply(host: Tap) -> tuple[dict[str, Offer], str]:
    """One host per dialect, as an admin connects it, and the key of an application that may call all of it."""
    team, offers = make.team(), {}
    application = make.application(team)
    for connector, models in MODELS.items():
        connected = make.host(
            connector,
            connector=connector,
            calling_base_url=f"{host.url}/v1",
            calling_credential=secrets.encrypt(CREDENTIAL),
            trusted_networks=["127.0.0.0/8"],
        )
        for name in models:
            offer = make.offer(at=connected, of=make.model(name, by=make.publisher(connector)))
            offers[name] = offer
            grant = make.grant(of=team, app=application, offer=offer, limits=FAR)
    return offers, make.key(grant)[1]
