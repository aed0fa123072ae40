"""A price counts from its moment on and never re-prices the past."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from catalog import actions, prices
from catalog.models import Offer, Price
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from tests import make

pytestmark = pytest.mark.django_db


def set_price(offer: Offer, amount: str = "2", *, starts_at: datetime | None = None, **more: Any) -> Price:
    at = clock.now()
    fields: dict[str, Any] = {"output_per_million": Decimal(8), "source": "contract 7", "actor": "test"}
    return actions.set_price(
        offer, input_per_million=Decimal(amount), starts_at=starts_at or at, at=at, **(fields | more)
    )


def in_force(offer: Offer, at: datetime) -> Price:
    return prices.in_force([offer.pk], at)[offer.pk]


def test_a_set_price_goes_before_a_told_one_from_its_start() -> None:
    offer = make.offer()
    price = set_price(offer)
    assert in_force(offer, price.starts_at - timedelta(seconds=1)).basis == "host"
    assert in_force(offer, price.starts_at).input_per_million == 2


def test_the_next_price_closes_the_one_before_and_leaves_its_amounts() -> None:
    offer = make.offer()
    first = set_price(offer, "2")
    second = set_price(offer, "3")
    first.refresh_from_db()
    assert (first.input_per_million, first.ends_at) == (2, second.starts_at)
    assert in_force(offer, first.starts_at).pk == first.pk


def test_a_price_may_start_later_but_never_earlier() -> None:
    offer, now = make.offer(), clock.now()
    with pytest.raises(Invalid, match="past"):
        set_price(offer, starts_at=now - timedelta(days=1))
    later = set_price(offer, starts_at=now + timedelta(days=1))
    assert in_force(offer, now + timedelta(hours=1)).basis == "host"
    assert in_force(offer, now + timedelta(days=2)).pk == later.pk


def test_a_price_cannot_slip_under_a_later_one() -> None:
    offer = make.offer()
    set_price(offer, starts_at=clock.now() + timedelta(days=1))
    with pytest.raises(Conflict):
        set_price(offer)


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity", "1000001"])
def test_an_absurd_price_is_refused(amount: str) -> None:
    offer = make.offer()
    with pytest.raises(Invalid):
        set_price(offer, amount)


@pytest.mark.parametrize("basis", ["host", "reference", "mine"])
def test_what_is_told_cannot_be_set(basis: str) -> None:
    with pytest.raises(Invalid):
        set_price(make.offer(), basis=basis)


def test_only_admins_set_prices() -> None:
    with pytest.raises(Forbidden):
        set_price(make.offer(), actor=make.person(roles=("ops", "finance")))


def test_an_unknown_price_is_absent_and_not_zero() -> None:
    offer = make.offer(priced=False)
    assert prices.in_force([offer.pk], clock.now()) == {}


def test_the_database_itself_refuses_two_prices_of_one_basis_at_once() -> None:
    offer = make.offer()
    with pytest.raises(IntegrityError), transaction.atomic():
        make.price(offer, "9", starts_at=clock.now())
