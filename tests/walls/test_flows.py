"""The table of flows cannot lie: every test and door that it names exists, and the page of it says the same."""

import importlib
import inspect

import pytest

from tests.walls.doors import DOORS
from tests.walls.flows import FLOWS, PAGE, Flow, page

BY_API = ("api(", "/api/v1")
REFUSALS = {"400", "403", "404"}


def found(test: str) -> tuple[object, str]:
    """The function's module and the function's source. Fails where there is no such test."""
    path, _, name = test.partition("::")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    function = getattr(module, name, None)
    assert name.startswith("test_"), name
    assert inspect.isfunction(function), f"{test} is gone"
    assert function.__module__ == module.__name__
    return module, inspect.getsource(function)


def callers(module: object) -> list[str]:
    """Helpers of the module that ask the API, as a test would call them."""
    named = inspect.getmembers(module, inspect.isfunction)
    return [
        f"{name}(" for name, function in named
        if not name.startswith("test_") and any(sign in inspect.getsource(function) for sign in BY_API)
    ]  # fmt: skip


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_each_flow_is_done_in_a_browser_refused_at_a_door_and_done_by_api(flow: Flow) -> None:
    assert flow.browser
    assert flow.doors
    assert bool(flow.api) != bool(flow.no_api)
    for test in flow.browser:
        module, _ = found(test)
        marks = {mark.name for mark in getattr(module, "pytestmark", [])}
        assert "browser" in marks, f"{test} runs in no browser"
    for test in flow.api:
        module, source = found(test)
        assert any(sign in source for sign in [*BY_API, *callers(module)]), f"{test} does not use the API"
    doors = {f"{door.method} {door.name}": door.answers for door in DOORS}
    for door in flow.doors:
        nobody, *others = doors[door].split()
        assert nobody in {"302", "401", "404"}, f"{door} lets strangers in"
        assert REFUSALS & {*others} or others.count("302") > 5, f"{door} refuses nobody who is signed in"


def test_no_flow_is_named_twice_and_the_page_says_the_same() -> None:
    assert len({flow.name for flow in FLOWS}) == len(FLOWS)
    assert PAGE.read_text() == page(), "write it anew: python -m tests.walls.flows"
