"""Every address × every kind of person × own and foreign rows has a declared answer.

`tests/walls/doors/` is the table. An address without a row fails here; so does a row without an address.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.people import browser
from tests.walls.doors import DOORS, Door
from tests.walls.world import KINDS, World

pytestmark = pytest.mark.xdist_group("doors")
READS, WRITES = ("get",), ("post", "put", "patch", "delete")


def addresses() -> set[tuple[str, str]]:
    """(method, name) of everything that can be asked for."""
    return {pair for pattern in walk(get_resolver().url_patterns, "") for pair in pattern}


def walk(patterns: list[Any], space: str) -> Iterator[set[tuple[str, str]]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from walk(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern):
            assert pattern.name, f"{pattern.pattern} has no name"
            yield {(method, space + pattern.name) for method in methods(pattern)}


def methods(pattern: URLPattern) -> tuple[str, ...]:
    """What a route of the API takes; pages are tried with GET, and with POST where a row says so."""
    actions = getattr(pattern.callback, "actions", None)
    if actions:
        return tuple(method for method in actions if method != "head")
    return ("page",)


def declared() -> set[tuple[str, str]]:
    return {("page" if ":" not in door.name else door.method, door.name) for door in DOORS}


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert addresses() - declared() == set(), "new addresses need a row in tests/walls/doors/"
    assert declared() - addresses() == set(), "rows of addresses that are gone"


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Made once, in a transaction that is never committed; each answer is rolled back to this."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield World.make()
        transaction.set_rollback(True)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.method} {door.name} {door.note}".strip())
def test_it_answers_each_kind_of_person_as_declared(door: Door, world: World) -> None:
    answers = [answer(door, kind, world) for kind in KINDS]
    assert " ".join(map(str, answers)) == door.answers, f"{KINDS}"


def answer(door: Door, kind: str, world: World) -> int:
    """The status for one kind of person; whatever was written is rolled back."""
    client = browser(world.people[kind], raise_request_exception=True)
    url, body = door.url(world), door.body(world)
    with transaction.atomic():
        status = send(client, door.method, url, body, json=":" in door.name)
        transaction.set_rollback(True)
    return status


def send(client: Client, method: str, url: str, body: dict[str, Any], *, json: bool) -> int:
    call = getattr(client, method)
    if method == "get":
        return int(call(url, body).status_code)
    return int((call(url, body, content_type="application/json") if json else call(url, body)).status_code)
