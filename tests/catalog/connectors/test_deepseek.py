"""DeepSeek tells names and a balance; the balance is capacity, and may be below zero."""

import json
from decimal import Decimal
from typing import Any

import pytest

from catalog.connectors.base import Listing, ListingBroken, Page
from catalog.models import CapacityPool
from foundry.lib.http import BadAnswer
from tests.catalog import syncing
from tests.catalog.connectors.speaking import Speaking, host_of
from tests.fakes.listing import SHARED, Bench, payload
from tests.fakes.provider import Reply, Script, always, serve, told

BALANCE = payload("deepseek", "balance")


def answers(path: str) -> Reply:
    known = {"/models": "models", "/user/balance": "balance"}
    return told(payload("deepseek", known[path])) if path in known else Reply(status=404)


def balance(reply: Reply) -> Script:
    return lambda path: reply if path.endswith("/user/balance") else answers(path)


def models(*rows: Any) -> Script:
    return lambda path: told({"object": "list", "data": rows}) if path.endswith("/models") else answers(path)


BENCH = Bench(
    "deepseek",
    answers,
    path="",
    last="balance",
    more={
        "a balance without currencies": balance(told({"is_available": True})),
        "a balance that is a list of errors": balance(
            told({"error": {"message": "no"}, "balance_infos": []})
        ),
        "a balance that is refused": balance(Reply(status=402)),
        "both models twice": models(*payload("deepseek", "models")["data"] * 2),
        "two other models": models({"id": "a"}, {"id": "b"}),
        "rows without ids": models({"object": "model"}, {"object": "model"}),
    },
)


class TestDeepSeek(Speaking):
    bench = BENCH


def read(content: Any) -> Listing:
    return BENCH.connector().read(Page("u", json.dumps(content).encode(), "balance"))


def infos(*rows: Any, available: Any = True) -> Listing:
    return read({"is_available": available, "balance_infos": rows})


def test_an_id_is_enough() -> None:
    with serve(answers) as provider:
        listing = BENCH.listing(provider.url)
    assert [(row.key, row.publisher, row.lifecycle) for row in listing.offers] == [
        ("deepseek-chat", "deepseek", "generally_available"),
        ("deepseek-reasoner", "deepseek", "generally_available"),
    ]


def test_each_currency_is_a_pool_and_what_is_overdrawn_is_used_of_nothing() -> None:
    pools = {pool.name: (pool.unit, pool.maximum, pool.in_use, pool.label) for pool in read(BALANCE).pools}
    assert pools == {
        "balance CNY": ("CNY", Decimal(0), Decimal("0.04"), "Prepaid balance in CNY, 0.04 overdrawn"),
        "balance USD": ("USD", Decimal("14.59"), Decimal(0), "Prepaid balance in USD"),
    }
    assert {pool.tpm_per_unit for pool in read(BALANCE).pools} == {None}


@pytest.mark.django_db
def test_a_balance_is_stored_to_the_cent() -> None:
    with serve(answers) as provider:
        syncing.run(host_of(BENCH, provider.url))
    stored = {pool.name: (pool.maximum, pool.in_use) for pool in CapacityPool.objects.all()}
    assert stored == {
        "balance CNY": (Decimal(0), Decimal("0.04")),
        "balance USD": (Decimal("14.59"), Decimal(0)),
    }


def test_a_fraction_of_a_cent_is_never_promised() -> None:
    [pool] = infos({"currency": "USD", "total_balance": "1.999"}).pools
    assert pool.maximum == Decimal("1.99")


def test_a_balance_that_is_not_enough_is_told_and_the_models_stay() -> None:
    listing = infos({"currency": "USD", "total_balance": "0.00"}, available=False)
    assert "not enough for calls" in listing.problems[0].why
    assert (listing.rejected, listing.complete) == (0, True)


@pytest.mark.parametrize("available", [None, True, "yes"])
def test_only_a_clear_no_is_a_no(available: Any) -> None:
    assert infos({"currency": "USD", "total_balance": "1"}, available=available).problems == ()


@pytest.mark.parametrize("total", [None, "", "many", "NaN", "1e99", True, [], {}, "1,5"])
def test_a_balance_without_a_usable_amount_fails_alone(total: Any) -> None:
    listing = infos({"currency": "CNY", "total_balance": total}, {"currency": "USD", "total_balance": "1.00"})
    assert ([pool.unit for pool in listing.pools], listing.rejected) == (["USD"], 1)
    assert "total_balance" in listing.problems[0].why


def test_the_check_asks_for_the_balance_alone_and_says_what_is_left() -> None:
    with serve(answers) as provider:
        assert BENCH.checked(provider.url) == "The key works; -0.04 CNY and 14.59 USD left."
        assert provider.paths() == ["/user/balance"]


def test_a_check_of_an_empty_account_fails_in_words() -> None:
    empty = {"is_available": False, "balance_infos": [{"currency": "USD", "total_balance": "0.00"}]}
    with (
        serve(balance(told(empty))) as provider,
        pytest.raises(ListingBroken, match=r"not enough for calls: 0.00 USD"),
    ):
        BENCH.checked(provider.url)


def test_the_balance_is_found_from_a_versioned_address_too() -> None:
    versioned = Bench("deepseek", lambda path: answers(path.removeprefix("/v1")), path="/v1")
    with serve(versioned.answers) as provider:
        assert len(versioned.listing(provider.url).pools) == 2
        assert provider.paths() == ["/v1/models", "/user/balance"]


def test_a_server_without_a_balance_is_listed_all_the_same() -> None:
    with serve(balance(Reply(status=404))) as provider:
        listing = BENCH.listing(provider.url)
    assert (len(listing.offers), listing.pools, listing.problems) == (2, (), ())


def test_an_account_without_money_is_told_to_a_person() -> None:
    with serve(always(Reply(status=402))) as provider, pytest.raises(BadAnswer) as caught:
        BENCH.listing(provider.url)
    trouble = BENCH.connector().trouble(caught.value)
    assert (trouble.lasting, "no money left" in trouble.why) == (True, True)


@pytest.mark.parametrize("name", ["user_balance", "user_balance_two_currencies_negative"])
def test_captured_balances_read_as_they_say(name: str) -> None:
    path = SHARED / "deepseek" / f"{name}.json"
    if not path.exists():
        pytest.skip("not run: payloads absent")
    told_of = json.loads(path.read_text())
    listing = read(told_of)
    said = {each["currency"]: Decimal(each["total_balance"]) for each in told_of["balance_infos"]}
    assert {pool.unit: pool.maximum - pool.in_use for pool in listing.pools} == said
    assert listing.problems == ()
