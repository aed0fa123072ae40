"""What every test can ask for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.test import override_settings
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from tests import servers

hypothesis_settings.register_profile("soak")  # long histories: tests/tenants/access/test_as_of.py


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """The database is there: a clone of the migrated template, made before settings were read."""


@pytest.fixture
def redis_url() -> str:
    """This process's own Redis database, empty."""
    return empty_redis()


def empty_redis() -> str:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
    cache.clear()
    url: str = settings.REDIS_URL
    return url


@pytest.fixture
def committed(django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[servers.Urls]:
    """A database of its own in which commits are real; threads and other processes may join by its URLs."""
    with own_database(django_db_blocker, tmp_path) as database:
        yield database


@contextmanager
def own_database(blocker: DjangoDbBlocker, folder: Path) -> Iterator[servers.Urls]:
    """The same for a fixture that lives longer than one test. :param folder: gets the heads of its audit."""
    empty_redis()
    database = servers.clone_database()
    held = settings.DATABASES["default"]
    before = held["NAME"]
    connections.close_all()
    held["NAME"] = connections["default"].settings_dict["NAME"] = database.name
    with override_settings(AUDIT_HEADS_FILE=folder / "audit-heads.jsonl"), blocker.unblock():
        try:
            yield database
        finally:
            connections.close_all()
            held["NAME"] = connections["default"].settings_dict["NAME"] = before
            servers.drop_database(database)
