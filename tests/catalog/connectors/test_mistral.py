"""Mistral lists a model once for every name; here it is one offer under the name that does not move."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from catalog.connectors.base import Listing, OfferRow, Page
from catalog.connectors.reading import join
from catalog.models import Offer
from tests.catalog import syncing
from tests.catalog.connectors.speaking import Speaking, host_of
from tests.fakes.listing import Bench, payload
from tests.fakes.provider import Reply, always, serve, told

GOOD = payload("mistral", "models")
ROWS: list[dict[str, Any]] = GOOD["data"]
BENCH = Bench(
    "mistral",
    always(told(GOOD)),
    more={
        "every row twice": always(told({"data": ROWS * 2})),
        "only the first rows": always(told({"data": ROWS[:2]})),
        "rows without ids": always(
            told({"data": [{k: v for k, v in row.items() if k != "id"} for row in ROWS]})
        ),
        "other models": always(told({"data": [{"id": f"other-{number}"} for number in range(7)]})),
        "an error beside the rows": always(told(GOOD | {"error": {"type": "server_error"}})),
        "a list that says there is more": always(told(GOOD | {"has_more": True})),
        "rows under another name": always(told({"models_v2": ROWS})),
        "an answer of an auth proxy": always(Reply(b'{"detail": "Invalid API Key"}')),
    },
)


class TestMistral(Speaking):
    bench = BENCH


def read(*rows: Any) -> Listing:
    return join([BENCH.connector().read(Page("u", json.dumps({"object": "list", "data": rows}).encode()))])


def offer(key: str) -> OfferRow:
    return next(row for row in read(*ROWS).offers if row.key == key)


def only(**row: Any) -> OfferRow:
    [found] = read({"id": "m"} | row).offers
    return found


def test_each_model_is_one_offer_however_many_names_it_has() -> None:
    listing = read(*ROWS)
    assert [row.key for row in listing.offers] == [
        "mistral-medium-2508",
        "mistral-medium-2505",
        "codestral-2508",
        "voxtral-mini-2507",
        "labs-mistral-small-creative",
        "ft:open-mistral-7b:contoso:20250801:ab12cd34",
    ]
    assert (listing.problems, listing.complete, {row.publisher for row in listing.offers}) == (
        (),
        True,
        {"mistral"},
    )


def test_its_other_names_are_told_together() -> None:
    assert offer("mistral-medium-2508").capabilities["aliases"] == "mistral-medium, mistral-medium-latest"
    assert "aliases" not in offer("mistral-medium-2505").capabilities


@pytest.mark.parametrize("order", [1, -1])
def test_whichever_name_comes_first_the_offer_is_the_same(order: int) -> None:
    listing = read(*ROWS[:2][::order])
    assert [row.key for row in listing.offers] == ["mistral-medium-2508"]
    assert (listing.problems, listing.complete) == ((), True)


def test_a_model_listed_under_a_moving_name_alone_has_its_dated_one() -> None:
    row = offer("codestral-2508")
    assert (row.host_model_id, row.capabilities["aliases"]) == ("codestral-2508", "codestral-latest")


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ({"id": "a-latest", "name": "A Large 3", "aliases": ["a-2512"]}, "a-2512"),
        ({"id": "a-2512", "name": "A Large 3", "aliases": ["a-latest"]}, "a-2512"),
        ({"id": "a-latest", "name": "A", "aliases": ["a"]}, "a"),
        ({"id": "a-latest", "aliases": []}, "a-latest"),
        ({"id": "a", "name": "b", "aliases": ["b", "c"]}, "b"),
        ({"id": "a", "name": None, "aliases": [None, 3]}, "a"),
    ],
)
def test_the_name_that_does_not_move_is_found(row: dict[str, Any], key: str) -> None:
    assert [each.key for each in read(row).offers] == [key]


def test_a_name_that_moves_on_leaves_the_old_model_where_it_is() -> None:
    before = read({"id": "a-2411", "aliases": ["a-latest"]}, {"id": "a-latest", "aliases": ["a-2411"]})
    after = read({"id": "a-2411", "aliases": []}, {"id": "a-2512", "aliases": ["a-latest"]})
    assert [row.key for row in before.offers] == ["a-2411"]
    assert [row.key for row in after.offers] == ["a-2411", "a-2512"]


def test_an_announced_end_makes_a_model_deprecated_until_then() -> None:
    row = offer("mistral-medium-2505")
    assert (row.lifecycle, row.lifecycle_told) == ("deprecated", "deprecation")
    assert row.retires_at == datetime(2026, 8, 31, 12, tzinfo=UTC)


def test_a_successor_is_told_under_its_fixed_name() -> None:
    assert offer("mistral-medium-2505").successor_told == "mistral-medium-2508"
    assert (
        only(deprecation="2026-08-31", deprecation_replacement_model="elsewhere").successor_told
        == "elsewhere"
    )


@pytest.mark.django_db
def test_a_successor_is_linked() -> None:
    with serve(BENCH.answers) as provider:
        syncing.run(host_of(BENCH, provider.url))
    old = Offer.objects.select_related("successor").get(key="mistral-medium-2505")
    assert old.successor is not None
    assert old.successor.key == "mistral-medium-2508"


def test_what_is_experimental_is_a_preview() -> None:
    row = offer("labs-mistral-small-creative")
    assert (row.lifecycle, row.lifecycle_told) == ("preview", "labs")


def test_what_a_model_can_do_is_told_both_ways() -> None:
    told_of = offer("codestral-2508").capabilities
    assert (told_of["completion_fim"], told_of["vision"]) == ("true", "false")
    assert offer("codestral-2508").modalities == ("text",)
    assert offer("voxtral-mini-2507").modalities == ("audio", "text")
    assert offer("mistral-medium-2508").modalities == ("image", "text")
    assert offer("codestral-2508").context_tokens == 256_000


def test_a_tuned_model_names_what_it_was_tuned_from() -> None:
    told_of = offer("ft:open-mistral-7b:contoso:20250801:ab12cd34").capabilities
    assert (told_of["fine_tuned_from"], "archived" in told_of) == ("open-mistral-7b", False)


@pytest.mark.parametrize("capabilities", [None, [], "chat", {"vision": "yes"}, {"vision": None}])
def test_capabilities_of_another_shape_are_unknown(capabilities: Any) -> None:
    assert (
        dict(only(capabilities=capabilities).capabilities),
        only(capabilities=capabilities).modalities,
    ) == ({}, ())


@pytest.mark.parametrize(
    "row", [None, 3, {}, {"id": ""}, {"id": 4}, {"id": "m", "deprecation": "soon"}, {"id": "m\x00"}]
)
def test_a_bad_row_fails_alone(row: Any) -> None:
    listing = read(row, {"id": "good"})
    assert ([each.key for each in listing.offers], listing.rejected) == (["good"], 1)
    assert listing.problems[0].why


def test_a_bare_array_is_a_listing_too() -> None:
    page = Page("u", json.dumps(ROWS).encode())
    assert join([BENCH.connector().read(page)]) == read(*ROWS)


def test_the_check_says_how_many_models_the_key_sees() -> None:
    with serve(BENCH.answers) as provider:
        assert "7 models" in BENCH.checked(provider.url)
