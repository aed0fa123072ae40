"""One call from the grant's page: answered, metered, and nothing of key, prompt or answer is found anywhere after."""

from pathlib import Path

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from tests import make
from tests.foundry.web.markup import faults
from tests.people import browser
from tests.tenants.gateway.conftest import World

CANARY = "canary-7f3a9c51"


def found_in_database(word: str) -> list[str]:
    """Tables, in any schema of ours, with a row that holds the word."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public'"
        )
        tables = [row[0] for row in cursor.fetchall()]
        assert len(tables) > 50
        hits = []
        for table in tables:
            cursor.execute(f"SELECT EXISTS (SELECT FROM {table} t WHERE t::text LIKE %s)", [f"%{word}%"])
            hits += [table] if cursor.fetchone() == (True,) else []
    return hits


def found_in_files(folder: Path, word: str) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


@pytest.mark.slow
def test_a_call_is_tried_and_nothing_of_it_is_kept(
    world: World, settings: Settings, caplog: pytest.LogCaptureFixture, redis_url: str
) -> None:
    settings.GATEWAY_URL = world.gateway.url
    caplog.set_level("DEBUG")
    grant = make.grant(offer=world.offer, limits={"rpm": 100, "usd_per_month": 10**10})
    _, secret = make.key(grant)
    owner = browser(make.owner_of(grant.team))
    sent = {"key": secret, "prompt": f"Repeat {CANARY}"}
    page = owner.post(f"/grants/{grant.pk}/try/", sent).content.decode()
    assert faults(page) == []
    assert "It answered." in page
    assert page.count(CANARY) >= 1
    assert "tokens in" in page
    assert secret not in page
    refused = owner.post(
        f"/grants/{grant.pk}/try/", {"key": secret[:-4] + "AAAA", "prompt": CANARY}
    ).content.decode()
    assert "Refused with 401." in refused
    wrong = owner.post(f"/grants/{grant.pk}/try/", {"key": f"hunter2 {CANARY}", "prompt": "x"})
    assert (wrong.status_code, "That is no key." in wrong.content.decode()) == (400, True)
    assert wrong.content.decode().count("Paste the whole of it") == 1
    world.gateway.stop()
    for word in (CANARY, secret):
        assert found_in_database(word) == []
        assert word not in caplog.text
        assert found_in_files(world.folder / "spool", word) == []
        assert word not in world.gateway.log.read_text()
    assert found_in_database("console-try"), "the search finds what is there"


def test_a_gateway_that_is_down_is_said(db: None, settings: Settings, redis_url: str) -> None:
    settings.GATEWAY_URL = "http://127.0.0.1:1"
    grant = make.grant()
    _, secret = make.key(grant)
    page = browser(make.owner_of(grant.team)).post(f"/grants/{grant.pk}/try/", {"key": secret, "prompt": "x"})
    assert "did not answer" in page.content.decode()
    assert secret not in page.content.decode()
