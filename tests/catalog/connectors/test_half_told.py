"""A host that says that it failed has not told everything, whatever rows stand beside that."""

import json
from typing import Any

import pytest

from catalog.connectors.base import Connection, Listing, ListingBroken, Page
from catalog.connectors.google import Google
from catalog.connectors.openai_compatible import OpenAICompatible
from catalog.models import Offer
from tests.catalog import syncing
from tests.fakes.provider import serve, told

ROWS = [{"id": f"m-{n}"} for n in range(30)]
FAILED: dict[str, dict[str, Any]] = {
    "an error": {"error": {"code": "upstream"}},
    "a list of errors": {"errors": [{"code": "upstream", "message": "shard 3 failed"}]},
    "errors by name": {"errors": {"shard-3": "failed"}},
    "no success": {"success": False},
    "a part": {"partial": True},
}


def read(content: Any, kind: type = OpenAICompatible, number: int = 1) -> Listing:
    listing: Listing = kind(Connection("https://host.example", {})).read(
        Page("u", json.dumps(content).encode(), number=number)
    )
    return listing


@pytest.mark.parametrize("name", sorted(FAILED))
def test_a_failure_beside_the_rows_breaks_the_page(name: str) -> None:
    with pytest.raises(ListingBroken, match="error inside a success"):
        read({"data": ROWS} | FAILED[name])


@pytest.mark.parametrize("fine", [{"error": None}, {"errors": []}, {"success": True}, {"partial": False}])
def test_what_says_that_nothing_failed_is_read(fine: dict[str, Any]) -> None:
    assert len(read({"data": ROWS} | fine).offers) == 30


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(FAILED))
def test_few_missing_rows_beside_a_failure_retire_nothing(name: str) -> None:
    with serve(lambda path: told({"data": ROWS})) as provider:
        host = syncing.compatible(provider.url)
        syncing.run(host)
        provider.script = lambda path: told({"data": ROWS[:26]} | FAILED[name])
        run = syncing.run(host)
    assert run.state == "quarantined"
    assert Offer.objects.filter(gone_at=None).count() == 30


def test_a_word_for_a_stage_that_is_not_known_rejects_its_row_where_dates_stand() -> None:
    rows = [
        {"id": "a", "state": "sunset", "eol_date": "2027-01-01"},
        {"id": "b", "state": "loaded"},
        {"id": "c"},
    ]
    listing = read({"data": rows})
    assert [(row.key, row.lifecycle, row.lifecycle_told) for row in listing.offers] == [
        ("b", "generally_available", "loaded"),
        ("c", "generally_available", ""),
    ]
    assert "sunset" in listing.problems[0].why


def test_a_page_in_the_middle_may_leave_its_empty_list_out() -> None:
    assert read({"nextPageToken": "B"}, Google, 2) == Listing(more=True)
    for page in (({}, 2), ({"nextPageToken": "B"}, 1)):
        with pytest.raises(ListingBroken):
            read(page[0], Google, page[1])
