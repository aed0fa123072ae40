"""What every test can ask for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connections

from tests import servers


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """The database is there: a clone of the migrated template, made before settings were read."""


@pytest.fixture
def redis_url() -> str:
    """This process's own Redis database, empty."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
    cache.clear()
    url: str = settings.REDIS_URL
    return url


@pytest.fixture
def committed(
    django_db_blocker: object, redis_url: str, tmp_path: Path, settings: Any
) -> Iterator[servers.Urls]:
    """A database of its own in which commits are real; threads and other processes may join by its URLs."""
    settings.AUDIT_HEADS_FILE = tmp_path / "audit-heads.jsonl"
    database = servers.clone_database()
    held = settings.DATABASES["default"]
    before = held["NAME"]
    connections.close_all()
    held["NAME"] = connections["default"].settings_dict["NAME"] = database.name
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        try:
            yield database
        finally:
            connections.close_all()
            held["NAME"] = connections["default"].settings_dict["NAME"] = before
            servers.drop_database(database)
