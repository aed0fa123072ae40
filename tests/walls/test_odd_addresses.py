"""No text that somebody puts into an address makes a 500: NULs, digits that are no numbers, numbers without end."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator

from tests.people import browser
from tests.walls.doors import DOORS
from tests.walls.world import World

pytestmark = pytest.mark.xdist_group("doors")
ROOT = Path(__file__).resolve().parents[2]
ODD = [
    pytest.param("\x00", id="nul"),
    pytest.param("²", id="superscript", marks=pytest.mark.slow),
    pytest.param("9" * 30, id="huge", marks=pytest.mark.slow),
]
READS = [door for door in DOORS if door.method == "get"]
NAMES = sorted(
    {
        name
        for room in ("foundry", "catalog", "tenants")
        for path in (ROOT / room).rglob("*.py")
        for name in re.findall(r"(?:GET|query_params|asked|query)\.get(?:list)?\(\"(\w+)\"", path.read_text())
    }
)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield World.make()
        transaction.set_rollback(True)


def asked(world: World, url: str, params: dict[str, str]) -> int:
    client = browser(world.people["ada"], raise_request_exception=False)
    with transaction.atomic():
        status = int(client.get(url, params).status_code)
        transaction.set_rollback(True)
    return status


@pytest.mark.parametrize("value", ODD)
def test_no_page_or_route_breaks_on_an_odd_text_behind_its_address(world: World, value: str) -> None:
    broken = [
        door.name
        for door in READS
        if asked(world, door.url(world), dict.fromkeys(NAMES, value) | door.body(world)) >= 500
    ]
    assert broken == []


@pytest.mark.parametrize("value", ODD)
def test_no_list_of_the_api_breaks_on_an_odd_text_in_what_narrows_it(world: World, value: str) -> None:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    broken = [
        f"{path}?{each['name']}"
        for path, methods in paths.items()
        if "get" in methods and "{" not in path and not path.endswith("schema/")
        for each in methods["get"].get("parameters", [])
        if each["in"] == "query" and asked(world, path, {each["name"]: value}) >= 500
    ]
    assert broken == []


@pytest.mark.parametrize("value", ODD)
def test_no_text_in_a_path_breaks_it(world: World, value: str) -> None:
    broken = []
    for door in READS:
        url = door.url(world)
        parts = {str(door.read(where, world)) for where in door.at.values()}
        for part in parts:
            changed = url.replace(f"/{part}/", f"/{value}/".replace("\x00", "%00"))
            if changed != url and asked(world, changed, {}) >= 500:
                broken.append(changed)
    assert broken == []


def test_a_nul_is_said_to_be_what_is_wrong(world: World) -> None:
    assert asked(world, "/catalog/xai/%00/", {}) == 404
    client = browser(world.people["ada"])
    told = client.get("/api/v1/limits/?team=%00")
    assert (told.status_code, "NUL" in told.json()["detail"]) == (400, True)
    assert "NUL" in client.get("/keys/?team=%00").content.decode()
