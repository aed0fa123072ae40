"""No broken listing takes anything away: each ends its run with a reason and changes no offer.

What happened elsewhere: an empty or failed listing wiped models, a degraded answer with status 200 counted as
success, unread pages became false removals.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import CapacityPool, Change, Offer, Price
from tests.catalog import syncing
from tests.fakes.azure import payload, region
from tests.fakes.provider import HTML, Reply, Script, always, serve, told

pytestmark = pytest.mark.django_db
PASS = Reply(status=404)


def on(part: str, reply: Reply | Callable[[str], Reply]) -> Script:
    """Answer so where the path holds `part`; the rest is as usual."""
    return lambda path: (reply(path) if callable(reply) else reply) if part in path else PASS


def first_page(path: str) -> bool:
    return "/models" in path and "skiptoken" not in path


def page(change: Callable[[dict[str, Any]], Any]) -> Script:
    """The first page of models, changed, without a link to the second unless the change makes one."""
    return lambda path: told(change(payload("models_page_1"))) if first_page(path) else PASS


WHOLE = json.dumps(payload("models_page_1")).encode()
SECOND = "skiptoken"
AZURE: dict[str, Script] = {
    "HTML with status 200": on("/models", HTML),
    "an empty body": on("/models", Reply(b"")),
    "JSON cut in half": on("/models", Reply(WHOLE[: len(WHOLE) // 2])),
    "a connection that breaks": on("/models", Reply(WHOLE, cut_after=500)),
    "an empty listing": on("/models", told({"value": []})),
    "null for rows": on("/models", told({"value": None})),
    "an error in a 200": on("/models", told({"error": {"code": "AuthorizationFailed"}})),
    "a bare text": on("/models", told("busy")),
    "only the first page": page(lambda body: {"value": body["value"][:1]}),
    "a page of other models": page(lambda body: {"value": [renamed(row) for row in body["value"]]}),
    "status 500": on("/models", Reply(status=500)),
    "status 503": on("/models", Reply(status=503)),
    "status 401": on("/models", Reply(status=401)),
    "status 403": on("/models", Reply(status=403)),
    "status 429 for an hour": on("/models", Reply(status=429, headers={"retry-after": "3600"})),
    "page 2 is missing": on(SECOND, Reply(status=410)),
    "page 2 fails": on(SECOND, Reply(status=500)),
    "page 2 is HTML": on(SECOND, HTML),
    "page 2 is cut": on(SECOND, Reply(WHOLE[:900])),
    "page 2 is page 1 again": on(SECOND, told(payload("models_page_1"))),
    "page 2 links to nowhere": on(SECOND, told(payload("models_page_2") | {"nextLink": "LOOP"})),
    "page 2 is on another server": page(lambda body: body | {"nextLink": "http://169.254.169.254/models"}),
    "the next link is a number": page(lambda body: body | {"nextLink": 7}),
    "every row twice": page(lambda body: {"value": body["value"] * 2}),
    "every row broken": page(lambda body: {"value": [{"kind": row["kind"]} for row in body["value"]] * 2}),
    "the quotas are HTML": on("/usages", HTML),
    "the quotas are empty": on("/usages", told({"value": []})),
    "the quotas fail": on("/usages", Reply(status=500)),
    "a redirect away": on("/models", Reply(status=302, headers={"location": "http://10.0.0.1/"})),
    "bytes that are no text": on("/models", Reply(b"\xff\xfe\x00")),
    "a slow drip": on("/models", Reply(WHOLE, drip_s=0.01)),
    "a body without end": on("/models", Reply(b'{"value": ["' + b"x" * 2**21)),
}  # fmt: skip


def renamed(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "model": {**row["model"], "name": "other-" + row["model"]["name"]}}


def supply() -> list[Any]:
    """Everything that a listing could change."""
    return [list(model.objects.order_by("pk").values()) for model in (Offer, Price, CapacityPool)]


@pytest.mark.parametrize("name", AZURE)
def test_a_broken_listing_of_azure_takes_nothing_away(name: str) -> None:
    with region() as azure:
        host = syncing.azure(azure.url)
        assert syncing.run(host).state == "succeeded"
        before = supply()
    with region(AZURE[name]) as azure:
        host.listing_base_url = azure.url
        host.save()
        run = syncing.run(host)
    assert run.state in {"quarantined", "failed"}, run.problems
    assert run.problems
    assert all(problem["why"] for problem in run.problems)
    assert (run.new, run.changed, run.gone) == (0, 0, 0)
    assert supply() == before
    assert not Change.objects.filter(kind="gone", state="applied").exists()


COMPATIBLE: dict[str, Reply] = {
    "HTML": HTML,
    "empty": Reply(b""),
    "no rows": told({"data": []}),
    "an error in a 200": told({"error": {"message": "overloaded"}}),
    "a third of the models": told({"data": [{"id": f"m{n}"} for n in range(4)]}),
    "duplicate ids": told({"data": [{"id": f"m{n}"} for n in range(12)] * 2}),
    "more that is not told": told({"data": [{"id": f"m{n}"} for n in range(12)], "has_more": True}),
    "rows without ids": told({"data": [{"object": "model"} for _ in range(12)]}),
    "other models": told({"data": [{"id": f"other{n}"} for n in range(12)]}),
    "cut": Reply(b'{"data": [{"id": "m0"}, {"id"'),
    "500": Reply(status=500),
    "401": Reply(status=401),
}


@pytest.mark.parametrize("name", COMPATIBLE)
def test_a_broken_compatible_listing_takes_nothing_away(name: str) -> None:
    good = told({"data": [{"id": f"m{n}"} for n in range(12)]})
    with serve(always(good)) as provider:
        host = syncing.compatible(provider.url)
        syncing.run(host)
        before = supply()
        provider.script = always(COMPATIBLE[name])
        run = syncing.run(host)
    assert run.state in {"quarantined", "failed"}, run.problems
    assert run.problems
    assert supply() == before


def test_the_next_good_listing_is_taken_again() -> None:
    with region(on("/models", HTML)) as azure:
        host = syncing.azure(azure.url)
        assert syncing.run(host).state == "quarantined"
        azure.script = always(HTML)
    with region() as azure:
        host.listing_base_url = azure.url
        host.save()
        assert syncing.run(host).state == "succeeded"


def test_the_problem_says_what_was_seen_and_what_to_do() -> None:
    with region(on("/models", HTML)) as azure:
        [problem] = syncing.run(syncing.azure(azure.url)).problems
    assert problem["where"] == "models, page 1"
    assert "web page" in problem["why"]
    assert "Check the base URL" in problem["why"]


def test_missing_offers_of_a_doubted_listing_wait_once_however_often_it_is_told() -> None:
    with serve(always(told({"data": [{"id": f"m{n}"} for n in range(12)]}))) as provider:
        host = syncing.compatible(provider.url)
        syncing.run(host)
        provider.script = always(told({"data": [{"id": "m0"}, {"id": "m1"}]}))
        syncing.run(host)
        syncing.run(host)
    waiting = Change.objects.filter(state="waiting", kind="gone")
    assert waiting.count() == 10
    assert "2 of 12 came, 10 missing" in waiting[0].why_risky
